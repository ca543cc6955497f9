/**
 * The daemon as users run it: a process of its own, `cli/main.ts serve`, with a configuration file
 * in a folder of its own. What kill -9, memory and start-up time are measured on.
 *
 * What always holds: free loopback ports; the process is ended by its pid; the folder goes with
 * `remove()`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { DayReader } from "../../record/reader/day-reader.ts";
import { openTree } from "../../record/reader/tree.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

export class DaemonProcess {
  readonly folder: string;
  readonly captures: string;
  readonly config: string;
  url = "";
  /** Milliseconds from spawn to the line that says it listens. */
  listening_ms = 0;
  stderr = "";
  #child: ChildProcess | null = null;

  /** `yaml` is the configuration without listen, captures and state. */
  constructor(yaml: string) {
    this.folder = mkdtempSync(join(tmpdir(), "callnumber-e2e-"));
    this.captures = join(this.folder, "captures");
    this.config = join(this.folder, "callnumber.yaml");
    writeFileSync(this.config, `listen: 127.0.0.1:0\n${yaml}`);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Pids of the processes that the daemon has started (the filer). */
  get children(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  }

  async start(): Promise<this> {
    this.url = "";
    const began = performance.now();
    const child = spawn(process.execPath, [MAIN, "serve", "--config", this.config], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (chunk) => {
      this.stderr += chunk;
    });
    let stdout = "";
    await new Promise<void>((ready) => {
      child.once("exit", () => ready());
      // Read to the end, not just to the line: a closed pipe would end the daemon.
      child.stdout.on("data", (chunk) => {
        stdout += chunk;
        const url = /listening on (\S+)/.exec(stdout)?.[1];
        if (url === undefined || this.url !== "") return;
        this.url = url.replace(/\/$/, "");
        this.listening_ms = performance.now() - began;
        ready();
      });
    });
    if (this.url === "") throw new Error(`the daemon did not start: ${this.stderr}`);
    return this;
  }

  /** Sends the signal and resolves to the exit code (null after a kill). */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, "exit");
    child.kill(signal);
    const [code] = await ended;
    this.#child = null;
    return code;
  }

  /** Every exchange in the tree with an open reader for it. */
  *exchanges(): Generator<{ x: ExchangeLine; reader: DayReader; number: string }> {
    for (const { stream, path } of openTree(this.captures).files()) {
      using reader = DayReader.open(path);
      for (const x of reader.exchanges()) yield { x, reader, number: stream.number };
    }
  }

  /** Resolves once `found` holds for the tree; rejects after `ms`. */
  async until(found: () => boolean, ms: number, what: string): Promise<void> {
    const deadline = performance.now() + ms;
    while (!found()) {
      if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Peak resident memory of a process in MiB, from the kernel's own account. */
export function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** Bytes of all capture files below a folder. */
export function captureBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && /^\d{4}-.*\.jsonl$/.test(entry.name)) {
      bytes += readFileSync(join(entry.parentPath, entry.name)).length;
    }
  }
  return bytes;
}
