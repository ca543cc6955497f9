/**
 * The filer's process: forked by supervisor.ts, at lower priority and with a bounded heap.
 *
 * Invariants: one at a time for a state directory (it waits until an orphan of an earlier
 * daemon is gone); it ends when its parent does, after the exchange at hand at the latest; it takes
 * orders from the parent alone, so a ctrl-C in the terminal does not stop it before the daemon has
 * drained. Never in here: a network socket, a body on the IPC channel.
 */
import { readdirSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { understand } from "../../record/dialects/understand.ts";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { acquireLock, type Lock } from "../lock.ts";
import { Filer } from "./filer.ts";
import type { FilerConfig } from "./filer-options.ts";
import { asksForState, type FiledNotice, type FromFiler, type ToFiler } from "./messages.ts";
import { claimAfterUpdate, retryClaimed } from "./retry-set-aside.ts";

const parent = process.ppid;
const SIGN_OF_LIFE_MS = 1000;
const LOCK_RETRY_MS = 20;
/** Without work for so long, it tidies up. */
const TIDY_MS = 250;

let filer: Filer | null = null;
/** In force; a new one may come while the filer is still waiting for its lock. */
let config: FilerConfig | null = null;
let running = false;
let wanted = false;
let stopping = false;
let taken = 0;
/** The daemon has closed the spool and waits for the end. */
let told = false;
/** The byte path needs the core that both share. */
let resting = false;
let retry: NodeJS.Timeout | null = null;
let tidying: NodeJS.Timeout | null = null;
let residentBytes = 0;
const drains: number[] = [];
const options = {
  understand,
  onFiled: (filed: readonly FiledNotice[]) => {
    // Counted by whoever hears of it.
    report("busy");
    send({ type: "filed", filed });
  },
  say: (text: string) => send({ type: "log", message: text }),
  mayGoOn: () => mayGoOn() && !resting,
};

function send(message: FromFiler): void {
  // The parent may be gone; then there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Looks at the parent itself: while it works it does not hear that the channel was closed. */
function mayGoOn(): boolean {
  return !stopping && process.ppid === parent;
}

async function start(message: Extract<ToFiler, { type: "start" }>): Promise<void> {
  await lock(join(message.config.state, "filer"));
  config ??= message.config;
  claimAfterUpdate(config.state, message.version);
  const { spoolDir, poison, suspects, alone } = message;
  const onSurvived = (key: string) => send({ type: "survived", key });
  filer = new Filer({ ...options, config, spoolDir, poison, suspects, alone, onSurvived });
}

async function lock(folder: string): Promise<Lock> {
  for (;;) {
    try {
      return await acquireLock(folder);
    } catch (error) {
      if (!(error instanceof CodedError) || !mayGoOn()) throw error;
      await pause(LOCK_RETRY_MS);
    }
  }
}

/** One run at a time; a wake-up in the middle of one asks for another. */
async function work(): Promise<void> {
  wanted = true;
  if (running || resting || filer === null) return;
  running = true;
  if (retry !== null) clearTimeout(retry);
  if (tidying !== null) clearTimeout(tidying);
  retry = null;
  const alive = setInterval(() => report("busy"), SIGN_OF_LIFE_MS);
  let complete = true;
  while (wanted && mayGoOn() && !resting) {
    wanted = false;
    const tickets = drains.splice(0);
    report("busy");
    complete = await filer.run();
    report("busy");
    if (complete && config !== null) await retryClaimed({ ...options, config });
    for (const ticket of tickets) send({ type: "drained", ticket, complete });
  }
  clearInterval(alive);
  running = false;
  report(resting ? "rests" : "done");
  if (!mayGoOn()) end();
  else if (resting) return;
  else if (filer.suspect !== null) leaveAlone(filer.suspect);
  else if (!complete) retry = setTimeout(workOn, filer.retryMs);
  else if (filer.follows) retry = setTimeout(workOn, LIMITS.liveSocketMs);
  else tidying = setTimeout(tidy, TIDY_MS);
}

function workOn(): void {
  work().catch(fail);
}

/** What others have left in this process is nothing that a suspect is to die of. */
function leaveAlone(key: string): void {
  send({ type: "alone", key });
  stopping = true;
  end();
}

/** Gives memory back that a burst took: V8 by itself would wait for the next one. */
function tidy(): void {
  const grown = process.memoryUsage.rss() - residentBytes;
  if (grown < LIMITS.filerGrowthBytes) return;
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  residentBytes = process.memoryUsage.rss();
}

function report(now: "busy" | "rests" | "done"): void {
  if (filer !== null) send({ type: "state", now, taken, stats: filer.stats() });
}

function end(): void {
  if (running) return;
  filer?.close(told);
  process.exit(0);
}

async function take(message: ToFiler): Promise<void> {
  resting = message.type === "rest";
  if (resting) return;
  if (asksForState(message)) taken++;
  if (message.type === "start") await start(message);
  else if (message.type === "config") {
    config = message.config;
    filer?.configure(message.config);
  } else if (message.type === "drain") drains.push(message.ticket);
  else if (message.type === "stop") {
    stopping = true;
    told = message.spoolClosed;
  }
  if (stopping) end();
  else await work();
}

function fail(error: unknown): void {
  send({ type: "log", message: `filer: ${(error as Error).stack ?? error}` });
  console.error(error);
  process.exit(1);
}

/** On Linux a priority is one thread's, and Node has made some already; later ones inherit it. */
function lowerPriority(): void {
  let threads = [0];
  try {
    threads = readdirSync("/proc/self/task").map(Number);
  } catch {
    // Elsewhere the process has one.
  }
  for (const thread of threads) {
    try {
      os.setPriority(thread, os.constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // Some containers do not allow it: then it runs at the same priority.
    }
  }
}

lowerPriority();
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => {
  stopping = true;
  end();
});
process.on("message", (message) => {
  take(message as ToFiler).catch(fail);
});
