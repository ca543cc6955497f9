/**
 * A disk that refuses at random moments: whatever the filer was doing, it goes on by itself when the
 * fault ends, files everything once, sets nothing aside, and says what is wrong meanwhile.
 *
 *   FUZZ_FAULTS=2000 FUZZ_SEED=7 node --test test/unit/daemon/filing/faults.test.ts
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Filer } from "../../../../daemon/filing/filer.ts";
import { createRedaction, type Redact } from "../../../../daemon/filing/redact.ts";
import { FrameKind } from "../../../../daemon/frames.ts";
import type { SpoolWriter } from "../../../../daemon/spool/writer.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { configOf, filerOf, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 20261201);
const COUNT = Number(process.env.FUZZ_FAULTS ?? 40);

type Call = (...args: never[]) => unknown;
const CALLS = [
  "closeSync",
  "fdatasyncSync",
  "fstatSync",
  "fsyncSync",
  "ftruncateSync",
  "lstatSync",
  "mkdirSync",
  "openSync",
  "readSync",
  "readFileSync",
  "readdirSync",
  "renameSync",
  "rmSync",
  "writeFileSync",
  "writeSync",
] as const;

function refusal(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall });
}

/** Lets `decide` refuse calls of node:fs; a write may come out short before it is refused. */
function inject(t: TestContext, decide: (call: string) => string | null): void {
  for (const name of CALLS) {
    const real = (fs[name] as Call).bind(fs);
    t.mock.method(fs, name, (...args: never[]) => {
      // A descriptor is closed whatever close says.
      const code = name === "closeSync" ? null : decide(name);
      if (code === null) return real(...args);
      const bytes = args[1] as unknown;
      if (name === "writeSync" && Buffer.isBuffer(bytes) && args[4] === undefined) {
        const from = (args[2] as unknown as number) ?? 0;
        const half = (bytes.length - from) >> 1;
        if (half > 0 && code === "ENOSPC") {
          return (fs.writevSync as Call)(
            args[0] as never,
            [bytes.subarray(from, from + half)] as never,
          );
        }
      }
      throw refusal(code, name.replace("Sync", ""));
    });
  }
}

/** As filer-process.ts: what `run` throws ends the process, and the next one starts anew. */
class Restarted {
  readonly #make: () => Filer;
  #filer: Filer | null = null;
  restarts = 0;
  setAside = 0;

  constructor(make: () => Filer) {
    this.#make = make;
  }

  async run(): Promise<{ complete: boolean; degraded: string | null }> {
    try {
      this.#filer ??= this.#make();
      const complete = await this.#filer.run();
      return { complete, degraded: this.#filer.stats().degraded };
    } catch (error) {
      this.#count();
      this.#filer = null;
      this.restarts++;
      return { complete: false, degraded: (error as Error).message };
    }
  }

  close(): void {
    this.#count();
    this.#filer?.close();
  }

  #count(): void {
    const stats = this.#filer?.stats();
    this.setAside += (stats?.poisoned ?? 0) + (stats?.partial ?? 0) + (stats?.lost ?? 0);
  }
}

/** Retries come once a second; here the clock is what the test says. */
function clock(t: TestContext): { tick: () => void } {
  let ms = 0;
  const real = performance.now.bind(performance);
  t.mock.method(performance, "now", () => real() + ms);
  return {
    tick: () => {
      ms += 1100;
    },
  };
}

function filerAt(at: Scene, redact: Redact): Filer {
  const { spoolDir } = at;
  return new Filer({ config: configOf(at), spoolDir, understand, redaction: () => redact });
}

/** The rest of the answer and the end of an exchange that was left open. */
function end(spool: SpoolWriter, id: string): void {
  const number = Number(id.slice(-6));
  spool.append(FrameKind.responseData, number, 8, Buffer.from("}"));
  const frame = { outcome: "complete", error: null, total_ms: 9, verbatim: true };
  spool.append(FrameKind.end, number, 9, JSON.stringify(frame));
}

test(`${COUNT} spells of random faults: nothing lost, twice or set aside, and it goes on by itself`, async (t) => {
  const random = seededRandom(SEED);
  const redact = createRedaction(configOf(scene()));
  const { tick } = clock(t);
  let now: { calls: ReadonlySet<string>; code: string; share: number } | null = null;
  let refused = 0;
  inject(t, (call) => {
    if (now === null || !now.calls.has(call) || random() >= now.share) return null;
    refused++;
    return now.code;
  });
  const codes = ["EIO", "ENOSPC", "EMFILE", "ENOMEM", "EDQUOT"];
  for (let n = 0; n < COUNT; n++) {
    const at = scene();
    const spool = spoolOf(at, 20_000);
    const filer = new Restarted(() => filerAt(at, redact));
    const ids: string[] = [];
    const open: string[] = [];
    for (let spell = 0; spell < 3; spell++) {
      for (let i = 1 + Math.floor(random() * 20); i > 0; i--) {
        const day = random() < 0.3 ? "22" : "23";
        const content = "lorem ipsum ".repeat(1 + random() * 100);
        const request = JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
        ids.push(put(spool, { begin: { started: `2026-11-${day}T10:00:00.000Z` }, request }));
      }
      // Calls that stay open over others share segments with what is filed.
      for (const id of open.splice(0, Math.floor(random() * 3))) end(spool, id);
      for (let i = Math.floor(random() * 3); i > 0; i--) {
        const id = put(spool, { end: null, response: [[7, `{"part":"${"x".repeat(8000)}"`]] });
        ids.push(id);
        open.push(id);
      }
      const calls = new Set(CALLS.filter(() => random() < (spell === 0 ? 1 : 0.3)));
      const code = codes[Math.floor(random() * codes.length)] ?? "EIO";
      now = { calls, code, share: random() < 0.3 ? 1 : random() * 0.3 };
      for (let i = 0; i < 3; i++) {
        const before = refused;
        const { complete, degraded } = await filer.run();
        if (!complete && refused > before) assert.notEqual(degraded, null, "it says why");
        tick();
      }
      now = null;
    }
    for (const id of open.splice(0)) end(spool, id);
    let rounds = 1;
    let last = await filer.run();
    for (; !last.complete && rounds < 4; rounds++) {
      tick();
      last = await filer.run();
    }
    assert.ok(last.complete, `spell ${n}, seed ${SEED}: still ${last.degraded}`);
    assert.equal(last.degraded, null);
    filer.close();
    assert.equal(filer.setAside, 0, `spell ${n}, seed ${SEED}`);
    const seen = readTree(at);
    const idsSeen = seen.map((x) => x.line.id).toSorted();
    assert.deepEqual(idsSeen, ids.toSorted(), `spell ${n}, seed ${SEED}`);
    for (const { line, request, response } of seen) {
      assert.match(request?.toString() ?? "", /^\{"model":"m","messages":\[.*\]\}$/, line.id);
      assert.match(response?.toString() ?? "", /^\{.*\}$/, line.id);
    }
    fs.rmSync(at.root, { recursive: true });
  }
  assert.ok(refused > COUNT);
});

test("after an fdatasync that failed once nothing waits for the next call", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  let fail = false;
  inject(t, (call) => {
    if (!fail || call !== "fdatasyncSync") return null;
    fail = false;
    return "EIO";
  });
  const { filer, filed } = filerOf(at);
  put(spool);
  // More than one batch, so that there is something left to be read when the first sync fails.
  for (let i = 0; i < 100; i++) put(spool);
  fail = true;
  assert.equal(await filer.run(), false, "not done: there is more to read");
  assert.match(filer.stats().degraded ?? "", /EIO/);
  assert.equal(await filer.run(), true);
  assert.equal(filer.stats().degraded, null);
  assert.equal(filed.length, 101);
  filer.close();
});

test("what a failed fdatasync leaves unwritten is written again before it is confirmed", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  let fail = true;
  const calls: string[] = [];
  inject(t, (call) => {
    calls.push(call);
    return fail && call === "fdatasyncSync" ? "EIO" : null;
  });
  const { filer, filed } = filerOf(at);
  put(spool);
  assert.equal(await filer.run(), false);
  assert.equal(filed.length, 0);
  fail = false;
  calls.length = 0;
  assert.equal(await filer.run(), true);
  const again = calls.filter((call) => call === "writeSync" || call === "fdatasyncSync");
  assert.deepEqual(again.slice(0, 2), ["writeSync", "fdatasyncSync"]);
  assert.equal(filed.length, 1);
  filer.close();
  assert.equal(readTree(at).length, 1);
});

test("bytes that the disk dropped after a failed fdatasync are filed again, not confirmed", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  let fail = true;
  inject(t, (call) => (fail && call === "fdatasyncSync" ? "EIO" : null));
  const first = filerOf(at);
  const ids = [put(spool), put(spool)];
  assert.equal(await first.filer.run(), false);
  fail = false;
  const path = join(
    at.captures,
    fs
      .readdirSync(at.captures, { recursive: true })
      .find((n) => String(n).endsWith("23.jsonl")) as string,
  );
  const bytes = fs.readFileSync(path);
  bytes.fill(0, bytes.length - 300);
  fs.writeFileSync(path, bytes);
  await assert.rejects(first.filer.run(), /lost what was appended/);
  assert.equal(first.filed.length, 0);
  const second = filerOf(at);
  assert.equal(await second.filer.run(), true);
  second.filer.close();
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    ids,
  );
});

test("what the disk does not let go of the spool is said, and tried again without a call", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer } = filerOf(at);
  put(spool);
  assert.equal(await filer.run(), true);
  let refuse = true;
  inject(t, (call) => (refuse && call === "rmSync" ? "EIO" : null));
  spool.renew();
  assert.equal(await filer.run(), false, "there is something left to be done");
  assert.match(filer.stats().degraded ?? "", /filed stays in the spool: EIO/);
  refuse = false;
  assert.equal(await filer.run(), true);
  assert.equal(filer.stats().degraded, null);
  assert.equal(fs.readdirSync(at.spoolDir).length, 1);
  filer.close();
});

test("calls that a disk refuses for ever do not keep others from being tried again", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer, filed } = filerOf(at);
  const { tick } = clock(t);
  const folder = join(at.captures, "10-19 Coding agents");
  fs.mkdirSync(join(folder, "11 Cline", "11.11 OpenRouter"), { recursive: true });
  let refusesAll = true;
  inject(t, (call) => (refusesAll && call === "openSync" ? "EACCES" : null));
  const bad = Array.from({ length: 6 }, () => put(spool, { begin: { number: "11.11" } }));
  const good = put(spool);
  await filer.run();
  assert.equal(filer.stats().stalled, 7);
  // All is well again, but for one folder.
  refusesAll = false;
  t.mock.method(fs, "openSync", refusing(folder, fs.openSync));
  for (let i = 0; i < 4; i++) {
    tick();
    assert.equal(await filer.run(), false);
  }
  assert.deepEqual(
    filed.map(({ id }) => id),
    [good],
  );
  assert.equal(filer.stats().stalled, bad.length);
  filer.close();
});

function refusing<F extends Call>(folder: string, real: F): F {
  return ((...args: never[]) => {
    if (String(args[0]).startsWith(folder)) throw refusal("EACCES", "open");
    return real(...args);
  }) as F;
}
