/**
 * Starts what is compared: the daemon with capture on, the plain tee, nginx and mitmdump, each as a
 * process of its own, pinned to one core with all its children.
 *
 * Invariants: each forwards to the same upstream and listens on a free loopback port; one
 * whose program is not installed is null; everything is ended by its pid and leaves no files.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DAEMON_HEAP } from "../../daemon/systemd/units.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Contender {
  readonly name: string;
  readonly version: string;
  readonly port: number;
  /** What stands before the upstream's own path. */
  readonly base: string;
  readonly pid: number;
  /** Folder of its own: configuration, captures. */
  readonly folder: string;
  /** True for a daemon of ours, which files and tells its health. */
  readonly daemon: boolean;
  stop(): Promise<void>;
}

/** Runs a program on one core. */
export function pinned(
  core: number | string,
  command: string,
  args: string[],
  env = {},
): ChildProcess {
  const child = spawn("taskset", ["-c", String(core), command, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  // A run that fails or is stopped leaves nobody behind.
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  return child;
}

/** Resolves to the first match in what the process prints; rejects where it ends before. */
export async function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let out = "";
  let err = "";
  child.stderr?.on("data", (text) => {
    err = `${err}${text}`.slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${out}${err}`)));
    child.stdout?.on("data", (text) => {
      if (out.length < 10_000) out += text;
      const match = pattern.exec(out);
      if (match !== null) resolve(match);
    });
  });
}

export async function startUpstream(core: number): Promise<{ port: number; child: ChildProcess }> {
  const child = pinned(core, process.execPath, [join(ROOT, "test/bench/upstream.ts")]);
  const [, port] = await printed(child, /port (\d+)/);
  return { port: Number(port), child };
}

/** `checkout`: of another version, to be compared with this one; it has its packages installed. */
export async function startCallnumber(
  upstream: number,
  core: number,
  checkout?: string,
): Promise<Contender> {
  const folder = ownFolder();
  const { child, port } = await serveCallnumber(folder, upstream, core, {}, checkout ?? ROOT);
  const name = checkout === undefined ? "callnumber" : "before";
  const started = contender(name, `Node ${process.version}`, child, folder, port, "/bench");
  return { ...started, daemon: true };
}

/** `cli/main.ts serve` in `folder`; the time is from spawn to the line that it listens. */
export async function serveCallnumber(
  folder: string,
  upstream: number,
  core: number | string,
  env = {},
  checkout = ROOT,
) {
  const config = join(folder, "callnumber.yaml");
  writeFileSync(
    config,
    `listen: 127.0.0.1:0\nupstreams: { bench: "http://127.0.0.1:${upstream}" }\n`,
  );
  const began = performance.now();
  // As the unit starts it.
  const args = [
    ...DAEMON_HEAP,
    join(checkout, "cli/main.ts"),
    "serve",
    "--quiet",
    "--config",
    config,
  ];
  const cache = { NODE_COMPILE_CACHE: join(folder, "compile-cache") };
  const child = pinned(core, process.execPath, args, { ...cache, ...env });
  const [, port] = await printed(child, /listening on http:\/\/[^:]+:(\d+)/);
  return { child, port: Number(port), ms: performance.now() - began };
}

export async function startTee(upstream: number, core: number): Promise<Contender> {
  const folder = ownFolder();
  const tee = join(ROOT, "test/bench/tee.ts");
  const child = pinned(core, process.execPath, [tee, String(upstream)]);
  const [, port] = await printed(child, /port (\d+)/);
  const { version } = await import("undici/package.json", { with: { type: "json" } }).then(
    (module) => module.default as { version: string },
  );
  return contender("undici tee", `undici ${version}`, child, folder, Number(port), "");
}

export async function startNginx(upstream: number, core: number): Promise<Contender | null> {
  const version = versionOf("nginx", ["-v"], /nginx\/(\S+)/);
  if (version === null) return null;
  const folder = ownFolder();
  const port = await freePort();
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
     events { worker_connections 1024; }
     http { access_log off; ${temp} keepalive_requests 100000000; client_max_body_size 0;
       upstream bench { server 127.0.0.1:${upstream}; keepalive 128; keepalive_requests 100000000; }
       server { listen 127.0.0.1:${port}; location / {
         proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection "";
         proxy_buffering off; proxy_request_buffering off; client_body_buffer_size 1m; } } }`,
  );
  const child = pinned(core, "nginx", ["-p", folder, "-c", join(folder, "nginx.conf")]);
  await listens(port, child);
  return contender("nginx", `nginx ${version}`, child, folder, port, "");
}

export async function startMitmdump(upstream: number, core: number): Promise<Contender | null> {
  const version = versionOf("mitmdump", ["--version"], /Mitmproxy: (\S+)/);
  if (version === null) return null;
  const folder = ownFolder();
  const port = await freePort();
  mkdirSync(join(folder, "captures"));
  const args = ["-q", "--mode", `reverse:http://127.0.0.1:${upstream}`, "-p", String(port)];
  args.push("--listen-host", "127.0.0.1", "--set", "flow_detail=0");
  args.push("--set", `confdir=${folder}`, "-s", join(ROOT, "test/bench/mitm-capture.py"));
  const capture = join(folder, "captures", "capture.jsonl");
  const child = pinned(core, "mitmdump", args, { BENCH_CAPTURE: capture });
  await listens(port, child);
  return contender("mitmdump", `mitmproxy ${version}`, child, folder, port, "");
}

function contender(
  name: string,
  version: string,
  child: ChildProcess,
  folder: string,
  port: number,
  base: string,
): Contender {
  // Read to the end: a full pipe would stop the process.
  child.stdout?.resume();
  child.stderr?.resume();
  return {
    name,
    version,
    port,
    base,
    folder,
    daemon: false,
    pid: child.pid as number,
    async stop() {
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 90_000);
  await ended;
  clearTimeout(timer);
}

export function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), "callnumber-bench-"));
}

function versionOf(command: string, args: string[], pattern: RegExp): string | null {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  return error ? null : (pattern.exec(`${stdout}${stderr}`)?.[1] ?? null);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Waits until the port answers; programs that print nothing are asked this way. */
async function listens(port: number, child: ChildProcess): Promise<void> {
  const { connect } = await import("node:net");
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline && child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}; ended with ${child.exitCode}`);
}

/** Bytes of a file, 0 where there is none. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
