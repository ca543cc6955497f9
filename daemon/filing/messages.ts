/**
 * What daemon and filer process say to each other. Small notices only: never a body, never a
 * credential. Plain JSON.
 */
import type { FilerConfig } from "./filer-options.ts";

/** An exchange that is in the tree, synced. */
export interface FiledNotice {
  readonly id: string;
  /** The ID it went to, `11.11`. */
  readonly number: string;
  readonly file: string;
  readonly started: string;
  readonly upstream: string | null;
  readonly model: string | null;
  readonly status: number | null;
  readonly outcome: string;
  readonly totalMs: number | null;
}

export interface FilerStats {
  readonly filed: number;
  readonly interrupted: number;
  /** Filed without a body that could not be redacted, or that was gone from the spool. */
  readonly partial: number;
  readonly poisoned: number;
  /** Of these: gone from the spool. */
  readonly lost: number;
  /** Places of which something was taken out before filing. */
  readonly redactions: number;
  readonly open: number;
  readonly stalled: number;
  /** Segment of the spool being read, where bytes in it are filed; null where none are. */
  readonly filedIn: number | null;
  readonly degraded: string | null;
}

export type ToFiler =
  | {
      readonly type: "start";
      readonly config: FilerConfig;
      readonly spoolDir: string;
      /** Keys of exchanges, see filer-options.ts. */
      readonly poison: readonly string[];
      readonly suspects: readonly string[];
      readonly alone: string | null;
      readonly version: string;
    }
  | { readonly type: "wake" }
  /** Stop behind the exchange at hand, until the next message of another kind. */
  | { readonly type: "rest" }
  | { readonly type: "config"; readonly config: FilerConfig }
  /** Answered by `drained` once all that has ended by now is filed, or could not be. */
  | { readonly type: "drain"; readonly ticket: number }
  /** The last order. `spoolClosed`: nobody writes to the spool any more. */
  | { readonly type: "stop"; readonly spoolClosed: boolean };

export type FromFiler =
  | { readonly type: "filed"; readonly filed: readonly FiledNotice[] }
  | { readonly type: "log"; readonly message: string }
  /** Sign of life: at work, resting as it was told, or done with all there was. */
  | {
      readonly type: "state";
      readonly now: "busy" | "rests" | "done";
      /** Messages so far that it was to answer. */
      readonly taken: number;
      readonly stats: FilerStats;
    }
  /** The exchange that was to be filed alone is dealt with, and the filer lives. */
  | { readonly type: "survived"; readonly key: string }
  /** All else is filed: ends, so that a new one can try this exchange alone. */
  | { readonly type: "alone"; readonly key: string }
  | { readonly type: "drained"; readonly ticket: number; readonly complete: boolean };

/** True for what a filer answers with its state. */
export function asksForState({ type }: ToFiler): boolean {
  return type !== "rest" && type !== "stop";
}
