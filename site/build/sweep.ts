/**
 * Removes from the published folder what its captures no longer have: days, conversations, chunks
 * and search of what was pruned, refiled or redacted. A page that nobody links to is still public.
 *
 * What always holds: touches only folders whose names the build itself gives; runs only when
 * something went or everything was made anew, since it looks at all that is published.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseNumber } from "../../record/johnny-decimal/numbers.ts";
import { remove } from "./files.ts";
import { dayKey, type Manifest } from "./manifest.ts";

export interface SweepInputs {
  readonly out: string;
  /** Folder of each language below `out`; "" for the first. */
  readonly languages: readonly string[];
  readonly manifest: Manifest;
  /** Numbers that have a page. */
  readonly numbers: ReadonlySet<string>;
  readonly isThere: (conversation: string) => boolean;
  /** Pages of a conversation that is there. */
  readonly pagesOf: (conversation: string) => number;
  /** Conversations that lost turns. */
  readonly touched: readonly string[];
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const CONVERSATION = /^[0-9a-z]{12,40}$/;

export function sweep(inputs: SweepInputs): void {
  const { out, languages } = inputs;
  for (const kind of ["_raw", "_said", "_search"]) sweepDays(join(out, kind), inputs);
  const rests = join(out, "_rest");
  sweepTalks(rests, inputs);
  sweepPages(rests, inputs);
  for (const language of languages) {
    const root = join(out, language);
    sweepDays(root, inputs);
    sweepNumbers(root, inputs);
    sweepTalks(join(root, "c"), inputs);
    sweepPages(join(root, "c"), inputs);
  }
}

function sweepDays(folder: string, { manifest }: SweepInputs): void {
  for (const number of namesIn(folder)) {
    if (!parseNumber(number)) continue;
    for (const day of namesIn(join(folder, number))) {
      if (!DAY.test(day) || manifest.days[dayKey(number, day)]) continue;
      remove(join(folder, number, day));
    }
  }
}

function sweepNumbers(root: string, { numbers }: SweepInputs): void {
  for (const name of namesIn(root)) {
    if (parseNumber(name) && !numbers.has(name)) remove(join(root, name));
  }
}

function sweepTalks(folder: string, { isThere }: SweepInputs): void {
  for (const id of namesIn(folder)) {
    if (CONVERSATION.test(id) && !isThere(id)) remove(join(folder, id));
  }
}

/** Pages beyond the last one of a conversation that became shorter. */
function sweepPages(folder: string, { isThere, pagesOf, touched }: SweepInputs): void {
  for (const id of touched) {
    const pages = isThere(id) ? pagesOf(id) : 0;
    for (const name of namesIn(join(folder, id))) {
      const page = /^(\d+)(\.bin)?$/.exec(name)?.[1];
      if (page !== undefined && Number(page) > pages) remove(join(folder, id, name));
    }
  }
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
