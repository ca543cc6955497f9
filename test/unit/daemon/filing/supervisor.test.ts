import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type FilerStart, startFiler } from "../../../../daemon/filing/supervisor.ts";
import { configOf, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";

function start(t: TestContext, at: Scene, more: Partial<FilerStart> = {}) {
  const said: string[] = [];
  const log = (message: string) => said.push(message);
  const filer = startFiler({ config: configOf(at), spoolDir: at.spoolDir, log, ...more });
  t.after(() => filer.stop());
  return { filer, said };
}

/** A filer program that dies of every exchange whose request holds `word`. */
function fatal(at: Scene, word: string, how: string): string {
  const folder = join(at.root, "program");
  fs.mkdirSync(folder, { recursive: true });
  const real = new URL("../../../../daemon/filing/", import.meta.url).href;
  const path = join(folder, "filer.mjs");
  fs.writeFileSync(
    path,
    `import { Extents, SpoolBytes } from "${real}../spool/extents.ts";
     const read = SpoolBytes.prototype.read;
     SpoolBytes.prototype.read = function (...args) {
       const bytes = read.apply(this, args);
       if (bytes.includes("${word}")) { ${how} }
       return bytes;
     };
     await import("${real}filer-process.ts");`,
  );
  return path;
}

test("the filer runs in a process of its own, at lower priority, and tells what it has filed", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer } = start(t, at);
  const told = once(filer, "filed");
  const id = put(spool);
  filer.wake();
  const [notice] = await told;
  assert.equal(notice.id, id);
  assert.equal(await filer.drain(5000), true);
  const { pid } = filer.stats();
  assert.notEqual(pid, process.pid);
  const threads = fs.readdirSync(`/proc/${pid}/task`);
  const nice = (thread: string) =>
    Number(
      fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1").split(") ")[1]?.split(" ")[16],
    );
  assert.ok(threads.length > 1);
  assert.deepEqual([...new Set(threads.map(nice))], [10]);
  assert.equal(readTree(at).length, 1);
  await filer.stop();
  assert.equal(fs.existsSync(`/proc/${pid}`), false);
});

test("a filer that is killed is started again and goes on where it was", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer, said } = start(t, at);
  const ids = [put(spool)];
  assert.equal(await filer.drain(5000), true);
  process.kill(filer.stats().pid ?? 0, "SIGKILL");
  ids.push(put(spool));
  assert.equal(await filer.drain(5000), true);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    ids,
  );
  assert.equal(filer.stats().restarts, 1);
  assert.equal(filer.stats().filed, 2);
  assert.match(said.join("\n"), /died \(SIGKILL\)/);
  await filer.stop();
});

for (const [what, how] of [
  ["crash", "process.abort();"],
  ["out of memory", "const hog = []; for (;;) hog.push(new Array(1e6).fill(hog.length));"],
  ["endless loop", "for (;;);"],
] as const) {
  test(`${what}: an exchange of which the filer dies also alone is set aside, the rest goes on`, async (t) => {
    const at = scene();
    const spool = spoolOf(at);
    const program = fatal(at, "POISON", how);
    // Long enough for a slow machine to start a process in, short enough to wait for twice.
    const stuckMs = what === "endless loop" ? 4000 : 60_000;
    const execArgv = ["--max-old-space-size=64", "--no-warnings"];
    const { filer } = start(t, at, { program, stuckMs, execArgv });
    const first = put(spool);
    const bad = put(spool, { request: '{"a":"POISON"}' });
    const last = put(spool);
    assert.equal(await filer.drain(90_000), true);
    assert.deepEqual(
      readTree(at).map((x) => x.line.id),
      [first, last],
    );
    assert.ok(fs.existsSync(join(at.state, "poison", `${bad}.seg`)));
    assert.ok(filer.stats().restarts >= 2);
    assert.equal(filer.stats().poisoned, 1);
    await filer.stop();
  });
}

test("a filer that hangs between two calls is seen within two seconds, and killed for it later", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer, said } = start(t, at, { stuckMs: 4000 });
  put(spool);
  const idle = once(filer, "idle");
  assert.equal(await filer.drain(20_000), true);
  await idle;
  const pid = filer.stats().pid ?? 0;
  const degraded = async (ms: number, wanted: string | null) => {
    const end = performance.now() + ms;
    while (filer.stats().degraded !== wanted && performance.now() < end) await pause(20);
    assert.equal(filer.stats().degraded, wanted);
  };
  process.kill(pid, "SIGSTOP");
  put(spool);
  filer.wake();
  await degraded(2000, "the filer gives no sign of life");
  const idleAgain = once(filer, "idle");
  process.kill(pid, "SIGCONT");
  await degraded(2000, null);
  assert.equal(await filer.drain(5000), true);
  await idleAgain;
  process.kill(pid, "SIGSTOP");
  put(spool);
  filer.wake();
  await once(filer, "filed", { signal: AbortSignal.timeout(20_000) });
  assert.match(said.join("\n"), /no sign of life for 4000 ms, killed/);
  assert.notEqual(filer.stats().pid, pid);
  assert.equal(readTree(at).length, 3);
  await filer.stop();
});

test("a filer that is at work on a large body for seconds is not taken for one that hangs", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const busy = "const end = Date.now() + 3000; while (Date.now() < end);";
  const { filer } = start(t, at, { program: fatal(at, "LARGE", busy) });
  assert.equal(await filer.drain(20_000), true);
  put(spool, { request: '{"a":"LARGE"}' });
  const filed = once(filer, "filed");
  let isFiled = false;
  filed.then(() => {
    isFiled = true;
  });
  filer.wake();
  while (!isFiled) {
    assert.equal(filer.stats().degraded, null);
    await pause(50);
  }
  await filer.stop();
});

/** How often the filer is killed with the exchange at hand that holds `word`, as code for `fatal`. */
function killedTimes(at: Scene, times: number): string {
  const log = JSON.stringify(join(at.root, "kills"));
  return `const { appendFileSync, readFileSync } = process.getBuiltinModule("node:fs");
    appendFileSync(${log}, ".");
    if (readFileSync(${log}).length <= ${times}) process.kill(process.pid, "SIGKILL");`;
}

test("kills from outside, also six in a row at one exchange, set nothing aside", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const program = fatal(at, "INNOCENT", killedTimes(at, 6));
  const { filer } = start(t, at, { program, restartMaxMs: 200 });
  const ids = [put(spool), put(spool, { request: '{"a":"INNOCENT"}' }), put(spool)];
  assert.equal(await filer.drain(60_000), true);
  assert.deepEqual(
    readTree(at)
      .map((x) => x.line.id)
      .toSorted(),
    ids.toSorted(),
  );
  assert.equal(filer.stats().poisoned, 0);
  assert.equal(filer.stats().restarts, 6);
});

test("an exchange at hand at every kill is put last, and given up at last", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const program = fatal(at, "POISON", 'process.kill(process.pid, "SIGKILL");');
  const { filer } = start(t, at, { program, restartMaxMs: 200 });
  const bad = put(spool, { request: '{"a":"POISON"}' });
  const good = put(spool);
  const [notice] = await once(filer, "filed");
  assert.equal(notice.id, good);
  assert.equal(filer.stats().poisoned, 0, "the others come first");
  assert.equal(await filer.drain(60_000), true);
  assert.ok(fs.existsSync(join(at.state, "poison", `${bad}.seg`)));
  assert.equal(filer.stats().restarts, 7);
});

test("a filer whose program cannot be loaded is started again until it can", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const folder = join(at.root, "program");
  fs.mkdirSync(folder);
  const program = join(folder, "filer.mjs");
  const real = new URL("../../../../daemon/filing/filer-process.ts", import.meta.url).href;
  fs.writeFileSync(program, 'throw new Error("EMFILE: too many open files");');
  const { filer, said } = start(t, at, { program, restartMaxMs: 200 });
  const id = put(spool);
  while (filer.stats().restarts < 4) await new Promise((resolve) => setImmediate(resolve));
  assert.match(filer.stats().degraded ?? "", /the filer died \(exit code 1\)/);
  assert.equal(said.length, 1, "one and the same trouble is said once");
  fs.writeFileSync(program, `await import("${real}");`);
  const [notice] = await once(filer, "filed");
  assert.equal(notice.id, id);
  assert.equal(filer.stats().degraded, null);
});

test("a second filer on the same state waits until the first is gone", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const one = start(t, at);
  const ids = [put(spool)];
  assert.equal(await one.filer.drain(5000), true);
  const two = start(t, at);
  assert.equal(await two.filer.drain(500), false);
  await one.filer.stop();
  ids.push(put(spool));
  assert.equal(await two.filer.drain(5000), true);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    ids,
  );
  await two.filer.stop();
});

test("while the byte path is busy the filer rests; then it files all there is", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  let asked = 0;
  const seen: number[] = [];
  const busy = () => {
    seen.push(readTree(at).length);
    asked += 1;
    return asked < 4;
  };
  const { filer } = start(t, at, { busy });
  assert.equal(await filer.drain(5000), true, "the process runs");
  const filed = new Set<string>();
  const ids = [put(spool), put(spool), put(spool)];
  const all = new Promise<void>((done) => {
    filer.on("filed", ({ id }) => {
      filed.add(id);
      if (filed.size === ids.length) done();
    });
  });
  filer.wake();
  await all;
  assert.deepEqual(seen, [0, 0, 0, 0], "nothing was filed as long as it was busy");
  assert.deepEqual([...filed], ids);
});

test("a filer that is told to rest at work goes on where it was, and files nothing twice", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  let asked = 0;
  // At work, at rest, at work …
  const { filer } = start(t, at, { busy: () => asked++ % 2 === 1 });
  assert.equal(await filer.drain(5000), true);
  const ids = Array.from({ length: 300 }, () => put(spool));
  const told: string[] = [];
  const all = new Promise<void>((done) => {
    filer.on("filed", ({ id }) => {
      told.push(id);
      if (told.length < ids.length) filer.wake();
      else done();
    });
  });
  filer.wake();
  await all;
  assert.deepEqual(told.toSorted(), ids.toSorted());
  assert.equal(readTree(at).length, ids.length);
});

test("a byte path that is always busy does not put filing off for ever", async (t) => {
  const at = scene();
  const spool = spoolOf(at);
  const { filer } = start(t, at, { busy: () => true, restMs: 250 });
  assert.equal(await filer.drain(5000), true, "and a drain is never put off");
  const told = once(filer, "filed");
  const id = put(spool);
  const began = performance.now();
  filer.wake();
  const [notice] = await told;
  assert.equal(notice.id, id);
  assert.ok(performance.now() - began >= 250, "it was put off at first");
});

for (const [how, path, message] of [
  ["refused", "no-such-program", /ENOENT/],
  // What the system refuses otherwise (ENOMEM) is thrown instead.
  ["thrown", "no\0program", /null bytes/],
] as const) {
  test(`a filer that cannot be started at all (${how}) is tried again`, async (t) => {
    const at = scene();
    const spool = spoolOf(at);
    const node = process.execPath;
    t.after(() => {
      process.execPath = node;
    });
    process.execPath = join(at.root, path);
    const { filer, said } = start(t, at);
    const id = put(spool);
    while (filer.stats().restarts === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.match(said.join(), message);
    assert.match(filer.stats().degraded ?? "", message);
    process.execPath = node;
    const [notice] = await once(filer, "filed");
    assert.equal(notice.id, id);
  });
}
