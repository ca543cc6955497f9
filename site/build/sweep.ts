/**
 * Removes from the published folder what its captures no longer have: days, conversations, chunks
 * and search of what was pruned, refiled or redacted. A page that nobody links to is still public.
 *
 * Invariants: touches only folders whose names the build itself gives; runs only when
 * something went, everything was made anew, or a build was cut short, since it looks at all that is
 * published. Pages of one day or conversation that became shorter go when it is rendered.
 */
import { join } from "node:path";
import { parseNumber } from "../../record/johnny-decimal/numbers.ts";
import { namesIn, remove } from "./files.ts";
import { dayKey, type Manifest } from "./manifest.ts";

export interface SweepInputs {
  readonly out: string;
  /** Folder of each language below `out`; "" for the first. */
  readonly languages: readonly string[];
  readonly manifest: Manifest;
  /** Numbers that have a page. */
  readonly numbers: ReadonlySet<string>;
  readonly isThere: (conversation: string) => boolean;
  /** Folder of the styles and scripts that pages name. */
  readonly client: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const CONVERSATION = /^[0-9a-z]{12,40}$/;

export function sweep(inputs: SweepInputs): void {
  const { out, languages } = inputs;
  for (const kind of ["_raw", "_said", "_search"]) sweepDays(join(out, kind), inputs);
  sweepTalks(join(out, "_rest"), inputs);
  sweepAssets(inputs);
  for (const language of languages) {
    const root = join(out, language);
    sweepDays(root, inputs);
    sweepNumbers(root, inputs);
    sweepTalks(join(root, "c"), inputs);
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

/** Of an earlier version of the templates. */
function sweepAssets({ out, client }: SweepInputs): void {
  const named = new Set(namesIn(join(client, "_astro")));
  for (const name of namesIn(join(out, "_astro"))) {
    if (!named.has(name)) remove(join(out, "_astro", name));
  }
}
