import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Redact } from "../../../../daemon/filing/redact.ts";
import { createRedaction } from "../../../../daemon/filing/redact.ts";
import { LIMITS } from "../../../../record/limits.ts";
import {
  configOf,
  fileAll,
  filerOf,
  put,
  readTree,
  type Scene,
  scene,
  spoolOf,
} from "./spooled.ts";

const INBOX = "00-09 System/00 System management/00.01 Inbox for the system";
const FILE = "2026-11-23.jsonl";

function history(turns: number): string {
  const messages = Array.from({ length: turns }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: `turn ${i} ${"long enough to be a part of its own. ".repeat(10)}`,
  }));
  return JSON.stringify({ model: "m", messages });
}

/** One filer over several rounds; its parts table lives as long as it does. */
function session(at: Scene) {
  const redact = createRedaction(configOf(at));
  const spool = spoolOf(at);
  const running = filerOf(at, { redaction: () => redact });
  return {
    ...running,
    spool,
    async file(turns: number): Promise<string> {
      const id = put(spool, { request: history(turns) });
      assert.equal(await running.filer.run(), true);
      return id;
    },
    path: join(at.captures, INBOX, FILE),
  };
}

test("a file swapped under the filer (git stash, checkout): the next record is in the visible file", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  const old = fs.readFileSync(s.path);
  await s.file(4);
  // What git does: another inode under the same name, with the content of an earlier moment.
  fs.writeFileSync(`${s.path}.new`, old);
  fs.renameSync(`${s.path}.new`, s.path);
  const id = await s.file(6);
  const seen = readTree(at);
  assert.equal(seen.at(-1)?.line.id, id);
  assert.equal(
    seen.at(-1)?.request?.toString(),
    history(6),
    "no part is referred to that went away",
  );
  assert.equal(seen.length, 2);
  s.filer.close();
});

test("a file that was cut or rewritten in place is read again before anything is appended", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  const { size } = fs.statSync(s.path);
  await s.file(4);
  fs.truncateSync(s.path, size);
  await s.file(6);
  assert.deepEqual(
    readTree(at).map((x) => x.request?.toString()),
    [history(2), history(6)],
  );
  s.filer.close();
});

test("a tree that was deleted comes back with the next record", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  fs.rmSync(at.captures, { recursive: true });
  await s.file(4);
  assert.deepEqual(
    readTree(at).map((x) => x.request?.toString()),
    [history(4)],
  );
  s.filer.close();
});

test("a folder renamed while it runs keeps its number and gets the next record", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  const folder = join(at.captures, INBOX);
  fs.renameSync(folder, folder.replace("Inbox for the system", "Eingang"));
  await s.file(4);
  const seen = readTree(at);
  assert.equal(seen.length, 2);
  assert.match(seen[1]?.path ?? "", /00\.01 Eingang/);
  s.filer.close();
});

for (const [what, make] of [
  ["symlink", (path: string) => fs.symlinkSync("/etc/hostname", path)],
  ["dangling symlink", (path: string) => fs.symlinkSync(`${path}-nowhere`, path)],
  ["FIFO", (path: string) => execFileSync("mkfifo", [path])],
  ["folder", (path: string) => fs.mkdirSync(path)],
] as const) {
  test(`a ${what} in the place of the day's file is left alone, the next name is taken`, async () => {
    const at = scene();
    const s = session(at);
    fs.mkdirSync(join(at.captures, INBOX), { recursive: true });
    make(s.path);
    const before = fs.lstatSync(s.path);
    await s.file(2);
    assert.equal(fs.lstatSync(s.path).mtimeMs, before.mtimeMs);
    assert.equal(fs.existsSync(`${s.path}-nowhere`), false);
    const seen = readTree(at).filter((x) => x.path.endsWith("+1.jsonl"));
    assert.equal(seen.length, 1);
    s.filer.close();
  });
}

test("a symlink in the place of an ID's folder is refused; the record goes to the inbox", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const category = join(at.captures, "10-19 Agents", "11 Cline");
  fs.mkdirSync(category, { recursive: true });
  fs.symlinkSync(at.root, join(category, "11.11 Openrouter"));
  put(spool, { begin: { number: "11.11" } });
  const { filed } = await fileAll(at);
  assert.ok(["11.11", "00.01"].includes(filed[0]?.number ?? ""));
  assert.deepEqual(
    fs.readdirSync(at.root).sort(),
    ["captures", "state"],
    "nothing was written through it",
  );
  assert.equal(readTree(at).length, 1);
});

test("conflict markers in a file are passed over, and what is appended reads well", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  fs.appendFileSync(s.path, "<<<<<<< HEAD\n=======\n>>>>>>> other\n");
  await s.file(4);
  const { openTree } = await import("../../../../record/reader/tree.ts");
  using day = openTree(at.captures).openDay(s.path);
  const bodies = [...day.exchanges()].map((x) => day.requestBody(x)?.toString());
  assert.deepEqual(bodies, [history(2), history(4)]);
  assert.equal(day.damage.length, 3);
  s.filer.close();
});

test("a file that has passed its size is continued in +1, and restarts go on there", async () => {
  const at = scene();
  const s = session(at);
  await s.file(2);
  s.filer.close();
  // Filled up with a part that is sound and large.
  const { partLine } = await import("../../../../record/bodies/part-line.ts");
  const { hash } = await import("node:crypto");
  const big = Buffer.alloc(LIMITS.captureFileBytes, "a");
  fs.appendFileSync(s.path, partLine(3, hash("sha256", big, "hex"), big, false));
  const next = put(s.spool, { request: history(4) });
  await fileAll(at);
  const last = put(s.spool, { request: history(4) });
  await fileAll(at);
  const names = readTree(at).map((x) => [x.path.slice(-18), x.line.id]);
  assert.deepEqual(names.slice(1), [
    ["2026-11-23+1.jsonl", next],
    ["2026-11-23+1.jsonl", last],
  ]);
});

test("no file grows past what git hosts take, but by one call that is larger alone", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const MiB = 1024 * 1024;
  const text = (bytes: number) => " ".repeat(bytes);
  const request = (content: string) =>
    JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
  const sizes = [1, 20 * MiB, 49 * MiB, 1];
  const ids = sizes.map((bytes, i) => put(spool, { request: request(`${i} ${text(bytes)}`) }));
  // Nothing is looked for, which would take most of the time.
  const redaction = (): Redact => (x) => ({ ...x, redactions: [], derived: (bytes) => bytes });
  await fileAll(at, { redaction });
  const files = Map.groupBy(readTree(at), ({ path }) => path);
  assert.deepEqual(
    [...files].map(([path, seen]) => [path.slice(-18), seen.map(({ line }) => line.id)]),
    [
      ["m/2026-11-23.jsonl", [ids[0], ids[1]]],
      ["2026-11-23+1.jsonl", [ids[2]]],
      ["2026-11-23+2.jsonl", [ids[3]]],
    ],
  );
  for (const [path, seen] of files) {
    const isAlone = seen.length === 1;
    assert.ok(isAlone || fs.statSync(path).size <= LIMITS.captureFileMaxBytes, path);
  }
});

test("with a writer's name two machines never touch the same file", async () => {
  const at = scene();
  put(spoolOf(at));
  await fileAll(at, { config: configOf(at, { writer: "nas" }) });
  assert.match(readTree(at)[0]?.path ?? "", /2026-11-23\.nas\.jsonl$/);
});

test("a full disk under the tree: half a record is cut off, and filed when there is room", async (t) => {
  const at = scene();
  fs.mkdirSync(at.captures);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", at.captures], {
      stdio: "ignore",
    });
  } catch {
    t.skip("this machine does not allow mounts");
    return;
  }
  t.after(() => execFileSync("umount", [at.captures]));
  const s = session(at);
  const first = await s.file(2);
  const filler = join(at.captures, ".filler");
  fs.writeFileSync(filler, "");
  const fd = fs.openSync(filler, "w");
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
  fs.closeSync(fd);
  const large = put(s.spool, { request: `{"a":["${"x".repeat(20_000)}"]}` });
  assert.equal(await s.filer.run(), false);
  assert.match(s.filer.stats().degraded ?? "", /ENOSPC/);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    [first],
    "no half record",
  );
  fs.rmSync(filler);
  await new Promise((done) => setTimeout(done, s.filer.retryMs + 10));
  assert.equal(await s.filer.run(), true);
  assert.equal(s.filer.stats().degraded, null);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    [first, large],
  );
  s.filer.close();
});

test("a read-only tree: what ends meanwhile waits in the spool and is filed later, once", async (t) => {
  const at = scene();
  fs.mkdirSync(at.captures);
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", at.captures], { stdio: "ignore" });
  } catch {
    t.skip("this machine does not allow mounts");
    return;
  }
  t.after(() => execFileSync("umount", [at.captures]));
  const s = session(at);
  const ids = [await s.file(2)];
  execFileSync("mount", ["-o", "remount,ro", at.captures]);
  for (let i = 0; i < LIMITS.filerStalledCount + 10; i++) ids.push(put(s.spool));
  assert.equal(await s.filer.run(), false);
  assert.match(s.filer.stats().degraded ?? "", /EROFS/);
  assert.equal(s.filer.stats().stalled, LIMITS.filerStalledCount, "memory is bounded");
  execFileSync("mount", ["-o", "remount,rw", at.captures]);
  await new Promise((done) => setTimeout(done, s.filer.retryMs + 10));
  assert.equal(await s.filer.run(), true);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    ids,
  );
  s.filer.close();
});
