/**
 * What is filed leaves the spool, whatever it shares its segments with, and killing the filer at any
 * step of that loses nothing and files nothing twice. Random calls, streams that stay open, segment
 * ends, filer deaths (between rounds, and at the renaming and the removals of a rewriting).
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FrameKind } from "../../../../daemon/frames.ts";
import { listSegments } from "../../../../daemon/spool/reader.ts";
import type { SpoolWriter } from "../../../../daemon/spool/writer.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { filerOf, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";

interface Open {
  readonly id: string;
  readonly number: number;
  body: string;
}

const END = JSON.stringify({
  outcome: "complete",
  error: null,
  connect_ms: 1,
  request_sent_ms: 2,
  headers_ms: 5,
  total_ms: 9,
  verbatim: true,
});

function write(spool: SpoolWriter, open: Open, text: string): void {
  open.body += text;
  spool.append(FrameKind.responseData, open.number, 20, Buffer.from(text));
}

function begin(spool: SpoolWriter, text: string): Open {
  const id = put(spool, { response: [[7, text]], end: null });
  return { id, number: Number(id.slice(-6)), body: text };
}

function spooled({ spoolDir }: Scene): string {
  return fs
    .readdirSync(spoolDir)
    .map((name) => fs.readFileSync(join(spoolDir, name), "latin1"))
    .join("\n");
}

/** Throws at one of the next calls of these, as if the process had died there. */
function dieAt(t: TestContext, random: () => number): () => void {
  let left = Math.floor(random() * 6);
  const die = () => {
    if (left-- === 0) throw new Error("died");
  };
  const { renameSync, rmSync } = fs;
  const rename = t.mock.method(fs, "renameSync", (from: string, to: string) => {
    if (from.includes(".seg")) die();
    renameSync(from, to);
  });
  const remove = t.mock.method(fs, "rmSync", (path: string, options: fs.RmOptions) => {
    if (path.endsWith(".seg")) die();
    rmSync(path, options);
  });
  return () => {
    rename.mock.restore();
    remove.mock.restore();
  };
}

for (let seed = 1; seed <= 12; seed++) {
  test(`filed calls leave the spool and open ones stay whole, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const at = scene();
    const spool = spoolOf(at, 2_000 + Math.floor(random() * 60_000));
    const open: Open[] = [];
    const ended = new Map<string, string>();
    let filer = filerOf(at);
    for (let step = 0; step < 120; step++) {
      const what = random();
      const marker = `mark${seed}.${step}.${"x".repeat(Math.floor(random() ** 3 * 20_000))}`;
      if (what < 0.15) open.push(begin(spool, marker));
      else if (what < 0.4) for (const x of open) write(spool, x, marker);
      else if (what < 0.6) {
        ended.set(put(spool, { request: "", response: [[7, marker]] }), marker);
      } else if (what < 0.7) {
        const [x] = open.splice(Math.floor(random() * open.length), 1);
        if (x === undefined) continue;
        spool.append(FrameKind.end, x.number, 30, END);
        ended.set(x.id, x.body);
      } else if (what < 0.85) spool.renew();
      else if (what < 0.95) await filer.filer.run();
      else {
        const restore = dieAt(t, random);
        await filer.filer.run();
        restore();
        // Not closed: what it would have done at its end does not happen.
        filer = filerOf(at);
      }
    }
    // A round files, the next finds the segment ended, and one without news rewrites.
    await filer.filer.run();
    spool.renew();
    await filer.filer.run();
    await filer.filer.run();
    const left = spooled(at);
    for (const body of ended.values()) {
      const alone = !open.some((x) => x.body.includes(body));
      if (alone && body.length > 0) assert.ok(!left.includes(body), body.slice(0, 40));
    }
    assert.ok(listSegments(at.spoolDir).length <= 8 + left.length / 60_000, "few segments");
    for (const x of open) {
      spool.append(FrameKind.end, x.number, 30, END);
      ended.set(x.id, x.body);
    }
    await filer.filer.run();
    spool.renew();
    await filer.filer.run();
    assert.equal(listSegments(at.spoolDir).length, 1);
    assert.ok(!spooled(at).includes("mark"));
    const filed = readTree(at);
    assert.equal(filed.length, ended.size);
    for (const { line, response } of filed) {
      assert.equal(response?.toString(), ended.get(line.id));
      assert.equal(line.outcome, "complete");
    }
    filer.filer.close();
  });
}

test("a filer that is stopped before it is done leaves in the closed spool only what is not filed", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const [first] = [put(spool, { response: [[7, "mark one"]] })];
  let may = true;
  const one = filerOf(at, {
    mayGoOn: () => may,
    onFiled: () => {
      may = false;
    },
  });
  await one.filer.run();
  put(spool, { response: [[7, "mark two"]] });
  await spool.close();
  one.filer.close(true);
  assert.doesNotMatch(spooled(at), /mark one/);
  assert.match(spooled(at), /mark two/);
  spoolOf(at);
  const next = filerOf(at);
  await next.filer.run();
  next.filer.close();
  const filed = readTree(at);
  assert.deepEqual(
    filed.map(({ response }) => response?.toString()),
    ["mark one", "mark two"],
  );
  assert.equal(filed[0]?.line.id, first);
  assert.doesNotMatch(spooled(at), /mark/);
});
