/**
 * The parts of a build that may run beside each other: scanning, reading streams, rendering a share
 * of the pages. A task is plain data and so is its result, for both may cross to a thread.
 */
import { DigestStore } from "../digest/day-digest.ts";
import { type BuildName, capturesAtHand } from "./at-hand.ts";
import { talkJobs } from "./conversation-jobs.ts";
import { type DaysInputs, type DaysMade, digestDays } from "./digest-days.ts";
import type { DirtySet, Manifest } from "./manifest.ts";
import type { SiteOptions } from "./options.ts";
import { pageJobs } from "./pages.ts";
import { renderPages } from "./render.ts";
import { type FileHit, type Slice, secretsIn } from "./scan-slices.ts";

export interface RenderInputs {
  readonly options: SiteOptions;
  readonly name: BuildName;
  readonly manifest: Manifest;
  readonly before: Manifest;
  readonly dirty: DirtySet;
  readonly all: boolean;
  /** Conversations whose pages change, those that are no longer there too. */
  readonly changed: readonly string[];
  /** Conversations whose pages are there already. */
  readonly done: readonly string[];
  readonly share: Share;
}

/** Pages of conversations that no other stream can change any more. */
export interface TalksInputs {
  readonly options: SiteOptions;
  readonly name: BuildName;
  readonly conversations: readonly string[];
}

/** Every `of`th conversation, and every `of`th of the other pages, from the `index`th. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

export interface Rendered {
  readonly seen: number;
  readonly damage: readonly string[];
}

interface Kinds {
  scan: { inputs: readonly Slice[]; result: FileHit[] };
  days: { inputs: DaysInputs; result: DaysMade };
  talks: { inputs: TalksInputs; result: Rendered };
  render: { inputs: RenderInputs; result: Rendered };
}

export type TaskKind = keyof Kinds;
export type Inputs<K extends TaskKind> = Kinds[K]["inputs"];
export type Result<K extends TaskKind> = Kinds[K]["result"];

type Perform = {
  readonly [K in TaskKind]: (inputs: Inputs<K>, step: () => void) => Result<K> | Promise<Result<K>>;
};

/** Does a task in this thread; `step` is called for every day or page that is done. */
export const PERFORM: Perform = {
  scan: (slices) => slices.flatMap(secretsIn),
  days: digestDays,
  talks,
  render,
};

async function talks(inputs: TalksInputs, step: () => void): Promise<Rendered> {
  const { options, name, conversations } = inputs;
  const { tree, source } = capturesAtHand(name);
  const { out, plan, languages } = options;
  const digests = new DigestStore(name.folder);
  await renderPages(
    talkJobs({ out, plan, languages, tree, source, digests }, conversations),
    options,
    step,
  );
  return source.take();
}

async function render(inputs: RenderInputs, step: () => void): Promise<Rendered> {
  const { options, name } = inputs;
  const { tree, source } = capturesAtHand(name);
  const { out, plan, languages } = options;
  const digests = new DigestStore(name.folder);
  await renderPages(
    pageJobs({ ...inputs, out, plan, languages, tree, source, digests }),
    options,
    step,
  );
  return source.take();
}
