/**
 * WebSockets with and without permessage-deflate, cut anywhere, with secrets in one message or over
 * two: every message is stored, once, with nothing taken off it but the secrets.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { loadStateKey } from "../../../../daemon/state-key.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { LIVE, MARK, type Random, SHORT_RULE, withPlainMarks } from "./random-streams.ts";
import { configOf, fileAll, put, readTree, scene, spoolOf } from "./spooled.ts";
import { Sender } from "./ws-sender.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 20261201);
const COUNT = Math.ceil(Number(process.env.FUZZ_STREAMS ?? 400) / 4);
const [CLIENT, UPSTREAM] = [9, 10];
const RULES = { redact: { ...configOf(scene()).redact, rules: [SHORT_RULE] } };

function frame(text: string, masked: boolean, deflate: boolean, random: Random): Buffer {
  if (!deflate) return Sender.text(text, masked);
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  const payload = zlib.deflateRawSync(text, options).subarray(0, -4);
  const [first, last] = [0x41, 0x40];
  if (random() < 0.7) return Sender.frame({ opcode: first, fin: true, masked, payload });
  // In two fragments: only the first says that it is compressed.
  const at = Math.floor(random() * payload.length);
  return Buffer.concat([
    Sender.frame({ opcode: first, fin: false, masked, payload: payload.subarray(0, at) }),
    Sender.frame({ opcode: last & 0x0f, fin: true, masked, payload: payload.subarray(at) }),
  ]);
}

/** Messages of an answer as sent and as stored. */
function answer(random: Random): { sent: string; stored: string }[] {
  const event = (type: string, delta: string) =>
    JSON.stringify({ type: `response.${type}`, item_id: "i", delta });
  const messages: { sent: string; stored: string }[] = [];
  const say = (sent: string, stored: string, type = "output_text.delta") =>
    messages.push({ sent: event(type, sent), stored: event(type, stored) });
  for (let i = Math.floor(random() * 8); i >= 0; i--) {
    const secret = random() < 0.5 ? `Q${1000 + Math.floor(random() * 9000)}` : (LIVE[0] as string);
    const kind = random();
    if (kind < 0.4) say(`word ${i} `, `word ${i} `);
    else if (kind < 0.7) say(`see ${secret} .`, `see ${MARK} .`);
    else {
      const cut = 1 + Math.floor(random() * (secret.length - 1));
      say(`see ${secret.slice(0, cut)}`, `see ${MARK}`);
      say(`${secret.slice(cut)} .`, " .");
    }
  }
  say("", "", "completed");
  return messages;
}

for (const deflate of [false, true]) {
  test(`sockets ${deflate ? "with" : "without"} permessage-deflate keep every message but its secrets`, async () => {
    const random = seededRandom(SEED + Number(deflate));
    const at = scene();
    const spool = spoolOf(at);
    const sealed = loadStateKey(at.state).seal(LIVE);
    const expected = new Map<string, string[][]>();
    const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (let i = 0; i < COUNT; i++) {
      const head = ["Upgrade", "websocket"] as [string, string];
      const id = put(spool, {
        begin: { method: "GET", url: "/v1/responses", sealed },
        request: "",
        head: {
          status: 101,
          headers: deflate ? [head, ["Sec-WebSocket-Extensions", extension]] : [head],
        },
        response: [],
        end: null,
      });
      const number = Number(id.slice(-6));
      const turns: string[][] = [];
      let ms = 10;
      for (let turn = Math.floor(random() * 3); turn >= 0; turn--) {
        const create = JSON.stringify({ type: "response.create", model: "m", input: `${turn}` });
        spool.append(CLIENT, number, ms++, frame(create, true, deflate, random));
        const messages = answer(random);
        const wire = Buffer.concat(messages.map((m) => frame(m.sent, false, deflate, random)));
        for (let from = 0; from < wire.length; ) {
          const size = 1 + Math.floor(random() * 200);
          spool.append(UPSTREAM, number, ms++, wire.subarray(from, from + size));
          from += size;
        }
        turns.push(messages.map((m) => m.stored));
      }
      const end = { outcome: "complete", total_ms: ms, error: null, verbatim: true };
      spool.append(7, number, ms, JSON.stringify(end));
      expected.set(id, turns);
    }
    const { filer, said } = await fileAll(at, { config: configOf(at, RULES) });
    assert.deepEqual(said, []);
    const turns = [...expected.values()].flat();
    assert.equal(filer.stats().filed, turns.length);
    const stored = readTree(at).map((x) =>
      (x.chunks ?? []).map(([, bytes]) => withPlainMarks(bytes.toString())),
    );
    assert.deepEqual(stored, turns);
  });
}

test("a secret that begins in one message and ends in the next takes nothing else along", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const id = put(spool, {
    begin: { method: "GET", url: "/v1/responses" },
    request: "",
    head: { status: 101, headers: [["Upgrade", "websocket"]] },
    response: [],
    end: null,
  });
  const messages = ["first", "see BEGIN", "middle", "END of it", "data: last\n"];
  for (const [i, text] of messages.entries()) {
    spool.append(UPSTREAM, Number(id.slice(-6)), 10 + i, Sender.text(text, false));
  }
  spool.append(7, Number(id.slice(-6)), 20, JSON.stringify({ outcome: "complete", error: null }));
  const rules = [{ name: "span", pattern: "BEGIN[^]{1,60}?END" }];
  const redact = { ...configOf(at).redact, rules };
  await fileAll(at, { config: configOf(at, { redact }) });
  const [x] = readTree(at);
  const stored = (x?.chunks ?? []).map(([, bytes]) => withPlainMarks(bytes.toString()));
  assert.deepEqual(stored, ["first", `see ${MARK}`, "", " of it", "data: last\n"]);
});
