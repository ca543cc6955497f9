/**
 * Strangers who were refused: counts all, and says which few of them are recorded.
 *
 * Invariants: what is recorded of them is bounded in number (a minute and a day) and in size, however
 * many come: a foreign page must not fill the tree. Pure but for the time that it is given.
 */
import type { ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface RefusalStats {
  readonly byCode: Readonly<Record<string, number>>;
  /** Of them, those that were only counted. */
  readonly unrecorded: number;
}

export class Refusals {
  private readonly byCode = new Map<ErrorCode, number>();
  private readonly minute = new Window(MINUTE_MS, LIMITS.refusalsMinuteCount);
  private readonly day = new Window(DAY_MS, LIMITS.refusalsDayCount);
  private unrecorded = 0;

  /** Counts one that is not to be recorded. */
  count(code: ErrorCode): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
    this.unrecorded++;
  }

  /** Counts one. True where it is to be recorded. */
  note(code: ErrorCode, nowMs: number): boolean {
    this.count(code);
    if (this.minute.hasRoom(nowMs) && this.day.hasRoom(nowMs)) {
      this.minute.used++;
      this.day.used++;
      this.unrecorded--;
      return true;
    }
    return false;
  }

  stats(): RefusalStats {
    return { byCode: Object.fromEntries(this.byCode), unrecorded: this.unrecorded };
  }
}

class Window {
  used = 0;
  private readonly ms: number;
  private readonly most: number;
  private since = Number.NEGATIVE_INFINITY;

  constructor(ms: number, most: number) {
    this.ms = ms;
    this.most = most;
  }

  hasRoom(nowMs: number): boolean {
    if (nowMs - this.since >= this.ms) {
      this.since = nowMs;
      this.used = 0;
    }
    return this.used < this.most;
  }
}

/** Headers (flat) that fit into what is recorded of a stranger; each whole or not at all. */
export function fewHeaders(raw: readonly string[]): string[] {
  const out: string[] = [];
  let left: number = LIMITS.refusalHeadBytes;
  for (let i = 0; i < raw.length; i += 2) {
    const bytes = (raw[i] as string).length + (raw[i + 1] as string).length;
    if (bytes > left) continue;
    left -= bytes;
    out.push(raw[i] as string, raw[i + 1] as string);
  }
  return out;
}
