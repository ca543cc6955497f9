/**
 * Running it as a supervisor would: sockets handed over, signals, drain, second signal, metrics, the
 * log; with the real program in a process of its own.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, get } from "node:http";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly url: string;
  /** Everything on stderr so far. */
  log(): string;
  /** Resolves when the log has it; rejects after ten seconds. */
  said(pattern: RegExp): Promise<void>;
  /** Exchange lines of the tree. */
  filed(): { outcome: string; request: { url: string } }[];
}

/** Starts `serve`; `socket` is handed over as file descriptor 3, as systemd does. */
async function serve(t: TestContext, yaml: string, socket: Server | null = null): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-ops-"));
  const config = join(folder, "callnumber.yaml");
  writeFileSync(config, `listen: 127.0.0.1:0\n${yaml}`);
  // The shell becomes the program, so that $$ is its pid.
  const start = socket === null ? 'exec "$@"' : 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"';
  const words = ["-c", start, "sh", process.execPath, MAIN, "serve", "--config", config];
  const handle = (socket as unknown as { _handle?: { fd: number } })?._handle?.fd ?? "ignore";
  const child = spawn("sh", words, { stdio: ["ignore", "pipe", "pipe", handle] });
  let [out, err] = ["", ""];
  let woken = Promise.withResolvers<void>();
  const wake = () => {
    woken.resolve();
    woken = Promise.withResolvers();
  };
  child.stdout?.on("data", (chunk) => {
    out += chunk;
    wake();
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
    wake();
  });
  child.on("exit", wake);
  const come = async (text: () => string, pattern: RegExp) => {
    const late = AbortSignal.timeout(10_000);
    late.addEventListener("abort", wake);
    while (!pattern.test(text())) {
      if (late.aborted || child.exitCode !== null) throw new Error(`${pattern}: ${out}${err}`);
      await woken.promise;
    }
  };
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await come(() => out, /listening on \S+/);
  return {
    child,
    folder,
    url: /listening on (\S+)/.exec(out)?.[1] ?? "",
    log: () => err,
    said: (pattern) => come(() => err, pattern),
    filed: () => linesIn(join(folder, "captures")),
  };
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

function linesIn(folder: string) {
  const found: { outcome: string; request: { url: string } }[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!/^\d{4}-.*\.jsonl$/.test(entry.name)) continue;
    for (const line of readFileSync(join(entry.parentPath, entry.name), "utf8").split("\n")) {
      if (line.startsWith('{"type":"exchange"')) found.push(JSON.parse(line));
    }
  }
  return found;
}

/** An upstream whose answers are ended by the test. */
async function heldUpstream(t: TestContext) {
  const held: { end(): void }[] = [];
  const server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: 1\n\n");
    held.push({ end: () => res.end("data: 2\n\n") });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    held,
    yaml: `upstreams: { up: "http://127.0.0.1:${(server.address() as AddressInfo).port}" }\n`,
  };
}

/** Begins a stream and resolves when its first event is here. */
async function begin(url: string): Promise<{ rest: Promise<string> }> {
  const answer = await new Promise<import("node:http").IncomingMessage>((got, failed) => {
    get(`${url}/up/stream`, { agent: false }, got).on("error", failed);
  });
  let text = "";
  const rest = new Promise<string>((done) => {
    answer.on("end", () => done(text));
    answer.on("error", (error: Error) => done(`${text}${error.message}`));
  });
  answer.on("data", (chunk) => {
    text += chunk;
  });
  await once(answer, "data");
  return { rest };
}

test("SIGTERM lets an open stream end, files it, and ends with 0", async (t) => {
  const { held, yaml } = await heldUpstream(t);
  const run = await serve(t, yaml);
  const { rest } = await begin(run.url);
  const exit = once(run.child, "exit");
  run.child.kill("SIGTERM");
  await run.said(/ending: 1 exchanges in flight/);
  held[0]?.end();
  assert.equal(await rest, "data: 1\n\ndata: 2\n\n");
  assert.deepEqual(await exit, [0, null]);
  assert.deepEqual(
    run.filed().map(({ outcome }) => outcome),
    ["complete"],
  );
});

test("past the drain time what still runs is cut off and filed as shutdown", async (t) => {
  const { yaml } = await heldUpstream(t);
  const run = await serve(t, `${yaml}drain: 300ms\n`);
  const { rest } = await begin(run.url);
  const exit = once(run.child, "exit");
  run.child.kill("SIGTERM");
  assert.match(await rest, /^data: 1\n\n(aborted)?$/);
  assert.deepEqual(await exit, [0, null]);
  assert.deepEqual(
    run.filed().map(({ outcome }) => outcome),
    ["shutdown"],
  );
});

test("a second signal ends it now, and the next start files what was in flight", async (t) => {
  const { yaml } = await heldUpstream(t);
  const run = await serve(t, yaml);
  await begin(run.url);
  const exit = once(run.child, "exit");
  run.child.kill("SIGTERM");
  await run.said(/ending: 1/);
  // Two signals within half a second are one wish (cli/main.ts).
  await pause(700);
  const before = performance.now();
  run.child.kill("SIGTERM");
  assert.deepEqual(await exit, [130, null]);
  assert.ok(performance.now() - before < 2_000);
  const config = join(run.folder, "callnumber.yaml");
  const again = spawn(process.execPath, [MAIN, "serve", "--config", config], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => again.kill("SIGKILL"));
  await once(again.stdout, "data");
  const end = once(again, "exit");
  again.kill("SIGTERM");
  assert.deepEqual(await end, [0, null]);
  assert.deepEqual(
    run.filed().map(({ outcome }) => outcome),
    ["interrupted"],
  );
});

test("a socket that is handed over is listened on, whatever `listen` says", async (t) => {
  const socket = createTcp();
  await new Promise<void>((ready) => socket.listen(0, "127.0.0.1", ready));
  t.after(() => socket.close());
  const { port } = socket.address() as AddressInfo;
  const before = await serve(t, "", socket);
  assert.equal(before.url, `http://127.0.0.1:${port}`);
  assert.match(before.log(), /as the socket unit says/);
  const exit = once(before.child, "exit");
  before.child.kill("SIGTERM");
  assert.deepEqual(await exit, [0, null]);
});

test("SIGHUP takes a new configuration; a wrong one is a reason of health until it is mended", async (t) => {
  const run = await serve(t, "");
  const config = join(run.folder, "callnumber.yaml");
  const good = readFileSync(config, "utf8");
  appendFileSync(config, "lisen: 1\n");
  run.child.kill("SIGHUP");
  await run.said(/the old one stays.*lisen/s);
  const health = await fetch(`${run.url}/-/health`);
  assert.equal(health.status, 503);
  assert.match(await health.text(), /configuration on disk has errors/);
  writeFileSync(config, good);
  run.child.kill("SIGHUP");
  await run.said(/configuration reloaded/);
  assert.equal((await fetch(`${run.url}/-/health`)).status, 200);
});

/** In a body; what is masked by its header's or member's name is not counted. */
const KEY = `ghp_${"1234abcdEF".repeat(4).slice(0, 36)}`;

test("metrics count an exchange, and its log line has nothing of what was said", async (t) => {
  const run = await serve(t, "");
  const answer = await fetch(`${run.url}/playback/v1/chat/completions?key=qs-SECRET`, {
    method: "POST",
    headers: { authorization: "Bearer sk-SECRET-0123456789abcdef" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: `my words, ${KEY}` }] }),
  });
  await answer.text();
  await run.said(
    /filed id=\S+ number=00\.01 upstream=playback model=m status=200 outcome=complete ms=\d+\n/,
  );
  assert.doesNotMatch(run.log(), /SECRET|my words|1234abcd/);
  // The filer tells its counts a moment after it has told of the exchange.
  const metrics = async () => (await fetch(`${run.url}/-/metrics`)).text();
  let text = await metrics();
  for (let tries = 0; tries < 50 && !/redactions_total [1-9]/.test(text); tries++) {
    await pause(100);
    text = await metrics();
  }
  for (const line of [
    /^callnumber_exchanges_total\{outcome="complete"\} 1$/m,
    /^callnumber_filed_total\{upstream="playback"\} 1$/m,
    /^callnumber_redactions_total [1-9]/m,
    /^callnumber_added_latency_seconds_count 1$/m,
    /^callnumber_spool_exchanges 0$/m,
    /^callnumber_lost_total 0$/m,
    /^callnumber_filer_up 1$/m,
    /^callnumber_disk_free_bytes\{folder="captures"\} \d+$/m,
    /^callnumber_client_received_bytes_total [1-9]/m,
  ]) {
    assert.match(text, line);
  }
  assert.doesNotMatch(text, /SECRET|model/);
});
