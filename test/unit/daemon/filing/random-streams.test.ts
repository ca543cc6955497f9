/**
 * Whatever a gateway does to a stream, and whatever redaction makes of it: it is filed, joins back,
 * and names the digest of what crossed the wire.
 *
 * Once, every compressed stream whose first chunk decoded to more than the whole wire body, and
 * every stream that a mark made longer near its end, was set aside instead of filed.
 *
 *   FUZZ_STREAMS=20000 FUZZ_SEED=7 node --test test/unit/daemon/filing/random-streams.test.ts
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import fs from "node:fs";
import { test } from "node:test";
import zlib from "node:zlib";
import { loadStateKey } from "../../../../daemon/state-key.ts";
import { seededRandom } from "../../../seeded-random.ts";
import {
  CODINGS,
  LIVE,
  LONG_RULE,
  MARK,
  type RandomStream,
  randomStream,
  SHORT_RULE,
  withPlainMarks,
} from "./random-streams.ts";
import {
  configOf,
  fileAll,
  put,
  readTree,
  type Scene,
  type Seen,
  scene,
  spoolOf,
} from "./spooled.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 20261201);
const COUNT = Number(process.env.FUZZ_STREAMS ?? 400);
/** Streams that are filed together. */
const BATCH = 200;

const RULES = { redact: { ...configOf(scene()).redact, rules: [SHORT_RULE, LONG_RULE] } };
const EVENTS: [string, string] = ["content-type", "text/event-stream"];
const sha256 = (bytes: Buffer) => hash("sha256", bytes, "hex");

function headers(encoding: string | null): [string, string][] {
  return encoding === null ? [EVENTS] : [EVENTS, ["content-encoding", encoding]];
}

async function filed(at: Scene): Promise<Map<string, Seen>> {
  const { filer, said } = await fileAll(at, { config: configOf(at, RULES) });
  const { partial, poisoned, lost } = filer.stats();
  assert.deepEqual(
    { partial, poisoned, lost, said },
    { partial: 0, poisoned: 0, lost: 0, said: [] },
  );
  return new Map(readTree(at).map((x) => [x.line.id, x]));
}

function check(stream: RandomStream, x: Seen | undefined): void {
  assert.ok(x, "it is filed");
  const body = x.line.response?.body;
  assert.equal(withPlainMarks(x.response?.toString() ?? ""), stream.stored);
  assert.equal(body?.decode_error, undefined);
  assert.equal(body?.encoding ?? null, stream.encoding);
  const isSame = stream.coding === "identity" && stream.secrets === 0;
  // Without `wire` the body's own digest speaks for the wire's bytes.
  assert.equal((body?.wire ?? body)?.sha256, sha256(stream.wire));
  assert.equal((body?.wire ?? body)?.bytes, stream.wire.length);
  assert.equal(body?.wire === undefined, isSame);
  assert.equal(
    x.line.redactions?.reduce((sum, { count }) => sum + count, 0),
    stream.secrets,
  );
  const chunks = x.chunks ?? [];
  assert.ok(chunks.length > 0 && chunks.length <= stream.chunks.length);
  if (isSame) {
    assert.deepEqual(
      chunks.map(([ms, bytes]) => [ms, bytes.toString("latin1")]),
      stream.chunks.map(([ms, bytes]) => [ms, bytes.toString("latin1")]),
    );
  }
  const times = new Set(stream.chunks.map(([ms]) => ms));
  for (const [ms] of chunks) assert.ok(times.has(ms));
  assert.equal(x.line.timing.chunks, stream.chunks.length);
}

for (const coding of CODINGS) {
  test(`${coding}: random streams are filed, joined, verified and named by the wire's digest`, async () => {
    const random = seededRandom(SEED + CODINGS.indexOf(coding));
    for (let left = Math.ceil(COUNT / CODINGS.length); left > 0; left -= BATCH) {
      const at = scene();
      const spool = spoolOf(at);
      const sealed = loadStateKey(at.state).seal(LIVE);
      const sent = new Map<string, RandomStream>();
      for (let i = 0; i < Math.min(left, BATCH); i++) {
        const stream = await randomStream(random, coding);
        const head = { headers: headers(stream.encoding) };
        sent.set(put(spool, { begin: { sealed }, head, response: stream.chunks }), stream);
      }
      const seen = await filed(at);
      assert.equal(seen.size, sent.size);
      let n = 0;
      for (const [id, stream] of sent) {
        try {
          check(stream, seen.get(id));
        } catch (error) {
          throw new Error(`stream ${n} of ${coding}, seed ${SEED}`, { cause: error });
        }
        n++;
      }
      fs.rmSync(at.root, { recursive: true });
    }
  });
}

/** Cut short, a byte changed, or something behind its end. */
function damaged(wire: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * wire.length);
  const kind = random();
  if (kind < 0.4) return wire.subarray(0, Math.max(1, at));
  if (kind < 0.8) {
    const copy = Buffer.from(wire);
    copy[at] = (copy[at] ?? 0) ^ (1 + Math.floor(random() * 255));
    return copy;
  }
  return Buffer.concat([wire, Buffer.from(random() < 0.5 ? "\0\0\0" : "<!-- gateway -->")]);
}

test("damaged and truncated compressed streams are filed, and no secret can be read in them", async () => {
  const random = seededRandom(SEED - 1);
  const at = scene();
  const spool = spoolOf(at);
  const sealed = loadStateKey(at.state).seal(LIVE);
  const sent = new Map<string, { wire: Buffer; chunks: number }>();
  for (let i = 0; i < Math.min(COUNT, 4 * BATCH); i++) {
    const coding = CODINGS[1 + (i % (CODINGS.length - 1))] ?? "gzip";
    const stream = await randomStream(random, coding);
    const wire = damaged(stream.wire, random);
    const step = 1 + Math.floor(random() * 300);
    const response: [number, Buffer][] = [];
    for (let from = 0; from < wire.length; from += step)
      response.push([7, wire.subarray(from, from + step)]);
    const head = { headers: headers(stream.encoding) };
    sent.set(put(spool, { begin: { sealed }, head, response }), { wire, chunks: response.length });
  }
  const seen = await filed(at);
  assert.equal(seen.size, sent.size);
  let kept = 0;
  for (const [id, { wire }] of sent) {
    const x = seen.get(id);
    const body = x?.line.response?.body;
    assert.equal((body?.wire ?? body)?.sha256, sha256(wire));
    const stored = x?.response ?? Buffer.alloc(0);
    if (body?.decode_error !== undefined && stored.equals(wire)) {
      kept++;
      for (const text of readings(wire, body.encoding ?? "")) {
        for (const secret of LIVE) assert.ok(!text.includes(secret), `${id} hides ${secret}`);
      }
    } else for (const secret of LIVE) assert.ok(!stored.includes(secret));
  }
  assert.ok(kept > 0, "some were stored as they came");
});

/** What lenient tools make of damaged bytes. */
function readings(wire: Buffer, encoding: string): string[] {
  if (encoding !== "gzip" && encoding !== "deflate") return [];
  try {
    return [zlib.unzipSync(wire, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString()];
  } catch {
    return [];
  }
}

test("the marks are what the oracle takes them for", () => {
  assert.equal(withPlainMarks("a [redacted:live-credential fp:0a1b2c3d] b"), `a ${MARK} b`);
});
