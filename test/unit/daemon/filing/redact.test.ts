/** The seam between filer and redaction, through the filer: what is in the tree afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadStateKey } from "../../../../daemon/state-key.ts";
import { awsEvent } from "../../record/dialects/aws-frame.ts";
import { configOf, fileAll, put, readTree, scene, spoolOf } from "./spooled.ts";

const KEY = "hush-4f9a1c77d2e84b06-quiet";
const AWS: [string, string][] = [["content-type", "application/vnd.amazon.eventstream"]];

/** Files one Bedrock stream; gives its chunks, all of its bytes as text, and the assembled message. */
async function fileStream(url: string, frames: readonly Buffer[]) {
  const at = scene();
  const spool = spoolOf(at);
  const sealed = loadStateKey(at.state).seal([KEY]);
  put(spool, {
    begin: { url, upstream: "bedrock", sealed },
    head: { headers: AWS },
    response: frames.map((frame, i) => [7 + i, frame]),
  });
  await fileAll(at);
  const [x] = readTree(at);
  const chunks = (x?.chunks ?? []).map(([, bytes]) => bytes);
  return { x, chunks, assembled: x?.assembled ?? "" };
}

test("a key that two Bedrock frames share is hidden, and every frame keeps its length", async () => {
  const delta = (text: string) =>
    awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text } });
  const frames = [
    awsEvent("messageStart", { role: "assistant" }),
    delta(`your key is ${KEY.slice(0, 13)}`),
    delta(`${KEY.slice(13)}, keep it`),
    awsEvent("messageStop", { stopReason: "end_turn" }),
  ];
  const { x, chunks, assembled } = await fileStream("/model/m/converse-stream", frames);
  assert.deepEqual(
    chunks.map((bytes) => bytes.length),
    frames.map((bytes) => bytes.length),
  );
  const all = Buffer.concat(chunks).toString("latin1");
  assert.ok(!all.includes(KEY.slice(0, 13)) && !all.includes(KEY.slice(13)));
  assert.ok(assembled.includes("your key is ") && assembled.includes(", keep it"));
  assert.ok(!assembled.includes(KEY.slice(0, 13)) && !assembled.includes(KEY.slice(13)));
  assert.ok((x?.line.redactions?.length ?? 0) > 0);
  assert.ok(x?.line.response?.body?.wire, "the wire's digest is kept");
});

test("a key inside the base64 of a Bedrock frame reaches neither chunks nor assembled message", async () => {
  const event = (payload: object) => {
    const bytes = Buffer.from(JSON.stringify(payload)).toString("base64");
    return awsEvent("chunk", { bytes });
  };
  const frames = [
    event({
      type: "message_start",
      message: { id: "m", type: "message", role: "assistant", content: [], usage: {} },
    }),
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    event({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: `your key is ${KEY}, keep it` },
    }),
    event({ type: "content_block_stop", index: 0 }),
    event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: {} }),
    event({ type: "message_stop" }),
  ];
  const url = "/model/anthropic.claude-sonnet-4-v1:0/invoke-with-response-stream";
  const { chunks, assembled } = await fileStream(url, frames);
  const all = Buffer.concat(chunks).toString("latin1");
  const inside = [...all.matchAll(/"bytes":"([^"]*)"/g)];
  assert.equal(inside.length, frames.length);
  const decoded = inside.map(([, base64]) =>
    Buffer.from(base64 ?? "", "base64").toString("latin1"),
  );
  assert.ok(!decoded.join("").includes(KEY));
  assert.ok(assembled.includes("your key is [redacted:live-credential"), assembled);
  assert.ok(assembled.includes(", keep it"), assembled);
  assert.equal(JSON.parse(assembled).stop_reason, "end_turn");
  assert.ok(!assembled.includes(KEY), assembled);
});

test("what a call costs depends on the upstream's address, which the client's path does not say", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const shape = {
    request: '{"model":"gpt-4o","messages":[]}',
    response: [
      [
        7,
        JSON.stringify({
          object: "chat.completion",
          model: "gpt-4o",
          choices: [
            { index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" },
          ],
          usage: { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 },
        }),
      ],
    ],
  } as const;
  put(spool, { ...shape, begin: { upstream: "known" } });
  put(spool, { ...shape, begin: { upstream: "own" } });
  const url = (hostname: string) => ({
    url: { protocol: "https:", hostname, port: 443, basePath: "" },
  });
  const upstreams = { known: url("api.openai.com"), own: url("models.example.net") };
  const config = configOf(at, { upstreams } as Parameters<typeof configOf>[1]);
  await fileAll(at, { config });
  const costs = readTree(at).map((x) => [x.line.upstream, x.line.llm?.cost_usd]);
  assert.equal(Object.fromEntries(costs).known, 2.5);
  assert.notEqual(Object.fromEntries(costs).own, 2.5);
});
