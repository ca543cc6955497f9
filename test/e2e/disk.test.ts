/**
 * Disk, lock and clock faults with the real daemon and real sockets: faults.md, lines 4 to 12. The
 * client gets its answer in every one of them. (Single system calls that fail are injected in
 * test/unit/daemon/spool/writer.test.ts; kill -9 is the matter of crash.ts.)
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../daemon/config/load.ts";
import { type Daemon, startDaemon } from "../../daemon/daemon.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";

const ANSWER = JSON.stringify({ id: "answer", text: "x".repeat(20_000) });

interface Place {
  /** What is to be undone at the end, last first. */
  readonly undo: (() => unknown)[];
  readonly root: string;
  readonly config: string;
  readonly captures: string;
  readonly state: string;
}

/** An upstream that answers everything, and a folder with a configuration for it. */
async function place(t: TestContext, more = ""): Promise<Place> {
  const server = http.createServer((req, res) => {
    req.resume().on("end", () => res.setHeader("content-type", "application/json").end(ANSWER));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const root = fs.mkdtempSync(join(os.tmpdir(), "callnumber-disk-"));
  const [captures, state] = [join(root, "captures"), join(root, "state")];
  fs.mkdirSync(captures);
  fs.mkdirSync(state);
  const config = join(root, "callnumber.yaml");
  fs.writeFileSync(
    config,
    `listen: 127.0.0.1:0\ncaptures: ./captures\nstate: ./state\n` +
      `upstreams: { up: "http://127.0.0.1:${port}" }\n${more}\n`,
  );
  const undo: (() => unknown)[] = [
    () => fs.rmSync(root, { recursive: true, force: true }),
    () => server.close(),
    () => server.closeAllConnections(),
  ];
  t.after(async () => {
    for (const step of undo.reverse()) await step();
  });
  return { undo, root, config, captures, state };
}

async function daemonAt({ config, root, undo }: Place) {
  const log: string[] = [];
  const loaded = loadConfig({ file: config, env: {}, cwd: root });
  const daemon = await startDaemon(loaded, { log: (_, message) => log.push(message) });
  undo.push(() => daemon.close());
  const url = daemon.urls[0] ?? "";
  const ask = async (body = '{"model":"m","messages":[]}'): Promise<void> => {
    const response = await fetch(`${url}/up/v1/chat/completions`, { method: "POST", body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), ANSWER, "the client gets its answer");
  };
  return { daemon, ask, log, filer: await daemon.filer };
}

function exchanges({ captures }: Place): ExchangeLine[] {
  const found: ExchangeLine[] = [];
  const tree = openTree(captures);
  for (const { path } of tree.files()) {
    assert.deepEqual(verifyFile(path), []);
    using day = tree.openDay(path);
    found.push(...day.exchanges());
  }
  return found;
}

/** Skips the test, saying so, where mounting is not allowed. */
function mounted(t: TestContext, at: Place, folder: string, options: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    t.skip("this machine does not allow mounts");
    return false;
  }
  at.undo.push(() => execFileSync("umount", [folder]));
  return true;
}

function fillUp(folder: string): string {
  const path = join(folder, ".filler");
  const fd = fs.openSync(path, "w");
  for (const size of [65536, 512, 1]) {
    try {
      for (;;) fs.writeSync(fd, Buffer.alloc(size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
    }
  }
  fs.closeSync(fd);
  return path;
}

/** The folders are looked at every second. */
async function reasonsAre(daemon: Daemon, wanted: RegExp): Promise<void> {
  const reasons = () => daemon.health().reasons.join("\n");
  const began = performance.now();
  while (!wanted.test(reasons()) && performance.now() - began < 2_000) {
    await new Promise((later) => setTimeout(later, 20));
  }
  assert.match(reasons(), wanted);
}

test("a full disk under the spool: traffic goes on, health is red, recording resumes by itself", async (t) => {
  const at = await place(t);
  if (!mounted(t, at, at.state, "size=1m")) return;
  const { daemon, ask, filer } = await daemonAt(at);
  await ask();
  assert.equal(await filer.drain(5000), true);
  const filler = fillUp(at.state);
  for (let i = 0; i < 5; i++) await ask(`{"n":"${"y".repeat(9000)}"}`);
  assert.equal(daemon.health().status, "degraded");
  assert.match(daemon.health().reasons.join(), /ENOSPC/);
  assert.ok(daemon.health().spool.lostExchanges >= 5);
  fs.rmSync(filler);
  await ask();
  await reasonsAre(daemon, /^\d calls are not recorded whole in the last day$/);
  assert.equal(await filer.drain(5000), true);
  const whole = exchanges(at).filter((x) => x.error == null);
  assert.equal(whole.length, 2, "before and after");
  assert.ok(
    whole.every((x) => x.outcome === "complete" && x.response?.body?.bytes === ANSWER.length),
  );
});

test("a full disk under the tree: traffic goes on, all of it is filed when there is room", async (t) => {
  const at = await place(t);
  if (!mounted(t, at, at.captures, "size=1m")) return;
  const { daemon, ask, filer } = await daemonAt(at);
  await ask();
  assert.equal(await filer.drain(5000), true);
  const filler = fillUp(at.captures);
  for (let i = 0; i < 5; i++) await ask(`{"n":"${i} ${"y".repeat(9000)}"}`);
  assert.equal(await filer.drain(500), false);
  assert.match(daemon.health().reasons.join(), /ENOSPC/);
  fs.rmSync(filler);
  assert.equal(await filer.drain(10_000), true);
  await reasonsAre(daemon, /^$/);
  assert.equal(exchanges(at).length, 6);
});

test("a disk too slow for the load: past the spool's limit exchanges pass unrecorded and are counted", async (t) => {
  const at = await place(t, "limits: { spool: 1MiB }");
  if (!mounted(t, at, at.captures, "size=4m")) return;
  const { daemon, ask, filer } = await daemonAt(at);
  execFileSync("mount", ["-o", "remount,ro", at.captures]);
  for (let i = 0; i < 60; i++) await ask(`{"n":"${i} ${"y".repeat(30_000)}"}`);
  const { lostExchanges, bytes } = daemon.health().spool;
  assert.ok(lostExchanges > 0 && lostExchanges < 60);
  assert.ok(bytes < 1.2 * 1024 * 1024, `${bytes} bytes`);
  assert.match(daemon.health().reasons.join(), /spool-full/);
  execFileSync("mount", ["-o", "remount,rw", at.captures]);
  assert.equal(await filer.drain(20_000), true);
  assert.equal(exchanges(at).length, 60 - lostExchanges);
});

test("a tree deleted under the daemon comes back with the next exchange", async (t) => {
  const at = await place(t);
  const { ask, filer } = await daemonAt(at);
  await ask();
  assert.equal(await filer.drain(5000), true);
  fs.rmSync(at.captures, { recursive: true });
  await ask();
  assert.equal(await filer.drain(5000), true);
  assert.equal(exchanges(at).length, 1);
});

test("a git checkout of an earlier moment: the next exchange is in the visible file", async (t) => {
  const at = await place(t);
  const { ask, filer } = await daemonAt(at);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
      cwd: at.captures,
      stdio: "ignore",
    });
  await ask('{"messages":[{"role":"user","content":"first"}]}');
  assert.equal(await filer.drain(5000), true);
  git("init");
  git("add", ".");
  git("commit", "-m", "one");
  await ask('{"messages":[{"role":"user","content":"first"},{"role":"user","content":"second"}]}');
  assert.equal(await filer.drain(5000), true);
  git("stash");
  await ask('{"messages":[{"role":"user","content":"first"},{"role":"user","content":"third"}]}');
  assert.equal(await filer.drain(5000), true);
  assert.equal(exchanges(at).length, 2);
});

test("a filer that is killed: traffic goes on, and all of it is filed by the next one", async (t) => {
  const at = await place(t);
  const { ask, filer } = await daemonAt(at);
  for (let i = 0; i < 6; i++) {
    if (i % 2 === 1) process.kill(filer.stats().pid ?? 0, "SIGKILL");
    await ask();
    assert.equal(await filer.drain(10_000), true);
  }
  assert.equal(filer.stats().restarts, 3);
  assert.equal(exchanges(at).length, 6);
});

for (const shared of ["state", "captures"] as const) {
  test(`a second daemon on the same ${shared}: exits 78 and names the holder`, async (t) => {
    const at = await place(t);
    await daemonAt(at);
    const other = join(at.root, "other.yaml");
    const text = fs.readFileSync(at.config, "utf8");
    const change = shared === "state" ? "captures: ./captures" : "state: ./state";
    fs.writeFileSync(other, text.replace(change, `${change}-other`));
    const program = fileURLToPath(new URL("./crash-daemon.ts", import.meta.url));
    const child = spawn(process.execPath, [program, other], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (bytes) => {
      said += bytes;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 78, said);
    assert.match(said, new RegExp(`process ${process.pid} already writes to .*${shared}`));
  });
}

test("a clock that is set back and forward: ids ascend, durations stay right, days are the start's", async (t) => {
  const at = await place(t);
  const { ask, filer } = await daemonAt(at);
  const base = Date.UTC(2026, 10, 23, 23, 59, 59, 990);
  for (const offset of [0, -3_600_000, 20, 172_000_000]) {
    t.mock.timers.enable({ apis: ["Date"], now: base + offset });
    await ask();
    t.mock.timers.reset();
  }
  assert.equal(await filer.drain(5000), true);
  const all = exchanges(at).sort((a, b) => (a.id < b.id ? -1 : 1));
  const started = all.map((x) => x.started);
  assert.equal(started.length, 4);
  assert.deepEqual(
    started.map((s) => s.slice(0, 10)),
    ["2026-11-23", "2026-11-23", "2026-11-24", "2026-11-25"],
  );
  assert.ok(all.every((x) => (x.timing.total_ms ?? -1) > 0 && (x.timing.total_ms ?? 1e9) < 60_000));
});
