import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { createRedaction } from "../../../../daemon/filing/redact.ts";
import { FrameKind } from "../../../../daemon/frames.ts";
import { listSegments } from "../../../../daemon/spool/reader.ts";
import { configOf, fileAll, filerOf, put, readTree, scene, spoolOf } from "./spooled.ts";

test("a finished exchange is filed in 00.01 with both bodies, its times and its outcome", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const id = put(spool, { request: '{"model":"m","messages":[{"role":"user","content":"hi"}]}' });
  const { filed } = await fileAll(at);
  const [x, ...others] = readTree(at);
  assert.equal(others.length, 0);
  assert.equal(x?.line.id, id);
  assert.equal(x?.number, "00.01");
  assert.equal(x?.request?.toString(), '{"model":"m","messages":[{"role":"user","content":"hi"}]}');
  assert.equal(x?.response?.toString(), '{"id":"r"}');
  assert.equal(x?.line.outcome, "complete");
  assert.equal(x?.line.llm?.api, "openai.chat");
  assert.equal(x?.line.timing.first_chunk_ms, 7);
  assert.equal(x?.line.timing.total_ms, 9);
  assert.equal(x?.line.verbatim, true);
  assert.equal(x?.line.request.body?.wire, undefined);
  assert.deepEqual(
    filed.map((n) => [n.id, n.number, n.status]),
    [[id, "00.01", 200]],
  );
  assert.equal(fs.statSync(x?.path ?? "").mode & 0o777, 0o600);
});

test("exchanges are filed in the order in which they ended, each in the file of its first day", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const days = ["2026-11-23T23:59:59.999Z", "2026-11-24T00:00:00.000Z", "2026-11-23T00:00:00.000Z"];
  const ids = days.map((started) => put(spool, { begin: { started } }));
  await fileAll(at);
  const seen = readTree(at).map((x) => [x.path.slice(-16), x.line.id]);
  assert.deepEqual(seen, [
    ["2026-11-23.jsonl", ids[0]],
    ["2026-11-23.jsonl", ids[2]],
    ["2026-11-24.jsonl", ids[1]],
  ]);
});

test("an exchange without an end is filed as interrupted once a later run has begun", async () => {
  const at = scene();
  const first = spoolOf(at);
  const id = put(first, {
    end: null,
    response: [
      [7, '{"id":'],
      [30, '"half'],
    ],
  });
  const before = filerOf(at);
  await before.filer.run();
  assert.equal(before.filed.length, 0, "it may still be running");
  before.filer.close();
  spoolOf(at);
  const { filed } = await fileAll(at);
  assert.deepEqual(
    filed.map((n) => n.outcome),
    ["interrupted"],
  );
  const [x] = readTree(at);
  assert.equal(x?.line.id, id);
  assert.equal(x?.line.error?.code, "interrupted");
  assert.equal(x?.response?.toString(), '{"id":"half');
  assert.equal(x?.line.timing.total_ms, 30);
});

test("an exchange whose frames the disk refused in part is filed as far as it was recorded", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const id = put(spool, { end: null });
  spool.append(0, Number(id.slice(-6)), 8, "");
  spool.append(
    7,
    Number(id.slice(-6)),
    9,
    JSON.stringify({ outcome: "complete", error: null, total_ms: 9, verbatim: true }),
  );
  await fileAll(at);
  const [x] = readTree(at);
  assert.equal(x?.line.outcome, "complete");
  assert.equal(x?.line.error?.code, "record-incomplete");
});

test("a stream is stored chunk by chunk with its times and the message that it adds up to", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const event = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const response: [number, string][] = [
    [10, ": keep-alive\n\n"],
    [20, event({ role: "assistant", content: "Hel" })],
    [50, event({ content: "lo" })],
    [60, `${event({}, "stop")}data: [DONE]\n\n`],
  ];
  put(spool, {
    request: '{"model":"m","stream":true,"messages":[]}',
    head: { headers: [["Content-Type", "text/event-stream; charset=utf-8"]] },
    response,
  });
  await fileAll(at);
  const [x] = readTree(at);
  assert.deepEqual(
    x?.chunks?.map(([ms, bytes]) => [ms, bytes.toString()]),
    response,
  );
  assert.match(x?.assembled ?? "", /"content":"Hello"/);
  assert.equal(x?.line.llm?.stream, true);
  const { first_chunk_ms, first_token_ms, last_chunk_ms, chunks, gap_p50_ms, gap_max_ms } =
    x?.line.timing ?? {};
  assert.deepEqual(
    { first_chunk_ms, first_token_ms, last_chunk_ms, chunks, gap_p50_ms, gap_max_ms },
    {
      first_chunk_ms: 10,
      first_token_ms: 20,
      last_chunk_ms: 60,
      chunks: 4,
      gap_p50_ms: 10,
      gap_max_ms: 30,
    },
  );
});

test("a compressed stream is stored decoded, each chunk at the time at which it could be read", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const gzip = zlib.createGzip();
  const wire: Buffer[] = [];
  gzip.on("data", (piece) => wire.push(piece));
  const response: [number, Buffer][] = [];
  for (const [ms, text] of [
    [10, "data: 1\n\n"],
    [20, "data: 2\n\n"],
  ] as const) {
    gzip.write(text);
    await new Promise<void>((done) => gzip.flush(zlib.constants.Z_SYNC_FLUSH, done));
    response.push([ms, Buffer.concat(wire.splice(0))]);
  }
  await new Promise<void>((done) => {
    gzip.on("end", done);
    gzip.end();
  });
  response.push([30, Buffer.concat(wire.splice(0))]);
  const headers: [string, string][] = [
    ["content-type", "text/event-stream"],
    ["content-encoding", "gzip"],
  ];
  put(spool, { head: { headers }, response });
  await fileAll(at);
  const [x] = readTree(at);
  assert.deepEqual(
    x?.chunks?.map(([ms, b]) => [ms, b.toString()]),
    [
      [10, "data: 1\n\n"],
      [20, "data: 2\n\n"],
    ],
  );
  const body = x?.line.response?.body;
  assert.equal(body?.encoding, "gzip");
  assert.equal(
    body?.wire?.bytes,
    response.reduce((sum, [, b]) => sum + b.length, 0),
  );
});

test("killed between append and confirmation, nothing is filed twice and nothing is lost", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const ids = [put(spool), put(spool), put(spool)];
  await fileAll(at);
  // The filer was killed before its last confirmation was written.
  const log = join(at.state, "filer", "log.jsonl");
  const lines = fs.readFileSync(log, "utf8").split("\n");
  for (let keep = 0; keep <= lines.length; keep++) {
    fs.writeFileSync(log, lines.slice(0, keep).join("\n"));
    await fileAll(at);
    assert.deepEqual(
      readTree(at).map((x) => x.line.id),
      ids,
      `${keep} lines kept`,
    );
  }
  fs.rmSync(join(at.state, "filer"), { recursive: true });
  await fileAll(at);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    ids,
    "without any checkpoint",
  );
});

test("the tree's file cut at every byte of its last exchange: whole again after the next start", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const ids = [
    put(spool, { request: '{"a":["first"]}' }),
    put(spool, { request: '{"a":["second"]}' }),
  ];
  const log = join(at.state, "filer", "log.jsonl");
  await fileAll(at);
  const { path } = readTree(at)[0] ?? { path: "" };
  const whole = fs.readFileSync(path);
  const first = whole.indexOf('"type":"exchange"');
  const start = whole.indexOf("\n", first) + 1;
  const redact = createRedaction(configOf(at));
  assert.ok(start > 0 && start < whole.length - 100);
  // As a killed filer leaves it: both were tried, neither is confirmed.
  const tries = ids.map((id) =>
    JSON.stringify({ try: `${spool.run}:${Number(id.slice(-6))}`, id, file: path }),
  );
  // Every byte where something changes, every third in the long middle (`test/e2e/crash.ts`: all).
  const edge = (cut: number) => cut < start + 20 || cut > whole.length - 20;
  for (let cut = start; cut <= whole.length; cut += edge(cut + 3) ? 1 : 3) {
    fs.writeFileSync(path, whole.subarray(0, cut));
    fs.writeFileSync(log, `${tries.join("\n")}\n`);
    const { said } = await fileAll(at, { redaction: () => redact });
    assert.deepEqual(
      readTree(at).map((x) => x.line.id),
      ids,
      `cut at ${cut}`,
    );
    const torn = cut > start && whole[cut - 1] !== 0x0a && whole[cut] !== 0x0a;
    assert.equal(
      said.some((message) => message.includes("torn bytes")),
      torn,
      `cut at ${cut}`,
    );
  }
});

test("the spool's last frame cut at every byte: filed as ended or as interrupted, never both", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const ids = [put(spool), put(spool)];
  await spool.close();
  const segment = join(at.spoolDir, "000000000001.seg");
  const whole = fs.readFileSync(segment);
  const endBytes =
    24 +
    JSON.stringify({
      outcome: "complete",
      error: null,
      connect_ms: 1,
      request_sent_ms: 2,
      headers_ms: 5,
      total_ms: 9,
      verbatim: true,
    }).length;
  for (let cut = whole.length - endBytes; cut <= whole.length; cut++) {
    fs.rmSync(at.root, { recursive: true });
    fs.mkdirSync(at.spoolDir, { recursive: true });
    fs.writeFileSync(segment, whole.subarray(0, cut));
    await spoolOf(at).close();
    await fileAll(at);
    const expected = cut === whole.length ? "complete" : "interrupted";
    assert.deepEqual(
      readTree(at).map((x) => [x.line.id, x.line.outcome]),
      [
        [ids[0], "complete"],
        [ids[1], expected],
      ],
    );
  }
});

test("segments are removed once everything in them is filed, and no sooner", async () => {
  const at = scene();
  const spool = spoolOf(at, 2000);
  const open = put(spool, { end: null });
  for (let i = 0; i < 20; i++) put(spool);
  assert.ok(listSegments(at.spoolDir).length > 5);
  const { filer } = filerOf(at);
  await filer.run();
  assert.equal(listSegments(at.spoolDir)[0], 1, "an open exchange still needs it");
  spool.append(
    7,
    Number(open.slice(-6)),
    9,
    '{"outcome":"complete","error":null,"total_ms":1,"verbatim":true}',
  );
  await filer.run();
  filer.close();
  assert.equal(listSegments(at.spoolDir).length, 1);
  assert.equal(readTree(at).length, 21);
});

test("an exchange that stays open keeps its own segments and no others, also over restarts", async () => {
  const at = scene();
  const spool = spoolOf(at, 2000);
  const number = (id: string) => Number(id.slice(-6));
  const end = JSON.stringify({ outcome: "complete", error: null, total_ms: 1, verbatim: true });
  const held = put(spool, { response: [[7, '{"id":']], end: null });
  let turns = 0;
  // Half of them with the same filer, half with a new one each time.
  let { filer } = filerOf(at);
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 20; i++, turns++) put(spool);
    // One that begins in a segment which stays, and ends in one which goes.
    const across = put(spool, { end: null });
    if (round === 4) spool.append(FrameKind.responseData, number(held), 50, Buffer.from('"r",'));
    for (let i = 0; i < 20; i++, turns++) put(spool);
    spool.append(FrameKind.end, number(across), 9, end);
    turns++;
    assert.equal(await filer.run(), true);
    assert.ok(listSegments(at.spoolDir).length <= 6, String(listSegments(at.spoolDir)));
    assert.equal(filer.stats().open, 1);
    if (round % 2 === 0) continue;
    filer.close();
    ({ filer } = filerOf(at));
  }
  spool.append(FrameKind.responseData, number(held), 60, Buffer.from('"b":2}'));
  spool.append(FrameKind.end, number(held), 61, end);
  assert.equal(await filer.run(), true);
  filer.close();
  const seen = readTree(at);
  assert.equal(seen.length, turns + 1);
  assert.equal(new Set(seen.map(({ line }) => line.id)).size, turns + 1);
  assert.equal(seen.at(-1)?.line.id, held);
  assert.equal(seen.at(-1)?.response?.toString(), '{"id":"r","b":2}');
  assert.ok(seen.every(({ line }) => line.outcome === "complete"));
  assert.equal(listSegments(at.spoolDir).length, 1);
});

test("what one exchange does to the reader of its meaning costs the meaning, not the record", async () => {
  const at = scene();
  put(spoolOf(at));
  await fileAll(at, {
    understand: () => {
      throw new Error("hostile");
    },
  });
  assert.equal(readTree(at)[0]?.line.llm, null);
});

test("credentials of the request do not reach the tree, wherever they show up", async () => {
  const at = scene();
  const { loadStateKey } = await import("../../../../daemon/state-key.ts");
  const secret = "my-very-own-key-0123456789";
  const sealed = loadStateKey(at.state).seal([secret]);
  put(spoolOf(at), {
    begin: { sealed },
    request: JSON.stringify({ messages: [{ role: "user", content: `it is ${secret}` }] }),
    response: [[7, `{"error":"bad key ${secret}"}`]],
  });
  await fileAll(at);
  const [x] = readTree(at);
  assert.ok(!fs.readFileSync(x?.path ?? "").includes(secret));
  assert.ok((x?.line.redactions.length ?? 0) >= 2);
  assert.ok(x?.line.request.body?.wire);
});

test("a secret in a truncated compressed body does not reach the tree either", async () => {
  const at = scene();
  const { loadStateKey } = await import("../../../../daemon/state-key.ts");
  const secret = "my-very-own-key-0123456789";
  const sealed = loadStateKey(at.state).seal([secret]);
  const text = `{"key":"${secret}","more":"${"words and words ".repeat(200)}"}`;
  const headers: [string, string][] = [["content-encoding", "gzip"]];
  const spool = spoolOf(at);
  const put1 = (body: string) =>
    put(spool, {
      begin: { sealed },
      head: { headers },
      response: [[7, zlib.gzipSync(body).subarray(0, -6)]],
    });
  put1(text);
  put1("nothing to hide ".repeat(100));
  await fileAll(at);
  const [hiding, plain] = readTree(at);
  assert.match(hiding?.response?.toString() ?? "", /^\{"key":"\[redacted/);
  assert.equal(typeof hiding?.line.response?.body?.decode_error, "string");
  assert.equal(hiding?.line.response?.body?.wire?.bytes, zlib.gzipSync(text).length - 6);
  assert.ok(plain?.response?.equals(zlib.gzipSync("nothing to hide ".repeat(100)).subarray(0, -6)));
});
