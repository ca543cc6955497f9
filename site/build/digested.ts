/**
 * Brings the digests in a state folder up to date with the captures, and hands them to whoever shows
 * them.
 *
 * Invariants:
 * - Nothing is written before unfinished.ts names the days that it is about; the manifest is written
 *   when all has succeeded, and only then the names go. A build that was cut short anywhere is made
 *   up for by the next.
 * - The digests are those that a build of everything would make, in whatever pieces and whatever
 *   order the captures came.
 * - Nothing is shown that was not scanned before.
 */
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { openTree, type Tree } from "../../record/reader/tree.ts";
import { readAllowList } from "../../record/secrets/allow-list.ts";
import { type DayName, DigestStore, keyOfDay } from "../digest/day-digest.ts";
import { dayParts, digestOfPart } from "../view/day-parts.ts";
import { type BuildName, closeAtHand } from "./at-hand.ts";
import { lockBuild } from "./build-lock.ts";
import { type Crew, crewFor } from "./crew.ts";
import type { DaysInputs, DaysMade } from "./digest-days.ts";
import { daysBelow, retitled, titleMarks } from "./dirty-days.ts";
import { remove, removeTorn } from "./files.ts";
import { lookOf } from "./look.ts";
import {
  type DayEntry,
  type DayOnDisk,
  type DirtySet,
  dayKey,
  daysOnDisk,
  loadManifest,
  type Manifest,
  saveManifest,
} from "./manifest.ts";
import type { Progress, SiteOptions } from "./options.ts";
import { titlesOf, unfiledOf } from "./pages.ts";
import { repage } from "./repage.ts";
import { secretsOf, slicesToScan } from "./scan-slices.ts";
import { writeDirectory } from "./search-index.ts";
import { heldElsewhere, workOf } from "./stream-work.ts";
import { addChanges, beginChanges, endChanges, readUnfinished } from "./unfinished.ts";

/** What the digests say after they were brought up to date. */
export interface Digested {
  readonly tree: Tree;
  readonly digests: DigestStore;
  /** The index as it will be when this build is done, and as it was before. */
  readonly manifest: Manifest;
  readonly before: Manifest;
  readonly dirty: DirtySet;
  readonly all: boolean;
  /** Whether the build before was cut short. */
  readonly cut: boolean;
  /** Conversations whose pages change, those that are no longer there too. */
  readonly changed: readonly string[];
  readonly seen: number;
  readonly damage: readonly string[];
  readonly crew: Crew;
  readonly name: BuildName;
}

/** Told of each stream as soon as its digests and the days of its conversations are kept. */
export type OnStream = (stream: DaysMade, at: Pick<Digested, "digests" | "crew" | "name">) => void;

export function isDirty({ all, cut, dirty }: Pick<Digested, "all" | "cut" | "dirty">): boolean {
  const { dirty: days, gone, again, retitled: numbers } = dirty;
  return all || cut || days.length + gone.length + again.length + numbers.length > 0;
}

/**
 * Brings the digests in `folder` up to date and hands them to `use`; the manifest is written when
 * that has succeeded. One at a time in a folder: another one waits.
 */
export async function withDigests<T>(
  options: SiteOptions,
  folder: string,
  use: (digested: Digested) => Promise<T>,
  onProgress: (progress: Progress) => void = () => {},
  onStream: OnStream = () => {},
): Promise<T> {
  const unlock = await lockBuild(folder);
  try {
    return await digestAndUse(options, folder, use, onProgress, onStream);
  } finally {
    closeAtHand();
    unlock();
  }
}

async function digestAndUse<T>(
  options: SiteOptions,
  folder: string,
  use: (digested: Digested) => Promise<T>,
  onProgress: (progress: Progress) => void,
  onStream: OnStream,
): Promise<T> {
  const cut = readUnfinished(folder);
  const found = loadManifest(folder, lookOf(options));
  const tree = openTree(options.captures);
  const all = options.all === true || Object.keys(found.days).length === 0;
  const before = all ? { ...found, days: {} } : found;
  const titles = titleMarks(titlesOf({ tree, plan: options.plan }), unfiledOf(tree.captures));
  const renamed = all ? [] : [...new Set([...retitled(before, titles), ...(cut?.numbers ?? [])])];
  const allow = readAllowList(options.captures);
  const onDisk = daysOnDisk(tree);
  const work = workOf(onDisk, before, { all, allow, cut: cut?.days ?? [] });
  if (all || cut !== null) for (const place of [options.out, folder]) removeTorn(place);
  const planned = [...work.streams.flatMap(({ days }) => days), ...work.gone];
  const isBegun = all || cut !== null || planned.length + renamed.length > 0;
  if (isBegun) {
    const days = [...planned.map(dayOf), ...(cut?.days ?? [])];
    beginChanges(folder, { days, numbers: renamed });
  }
  if (all) forgetAll(folder);
  const slices = slicesToScan(work.dirty, before);
  const crew = crewFor(slices.reduce((sum, { from, to }) => sum + to - from, 0));
  try {
    const hits = await secretsOf(crew, slices);
    const named = { captures: options.captures, folder };
    let name = { build: randomUUID(), ...named, ends: endsOf(work.streams.flatMap((x) => x.days)) };
    const digests = new DigestStore(folder);
    const lost = forgotten(digests, work.gone, cut?.days ?? []);
    const streams = work.streams.map((stream) => stream.task(hits, allow));
    const made = await digestStreams({ ...options, name, crew }, streams, onProgress, (stream) => {
      for (const [conversation, on] of stream.talks) digests.keepDays(conversation, on);
      onStream(stream, { digests, crew, name });
    });
    const first = made.flatMap((stream) => stream.entries);
    const hidden = heldElsewhere(onDisk, manifestWith(before, work.gone, first), digests);
    if (hidden.length > 0) {
      const days = hidden.map(({ at }) => at);
      (isBegun ? addChanges : beginChanges)(folder, { days: days.map(dayOf), numbers: [] });
      name = { build: randomUUID(), ...named, ends: { ...name.ends, ...endsOf(days) } };
      made.push(...(await digestStreams({ ...options, name, crew }, hidden, onProgress, () => {})));
      digests.reread(days);
    }
    const entries = lastOfEach(made.flatMap((stream) => stream.entries));
    const manifest = { ...manifestWith(before, work.gone, entries), titles };
    const changed = [...new Set([...lost, ...made.flatMap((stream) => stream.changed)])];
    const unsettled = new Set([...lost, ...made.flatMap((stream) => stream.held)]);
    const repaged = repage(options.out, digests, { changed, unsettled }, (days) =>
      addChanges(folder, { days, numbers: [] }),
    );
    for (const at of repaged) renewParts(manifest, digests, at);
    const read = new Set(entries.map(keyOfDay));
    const dirty: DirtySet = {
      dirty: entries.map(dayOf),
      gone: work.gone,
      again: daysBelow(renamed, manifest),
      repaged: repaged.filter((at) => !read.has(keyOfDay(at))),
      retitled: renamed,
    };
    const digested: Digested = {
      ...{ tree, digests, manifest, before, dirty, all, changed, crew, name },
      cut: cut !== null,
      seen: made.reduce((sum, stream) => sum + stream.seen, 0),
      damage: [...twiceNumbered(tree), ...made.flatMap((stream) => stream.damage)],
    };
    if (isDirty(digested)) {
      writeDirectory(
        options.out,
        Object.values(manifest.days).map(({ segment }) => segment),
      );
    }
    const result = await use(digested);
    if (!isDirty(digested)) return result;
    // Not before: by these days a build that comes after a cut one finds what it had written.
    if (!all) for (const conversation of changed) digests.dropDays(conversation);
    saveManifest(folder, manifest);
    endChanges(folder);
    return result;
  } finally {
    await crew.close();
  }
}

interface StreamsOptions {
  readonly out: string;
  readonly name: BuildName;
  readonly crew: Crew;
}

/** Streams beside each other, the largest first; the days of a stream one after the other. */
async function digestStreams(
  { out, name, crew }: StreamsOptions,
  streams: readonly Pick<DaysInputs, "index" | "days">[],
  onProgress: (progress: Progress) => void,
  onMade: (stream: DaysMade) => void,
): Promise<DaysMade[]> {
  let done = 0;
  const of = streams.reduce((sum, { days }) => sum + days.length, 0);
  const weight = ({ days }: Pick<DaysInputs, "days">) =>
    days.reduce((sum, { day }) => sum + day.bytes, 0);
  return Promise.all(
    streams
      .toSorted((a, b) => weight(b) - weight(a))
      .map(async (stream) => {
        const made = await crew.run("days", { name, out, ...stream }, () => {
          done += 1;
          onProgress({ step: "reading", done, of });
        });
        onMade(made);
        return made;
      }),
  );
}

const dayOf = ({ number, day }: DayName): DayName => ({ number, day });

function lastOfEach(entries: readonly DayEntry[]): DayEntry[] {
  return [...new Map(entries.map((entry) => [keyOfDay(entry), entry])).values()];
}

/** What is appended to a file after it was looked at is not scanned, and belongs to the next build. */
function endsOf(days: readonly DayOnDisk[]): Record<string, number> {
  return Object.fromEntries(
    days.flatMap(({ files, sizes }) => files.map((file, index) => [file, sizes[index]!])),
  );
}

/** The manifest goes first: what is cut short here is then made anew as a whole. */
function forgetAll(folder: string): void {
  for (const name of ["manifest.json", "days", "index", "talks", "search"]) {
    remove(join(folder, name));
  }
}

/** Forgets days that are gone; returns the conversations of these and of days that were cut short. */
function forgotten(
  digests: DigestStore,
  gone: readonly DayName[],
  cut: readonly DayName[],
): Set<string> {
  const lost = new Set(cut.length > 0 ? digests.seenOn(cut) : []);
  for (const at of gone) {
    for (const conversation of digests.placesOf(at).keys()) lost.add(conversation);
    digests.forget(at);
  }
  return lost;
}

function manifestWith(
  before: Manifest,
  gone: readonly DayName[],
  entries: readonly DayEntry[],
): Manifest {
  const days = { ...before.days };
  for (const { number, day } of gone) delete days[dayKey(number, day)];
  for (const entry of entries) days[dayKey(entry.number, entry.day)] = entry;
  return { ...before, days };
}

function renewParts(manifest: Manifest, digests: DigestStore, at: DayName): void {
  const key = dayKey(at.number, at.day);
  const parts = dayParts(digests.get(at)!.rows).map(digestOfPart);
  manifest.days[key] = { ...manifest.days[key]!, parts };
}

/** Folders that share a number: their calls are shown as those of one. */
function twiceNumbered(tree: Tree): string[] {
  return tree.streams().flatMap(({ number }) => {
    const folders = new Set(tree.days(number).flatMap(({ files }) => files.map(dirname)));
    if (folders.size < 2) return [];
    const paths = [...folders].join("\n  ");
    return `${folders.size} folders have the number ${number} (\`callnumber jd lint\` helps):\n  ${paths}`;
  });
}
