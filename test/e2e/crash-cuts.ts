/**
 * Power cuts, byte by byte: takes the spool that a killed daemon left, cuts it at the bytes of its
 * last frame, and files it; then cuts the capture file at the bytes of its last line, as an append
 * that got no further, and files the spool again.
 *
 * A cut may only cost what was cut: every other exchange is filed once and with the same bytes, the
 * one that was hit with a beginning of them, `verify` is clean, no line is torn.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../daemon/config/load.ts";
import { Filer } from "../../daemon/filing/filer.ts";
import type { FilerConfig } from "../../daemon/filing/filer-options.ts";
import { createRedaction, type Redact } from "../../daemon/filing/redact.ts";
import { listSegments, SpoolReader } from "../../daemon/spool/reader.ts";
import { segmentName } from "../../daemon/spool/segment.ts";
import { openSpool } from "../../daemon/spool/writer.ts";
import { understand } from "../../record/dialects/understand.ts";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";

interface Scene {
  readonly first: string;
  readonly state: string;
  readonly captures: string;
  readonly config: FilerConfig;
  readonly redact: Redact;
}

/** One exchange of a tree, with what a cut must not change. */
interface Filed {
  readonly outcome: string;
  readonly request: Buffer;
  readonly response: Buffer;
}

/**
 * `root` holds `first`, the state directory as the first kill left it. Gives the number of cuts;
 * throws with the first difference.
 */
export async function cutEverywhere(root: string, file: string, step: number): Promise<number> {
  const [state, captures] = [join(root, "cut", "state"), join(root, "cut", "captures")];
  const config = { ...loadConfig({ file, env: {}, cwd: root }), state, captures };
  const first = join(root, "first");
  const redact = createRedaction({ ...config, state: first });
  const scene = { first, state, captures, config, redact };
  fs.rmSync(join(first, "filer"), { recursive: true, force: true });
  return (await cutSpool(scene, step)) + (await cutTree(scene, step));
}

async function cutSpool(scene: Scene, step: number): Promise<number> {
  const spool = join(scene.first, "spool");
  const last = lastFrame(spool);
  const whole = await fileAnew(scene, () => {});
  let cuts = 0;
  for (let cut = last.from; cut < last.to; cut += step, cuts++) {
    const filed = await fileAnew(scene, () => {
      fs.truncateSync(join(scene.state, "spool", segmentName(last.segment)), cut);
    });
    for (const [id, x] of whole) {
      const left = filed.get(id);
      if (id !== last.id) assertSame(left, x, `${id} with the spool cut at ${cut}`);
      else if (left !== undefined) {
        assert.equal(left.outcome, "interrupted");
        assert.ok(x.request.subarray(0, left.request.length).equals(left.request));
        assert.ok(x.response.subarray(0, left.response.length).equals(left.response));
      } else assert.ok(last.isFirst, `${id} is lost with the spool cut at ${cut}`);
    }
    assert.ok(filed.size <= whole.size);
  }
  return cuts;
}

async function cutTree(scene: Scene, step: number): Promise<number> {
  // Without a next run: the spool must still be there when the append is to be made up for.
  const whole = await fileAnew(scene, null);
  const path = [...openTree(scene.captures).files()][0]?.path ?? "";
  const bytes = fs.readFileSync(path);
  const log = join(scene.state, "filer", "log.jsonl");
  const attempts = fs.readFileSync(log, "utf8");
  const start = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  const id = JSON.parse(bytes.toString("utf8", start)).id;
  let cuts = 0;
  for (let cut = start; cut < bytes.length; cut += step, cuts++) {
    fs.writeFileSync(path, bytes.subarray(0, cut));
    fs.writeFileSync(log, unconfirmed(attempts, id));
    await file(scene);
    const filed = readAll(scene.captures);
    assert.deepEqual([...filed.keys()], [...whole.keys()], `the file cut at ${cut}`);
    for (const [id, x] of whole) assertSame(filed.get(id), x, `${id}, the file cut at ${cut}`);
  }
  return cuts;
}

/** The checkpoint as it was before this exchange was confirmed, with its attempt at the end. */
function unconfirmed(log: string, id: string): string {
  const entries = log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const attempt = entries.find((entry) => entry.id === id);
  assert.ok(attempt, "the last exchange was tried");
  const lines = entries.map((entry) => {
    if (entry.done === undefined) return entry;
    const done = entry.done.filter(([key]: [string]) => key !== attempt.try);
    // What began there is still in the spool, so it is read again.
    return { done, from: [1, 0] };
  });
  return lines.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

function assertSame(left: Filed | undefined, x: Filed, what: string): void {
  assert.ok(left, `${what}: lost`);
  assert.equal(left.outcome, x.outcome, what);
  // By hand: the report of a deep difference between large buffers takes all memory there is.
  assert.ok(left.request.equals(x.request), `${what}: another request`);
  assert.ok(left.response.equals(x.response), `${what}: another response`);
}

/**
 * Files the spool of the first kill into an empty tree: changed by `damage` and with a next run
 * behind it, or, where that is null, as it is.
 */
async function fileAnew(scene: Scene, damage: (() => void) | null): Promise<Map<string, Filed>> {
  fs.rmSync(scene.captures, { recursive: true, force: true });
  fs.rmSync(scene.state, { recursive: true, force: true });
  fs.cpSync(scene.first, scene.state, { recursive: true });
  if (damage !== null) {
    damage();
    // Only by a next run is it certain that the one before is over.
    await openSpool(join(scene.state, "spool"), { durability: "os", limitBytes: 1e12 }).close();
  }
  await file(scene);
  return readAll(scene.captures);
}

async function file({ config, state, redact }: Scene): Promise<void> {
  const spoolDir = join(state, "spool");
  const filer = new Filer({ config, spoolDir, understand, redaction: () => redact });
  assert.equal(await filer.run(), true);
  const { partial, poisoned, lost } = filer.stats();
  assert.deepEqual({ partial, poisoned, lost }, { partial: 0, poisoned: 0, lost: 0 });
  filer.close();
}

function readAll(captures: string): Map<string, Filed> {
  const all = new Map<string, Filed>();
  const tree = openTree(captures);
  for (const { path } of tree.files()) {
    assert.deepEqual(verifyFile(path), []);
    assert.equal(fs.readFileSync(path).at(-1), 10, "no torn line is left");
    using day = tree.openDay(path);
    for (const x of day.exchanges()) {
      assert.ok(!all.has(x.id), `${x.id} is filed twice`);
      all.set(x.id, {
        outcome: x.outcome,
        request: day.requestBody(x) ?? Buffer.alloc(0),
        response: day.responseBody(x) ?? Buffer.alloc(0),
      });
    }
  }
  return all;
}

interface LastFrame {
  readonly segment: number;
  readonly from: number;
  readonly to: number;
  /** The exchange that it belongs to, and whether nothing of that stands before it. */
  readonly id: string;
  readonly isFirst: boolean;
}

function lastFrame(spool: string): LastFrame {
  assert.ok(listSegments(spool).length > 0);
  const reader = new SpoolReader(spool);
  const ids = new Map<number, string>();
  let last: LastFrame | null = null;
  for (let frame = reader.next(); frame !== null; frame = reader.next()) {
    const { exchange, segment, start: from, offset, payload } = frame;
    const isFirst = !ids.has(exchange);
    if (isFirst) ids.set(exchange, JSON.parse(payload.toString()).id);
    const id = ids.get(exchange) ?? "";
    last = { segment, from, to: offset + payload.length, id, isFirst };
  }
  reader.close();
  assert.ok(last, "the first kill left something");
  return last;
}
