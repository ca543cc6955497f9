/**
 * What a build is asked for and what it answers: plain data, for it crosses to the builder process.
 */

import type { Plan } from "../../record/johnny-decimal/plan.ts";

export interface SiteOptions {
  /** Absolute path of the captures folder. */
  readonly captures: string;
  /** Absolute path of the published folder; it is added to, never wiped. */
  readonly out: string;
  /** Absolute path of the state folder: manifest, digests and Astro's caches live below it. */
  readonly state: string;
  readonly title: string;
  /** BCP 47 tags; the first one's pages stand at the root, the others' below `/<tag>/`. */
  readonly languages: readonly string[];
  /** IANA name; times of day are shown in it. Days are UTC days, as the files are. */
  readonly timezone: string;
  /** What the configuration plans of the tree: the index shows it before anything is written. */
  readonly plan?: Plan;
  /** Renders everything anew, as after a change of the templates. */
  readonly all?: boolean;
  /** Where pages refresh themselves: writes the stamp that they watch. */
  readonly live?: boolean;
}

/** How far a build is. `done` and `of` count days while reading and pages while rendering. */
export interface Progress {
  readonly step: "reading" | "rendering";
  readonly done: number;
  /** Left out where it is not known: pages are found as they are rendered. */
  readonly of?: number;
}

export interface Report {
  readonly days: number;
  readonly dirtyDays: number;
  readonly exchanges: number;
  readonly pages: number;
  readonly removed: number;
  readonly elapsed_ms: number;
  /** Processor time of the builder with its threads: what stays comparable on a busy machine. */
  readonly cpu_ms: number;
  readonly rss_bytes_max: number;
  /** Conversations that are not shown because something in them looks like a credential, and where. */
  readonly held: readonly string[];
  /** Lines of capture files that could not be read, each with file and line. */
  readonly damage: readonly string[];
}
