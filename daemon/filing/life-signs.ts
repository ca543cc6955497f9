/**
 * Notices a filer that hangs: it was asked for something and says nothing.
 *
 * Invariants:
 * - Silence counts from the last sign of life, and only while an answer is owed: a filer that has
 *   nothing to do says nothing. An answer is owed until it tells that it is done with all it was asked.
 * - One that uses the processor is at work on a large body, so its silence means something only later
 *   than that of one that is stopped, or waits for a disk that does not answer.
 */
import fs from "node:fs";
import { performance } from "node:perf_hooks";
import { LIMITS } from "../../record/limits.ts";

export class LifeSigns {
  readonly #stuckMs: number;
  readonly #stuck: () => void;
  /** Looks from time to time while an answer is owed: a sign of life costs the byte path nothing. */
  #timer: NodeJS.Timeout | null = null;
  #pid: number | undefined;
  /** Messages that ask for an answer, and those that it has taken. */
  #asked = 0;
  #owes = false;
  #heardAt = 0;
  /** Its processor time soon after the last sign of life; null where that is not known. */
  #ticks: number | null = null;

  /** `stuck` is called after `stuckMs` of silence. */
  constructor(stuckMs: number, stuck: () => void) {
    this.#stuckMs = stuckMs;
    this.#stuck = stuck;
  }

  /** A new filer, which owes nothing yet. */
  begin(pid: number | undefined): void {
    this.end();
    this.#pid = pid;
    this.#asked = 0;
  }

  /** It was asked for something. */
  asked(): void {
    this.#asked++;
    if (!this.#owes) this.#listen();
  }

  /** It has said something while at work. */
  heard(): void {
    if (this.#owes) this.#listen();
  }

  /** It works, or is done with the first `taken` things that it was asked for. */
  told(isDone: boolean, taken: number): void {
    if (isDone && taken >= this.#asked) this.end();
    else this.#listen();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#owes = false;
  }

  /** What is wrong, in plain words that stay the same meanwhile; null where nothing is. */
  fault(): string | null {
    if (!this.#owes) return null;
    const ms = performance.now() - this.#heardAt;
    if (ms < LIMITS.filerSilentMs) return null;
    const ticks = ticksOf(this.#pid);
    const isAtWork = ticks === null || this.#ticks === null || ticks > this.#ticks + 1;
    return isAtWork && ms < LIMITS.filerSlowMs ? null : "the filer gives no sign of life";
  }

  #listen(): void {
    this.#owes = true;
    this.#heardAt = performance.now();
    this.#ticks = null;
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_MS, this.#stuckMs / 4));
    this.#timer.unref();
  }

  #look(): void {
    if (performance.now() - this.#heardAt >= this.#stuckMs) {
      this.end();
      this.#stuck();
    } else this.#ticks ??= ticksOf(this.#pid);
  }
}

/** Well below LIMITS.filerSilentMs. */
const LOOK_MS = 500;

/** Processor time of a process in clock ticks (proc_pid_stat(5)); null where nobody tells. */
function ticksOf(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== "linux") return null;
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return null;
  }
}
