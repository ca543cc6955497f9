/**
 * Keeps a filer process going, and speaks with it for the daemon.
 *
 * Invariants: waking it costs the proxy one small message in WAKE_MS at most; a filer that
 * dies, that gives no sign of life while it has work, or that cannot be started, is started again
 * after a pause that doubles up to LIMITS.filerRestartMaxMs, for ever; an exchange is given up only
 * where it alone is to blame (blame.ts). Where the byte path
 * says that it is busy the filer rests, but not for longer than LIMITS.filerRestMs. Nothing that
 * happens to the filer reaches the proxy but the numbers in `stats()`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../record/limits.ts";
import { Blame } from "./blame.ts";
import { readCurrentExchange } from "./current-exchange.ts";
import type { FilerConfig } from "./filer-options.ts";
import { LifeSigns } from "./life-signs.ts";
import {
  asksForState,
  type FiledNotice,
  type FilerStats,
  type FromFiler,
  type ToFiler,
} from "./messages.ts";

export interface FilerStart {
  readonly config: FilerConfig;
  /** Absolute path of the spool folder. */
  readonly spoolDir: string;
  /** Of the program: a newer one tries again what an older one set aside. Empty where unknown. */
  readonly version?: string;
  /** Told what went wrong, one line each. */
  readonly log: (message: string) => void;
  /**
   * Asked every WAKE_MS while there is something to file: does the byte path need the core that
   * both share? Never, where it is not given.
   */
  readonly busy?: () => boolean;
  /** Overrides LIMITS.filerRestMs in tests. */
  readonly restMs?: number;
  /** Program of the filer; another one only in tests. */
  readonly program?: string;
  /** Further options for Node, only in tests. */
  readonly execArgv?: readonly string[];
  /** Overrides LIMITS.filerStuckMs in tests. */
  readonly stuckMs?: number;
  /** Overrides LIMITS.filerRestartMaxMs in tests. */
  readonly restartMaxMs?: number;
}

export interface SupervisorStats extends FilerStats {
  readonly pid: number | null;
  readonly restarts: number;
  /** Exchanges that were set aside because they killed the filer. */
  readonly poison: readonly string[];
}

/** Starts the filer process. It recovers what an earlier run has left at once. */
export function startFiler(options: FilerStart): FilerSupervisor {
  return new FilerSupervisor(options);
}

/** Long enough that what ends meanwhile shares its syncs; nobody waits for a file. */
const WAKE_MS = 100;
const STOP_MS = 5000;
const NOTHING: FilerStats = {
  filed: 0,
  interrupted: 0,
  partial: 0,
  poisoned: 0,
  lost: 0,
  redactions: 0,
  open: 0,
  stalled: 0,
  filedIn: null,
  degraded: null,
};
const COUNTS = ["filed", "interrupted", "partial", "poisoned", "lost", "redactions"] as const;

// The package that is published holds .js files where the repository holds .ts ones.
const PROGRAM = fileURLToPath(
  new URL(`./filer-process.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url),
);

export class FilerSupervisor extends EventEmitter<{
  filed: [FiledNotice];
  /** Done with all there was when it began its last round, and nothing waits. */
  idle: [];
  /** This segment of the spool holds bytes that are filed: they leave when it is ended. */
  erasable: [number];
}> {
  readonly #options: FilerStart;
  #config: FilerConfig;
  #child: ChildProcess | null = null;
  #stats: FilerStats = NOTHING;
  /** Sums of the filers that are gone. */
  #before: FilerStats = NOTHING;
  #restarts = 0;
  #startedAt = 0;
  #pauseMs: number = LIMITS.filerRestartMs;
  #restartTimer: NodeJS.Timeout | null = null;
  #wakeTimer: NodeJS.Timeout | null = null;
  readonly #life: LifeSigns;
  /** Since when filing has been put off, null where it has caught up. */
  #behindSince: number | null = null;
  #resting = false;
  readonly #blame = new Blame();
  /** True once this filer was killed because it hung. */
  #hung = false;
  /** True once this filer has said that it makes way for one that tries a suspect alone. */
  #makesWay = false;
  #said = { text: "", at: Number.NEGATIVE_INFINITY, more: 0 };
  readonly #drains = new Map<number, (complete: boolean) => void>();
  #ticket = 0;
  #stopping = false;

  constructor(options: FilerStart) {
    super();
    this.#options = options;
    this.#config = needed(options.config);
    const stuckMs = options.stuckMs ?? LIMITS.filerStuckMs;
    this.#life = new LifeSigns(stuckMs, () => {
      options.log(`filer: no sign of life for ${stuckMs} ms, killed`);
      this.#hung = true;
      this.#child?.kill("SIGKILL");
    });
    this.#start();
  }

  /** There may be something to file. Cheap: many calls make one message. */
  wake(): void {
    if (this.#wakeTimer !== null || this.#stopping) return;
    this.#wakeTimer = setTimeout(() => {
      this.#wakeTimer = null;
      if (this.#mayRest()) this.#rest();
      else {
        this.#resting = false;
        this.#send({ type: "wake" });
      }
    }, WAKE_MS);
  }

  /** The writer has ended a segment: a round removes it once it is read. */
  segmentEnded(): void {
    if (!this.#resting) this.#send({ type: "wake" });
  }

  /** Passes a reloaded configuration on. */
  reload(config: FilerConfig): void {
    this.#config = needed(config);
    this.#send({ type: "config", config: this.#config });
  }

  /** Resolves true when all that had ended is in the tree and synced, false at the deadline. */
  async drain(deadlineMs: number): Promise<boolean> {
    const end = performance.now() + deadlineMs;
    while (performance.now() < end && !this.#stopping) {
      if (await this.#drainOnce(end - performance.now())) return true;
      const left = end - performance.now();
      await new Promise((done) => setTimeout(done, Math.max(0, Math.min(100, left))));
    }
    return false;
  }

  stats(): SupervisorStats {
    const sums = Object.fromEntries(
      COUNTS.map((key) => [key, this.#before[key] + this.#stats[key]]),
    );
    return {
      ...this.#stats,
      ...sums,
      degraded: this.#stats.degraded ?? this.#life.fault(),
      pid: this.#child?.pid ?? null,
      restarts: this.#restarts,
      poison: this.#blame.convicted,
    };
  }

  /**
   * Ends the filer after the exchange at hand. What is not filed yet stays in the spool, and where
   * that is closed, nothing else.
   */
  async stop(spoolClosed = false): Promise<void> {
    this.#stopping = true;
    for (const timer of [this.#restartTimer, this.#wakeTimer]) {
      if (timer !== null) clearTimeout(timer);
    }
    this.#life.end();
    for (const answer of this.#drains.values()) answer(false);
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((done) => {
      const kill = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      child.once("exit", () => {
        clearTimeout(kill);
        done();
      });
      this.#send({ type: "stop", spoolClosed });
    });
  }

  #mayRest(): boolean {
    const { busy, restMs = LIMITS.filerRestMs } = this.#options;
    if (busy === undefined || !busy() || this.#drains.size > 0) return false;
    this.#behindSince ??= performance.now();
    return performance.now() - this.#behindSince < restMs;
  }

  #rest(): void {
    if (!this.#resting) this.#send({ type: "rest" });
    this.#resting = true;
    this.wake();
  }

  #start(): void {
    this.#startedAt = performance.now();
    this.#resting = false;
    this.#hung = false;
    this.#makesWay = false;
    const heap = [
      `--max-old-space-size=${LIMITS.filerHeapMiB}`,
      `--max-semi-space-size=${LIMITS.filerYoungMiB}`,
      // Threads that mark beside it took the other core from the byte path (docs/benchmarks.md).
      "--single-threaded-gc",
      // The filer collects by itself when it has nothing to do.
      "--expose-gc",
    ];
    let child: ChildProcess;
    try {
      child = fork(this.#options.program ?? PROGRAM, [], {
        execArgv: [...heap, ...(this.#options.execArgv ?? [])],
        stdio: ["ignore", 2, 2, "ipc"],
        // One thread of it allocates: further arenas only keep what they once held.
        env: { ...process.env, MALLOC_ARENA_MAX: "1" },
      });
    } catch (error) {
      // Of the system's refusals some are thrown (ENOMEM), and some come as an event (EMFILE).
      this.#startAgain(`cannot be started: ${(error as Error).message}`);
      return;
    }
    this.#child = child;
    child.on("message", (message) => this.#take(message as FromFiler));
    child.on("error", (error) => {
      // It never came to be (no process, no descriptor left): no exit will tell.
      if (child.pid === undefined) this.#died(child, null, error.message);
      else this.#options.log(`filer: ${error.message}`);
    });
    child.once("exit", (code, signal) => this.#died(child, code, signal));
    const { spoolDir, version = "" } = this.#options;
    const { convicted: poison, suspects, alone } = this.#blame;
    const start = { config: this.#config, spoolDir, poison, suspects, alone, version };
    this.#life.begin(child.pid);
    this.#send({ type: "start", ...start });
  }

  #take(message: FromFiler): void {
    this.#life.heard();
    if (message.type === "log") this.#options.log(message.message);
    else if (message.type === "filed") {
      this.#pauseMs = LIMITS.filerRestartMs;
      for (const notice of message.filed) this.emit("filed", notice);
    } else if (message.type === "survived") this.#blame.survived(message.key);
    else if (message.type === "alone") {
      this.#makesWay = true;
      this.#blame.tryAlone(message.key);
    } else if (message.type === "drained") this.#drains.get(message.ticket)?.(message.complete);
    else {
      this.#stats = message.stats;
      const { filedIn } = message.stats;
      if (filedIn !== null) this.emit("erasable", filedIn);
      this.#life.told(message.now !== "busy", message.taken);
      if (message.now !== "done") return;
      this.#behindSince = null;
      if (message.stats.stalled === 0 && message.stats.degraded === null) this.emit("idle");
    }
  }

  /** `how`: its signal, or why there is no process. */
  #died(child: ChildProcess, code: number | null, how: string | null): void {
    if (child !== this.#child) return;
    this.#child = null;
    this.#life.end();
    if (this.#stopping) return;
    for (const key of COUNTS) this.#before = { ...this.#before, [key]: this.stats()[key] };
    for (const answer of this.#drains.values()) answer(false);
    if (this.#makesWay && code === 0) {
      this.#stats = NOTHING;
      this.#start();
      return;
    }
    const key = readCurrentExchange(this.#config.state, child.pid);
    this.#blame.died({ key, code, signal: how, hung: this.#hung });
    const what = how ?? `exit code ${code}`;
    this.#startAgain(`died (${what})${key === null ? "" : ` at exchange ${key}`}`);
  }

  #startAgain(why: string): void {
    this.#stats = { ...NOTHING, degraded: `the filer ${why}` };
    this.#logOnce(`filer: ${why}`);
    this.#restarts++;
    const livedMs = performance.now() - this.#startedAt;
    if (livedMs > LIMITS.filerSoundMs) this.#pauseMs = LIMITS.filerRestartMs;
    this.#restartTimer = setTimeout(() => this.#start(), this.#pauseMs);
    const { restartMaxMs = LIMITS.filerRestartMaxMs } = this.#options;
    this.#pauseMs = Math.min(this.#pauseMs * 2, restartMaxMs);
  }

  /** A fault that lasts for hours would fill the log. */
  #logOnce(text: string): void {
    const now = performance.now();
    const { text: before, at, more } = this.#said;
    if (text === before && now - at < LIMITS.filerLogMs) {
      this.#said.more++;
      return;
    }
    this.#options.log(text === before && more > 0 ? `${text} (${more} times more since)` : text);
    this.#said = { text, at: now, more: 0 };
  }

  #drainOnce(ms: number): Promise<boolean> {
    const ticket = ++this.#ticket;
    return new Promise((done) => {
      const answer = (complete: boolean): void => {
        clearTimeout(timer);
        this.#drains.delete(ticket);
        done(complete);
      };
      const timer = setTimeout(() => answer(false), ms);
      this.#drains.set(ticket, answer);
      if (this.#child === null) answer(false);
      else this.#send({ type: "drain", ticket });
    });
  }

  #send(message: ToFiler): void {
    if (!this.#child?.connected) return;
    if (asksForState(message)) this.#life.asked();
    this.#child.send(message, () => {});
  }
}

/** The filer has no use for the upstreams' keys: they do not go over the channel. */
function needed(config: FilerConfig): FilerConfig {
  const { captures, state, writer, tree, autofile, redact, limits } = config;
  const places = Object.entries(config.upstreams).map(([name, { url }]) => [name, { url }]);
  const upstreams = Object.fromEntries(places);
  return { captures, state, writer, tree, autofile, redact, limits, upstreams };
}
