/**
 * One build from captures to published folder: which days are dirty, their digests, the pages that
 * follow from them, rendered and merged.
 *
 * What always holds: nothing changed means nothing rendered and no template loaded; nothing of a
 * build is published before all that is new has been scanned; the manifest is written last; a failed
 * build leaves the published pages as they were, or newer, never broken.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { CodedError } from "../../record/errors.ts";
import { openTree, type Tree } from "../../record/reader/tree.ts";
import { type DayName, DigestStore } from "../digest/day-digest.ts";
import { talkOf } from "../digest/talk.ts";
import { type BuildName, closeAtHand } from "./at-hand.ts";
import { type Crew, crewFor } from "./crew.ts";
import type { DaysMade, DayTask } from "./digest-days.ts";
import { type DirtyDay, daysBelow, markDay, retitled, titleMarks } from "./dirty-days.ts";
import { EarlyPages } from "./early-pages.ts";
import { digest as digestOf, remove, writeWhole } from "./files.ts";
import { lookOf } from "./look.ts";
import {
  type Changed,
  type DayEntry,
  type DirtySet,
  dayKey,
  daysOnDisk,
  dirtySet,
  loadManifest,
  type Manifest,
  saveManifest,
} from "./manifest.ts";
import type { Progress, Report, SiteOptions } from "./options.ts";
import { titlesOf } from "./pages.ts";
import { refuseSecrets, slicesToScan } from "./refuse-secrets.ts";
import { repage } from "./repage.ts";
import { writeDirectory } from "./search-index.ts";
import { sweep } from "./sweep.ts";
import type { Rendered } from "./tasks.ts";
import { compileTemplates } from "./templates.ts";

/** What the digests say after they were brought up to date. */
export interface Digested {
  readonly tree: Tree;
  readonly digests: DigestStore;
  /** The index as it will be when this build is done, and as it was before. */
  readonly manifest: Manifest;
  readonly before: Manifest;
  readonly dirty: DirtySet;
  readonly all: boolean;
  /** Conversations that lost turns. */
  readonly touched: readonly string[];
  readonly seen: number;
  readonly damage: readonly string[];
  readonly crew: Crew;
  readonly name: BuildName;
}

/** Told of each stream as soon as its digests and the days of its conversations are kept. */
type OnStream = (stream: DaysMade, at: Pick<Digested, "digests" | "crew" | "name">) => void;

/** Folder below the state folder that belongs to one published folder. */
export function stateFolder(options: SiteOptions): string {
  return join(options.state, "site", digestOf(options.out));
}

/** Renders and publishes what is dirty. */
export async function runBuild(
  options: SiteOptions,
  onProgress: (progress: Progress) => void,
): Promise<Report> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const folder = stateFolder(options);
  try {
    return await attempt();
  } catch (error) {
    // Captures are moved and pruned while they are read: what is there now is built.
    if (!(error instanceof CodedError) || error.code !== "site-captures-moved") throw error;
    return await attempt();
  }

  function attempt(): Promise<Report> {
    let pages = 0;
    const early = new EarlyPages(options, onPage);
    return withDigests(options, folder, publish, onProgress, early.begin);

    function onPage(): void {
      pages += 1;
      onProgress({ step: "rendering", done: pages });
    }

    async function publish(digested: Digested): Promise<Report> {
      const made = await early.end(digested.digests);
      const rest = isDirty(digested)
        ? await renderShares(options, digested, made.conversations, onPage)
        : [];
      return reportOf(digested, [...made.rendered, ...rest], pages);
    }
  }

  function reportOf(digested: Digested, rendered: readonly Rendered[], pages: number): Report {
    const { manifest, dirty } = digested;
    if (isDirty(digested)) finish(options, digested);
    const { user, system } = process.cpuUsage(cpu);
    return {
      days: Object.keys(manifest.days).length,
      dirtyDays: dirty.dirty.length,
      exchanges: rendered.reduce((sum, { seen }) => sum + seen, digested.seen),
      pages,
      removed: dirty.gone.length,
      elapsed_ms: Math.round(performance.now() - started),
      cpu_ms: Math.round((user + system) / 1000),
      rss_bytes_max: process.resourceUsage().maxRSS * 1024,
      damage: [...new Set([...digested.damage, ...rendered.flatMap(({ damage }) => damage)])],
    };
  }
}

/**
 * Brings the digests in `folder` up to date and hands them to `use`; the manifest is written when
 * that has succeeded.
 */
export async function withDigests<T>(
  options: SiteOptions,
  folder: string,
  use: (digested: Digested) => Promise<T>,
  onProgress: (progress: Progress) => void = () => {},
  onStream: OnStream = () => {},
): Promise<T> {
  const name = { build: randomUUID(), captures: options.captures, folder };
  const found = loadManifest(folder, lookOf(options));
  const tree = openTree(options.captures);
  const all = options.all === true || Object.keys(found.days).length === 0;
  const before = all ? { ...found, days: {} } : found;
  const changed = dirtySet(before, daysOnDisk(tree), all);
  const days = changed.dirty.map((day) => markDay(day, before.days[dayKey(day.number, day.day)]));
  const slices = slicesToScan(days, before);
  const crew = crewFor(slices.reduce((sum, { from, to }) => sum + to - from, 0));
  try {
    refuseSecrets(await inShares(crew, slices, (share) => crew.run("scan", share)));
    if (all) forgetAll(folder);
    const digests = new DigestStore(folder);
    const touched = forgetDays(digests, [...changed.gone, ...days.filter(isRewritten)]);
    const made = await digestStreams(options, tree, days, crew, onProgress, (stream) => {
      for (const [conversation, on] of stream.talks) digests.keepDays(conversation, on);
      onStream(stream, { digests, crew, name });
    });
    keepMade(options, folder, changed, made);
    const entries = made.flatMap((stream) => stream.entries);
    const titles = titleMarks(titlesOf({ tree, plan: options.plan }));
    const manifest = { ...manifestWith(before, changed.gone, entries), titles };
    const renamed = all ? [] : retitled(before, titles);
    const again = [
      ...daysBelow(renamed, manifest, days),
      ...repage(options.out, digests, made, days),
    ];
    const dirty: DirtySet = { ...changed, dirty: days, again, retitled: renamed };
    const seen = made.reduce((sum, stream) => sum + stream.seen, 0);
    const damage = made.flatMap((stream) => stream.damage);
    const known = { tree, digests, manifest, before, dirty, all, touched };
    const digested = { ...known, seen, damage, crew, name };
    const result = await use(digested);
    if (isDirty(digested)) saveManifest(folder, manifest);
    return result;
  } finally {
    closeAtHand();
    await crew.close();
  }

  function isRewritten(day: DirtyDay): boolean {
    return before.days[dayKey(day.number, day.day)] !== undefined && !day.kept;
  }

  /** Streams beside each other, the largest first; the days of a stream one after the other. */
  async function digestStreams(
    { out }: SiteOptions,
    of: Tree,
    dirtyDays: readonly DirtyDay[],
    by: Crew,
    progress: (progress: Progress) => void,
    onMade: (stream: DaysMade) => void,
  ): Promise<DaysMade[]> {
    let done = 0;
    const streams = Map.groupBy(dirtyDays, ({ number }) => number);
    const tasks = [...streams.values()].map((stream) => stream.map(taskOf));
    const weight = (stream: DayTask[]) => stream.reduce((sum, { day }) => sum + day.bytes, 0);
    tasks.sort((a, b) => weight(b) - weight(a));
    return Promise.all(
      tasks.map(async (stream) => {
        const made = await by.run("days", { name, out, days: stream }, () => {
          done += 1;
          progress({ step: "reading", done, of: dirtyDays.length });
        });
        onMade(made);
        return made;
      }),
    );

    function taskOf(day: DirtyDay): DayTask {
      return { day, before: dayBefore(of, day) };
    }
  }
}

function isDirty({ all, dirty }: Pick<Digested, "all" | "dirty">): boolean {
  const { dirty: days, gone, again, retitled: numbers } = dirty;
  return all || days.length + gone.length + again.length + numbers.length > 0;
}

/** The manifest goes first: what is cut short here is then made anew as a whole. */
function forgetAll(folder: string): void {
  for (const name of ["manifest.json", "days", "index", "talks", "search", "work"]) {
    remove(join(folder, name));
  }
}

/** Takes days out of the conversations that were seen on them; returns those conversations. */
function forgetDays(digests: DigestStore, days: readonly DayName[]): string[] {
  const touched = new Set<string>();
  for (const { number, day } of days) {
    const digest = digests.get({ number, day });
    for (const { conversation } of digest?.placed ?? []) touched.add(conversation);
    digests.forget({ number, day });
  }
  const gone = new Set(days.map(({ number, day }) => dayKey(number, day)));
  for (const conversation of touched) digests.forgetDays(conversation, gone);
  return [...touched];
}

function keepMade(
  { out }: SiteOptions,
  folder: string,
  dirty: Changed,
  made: readonly DaysMade[],
): void {
  const segments = made.flatMap((stream) => stream.segments);
  if (segments.length + dirty.gone.length > 0) writeDirectory(out, folder, segments, dirty.gone);
}

function manifestWith(
  before: Manifest,
  gone: readonly DayEntry[],
  entries: readonly DayEntry[],
): Manifest {
  const days = { ...before.days };
  for (const { number, day } of gone) delete days[dayKey(number, day)];
  for (const entry of entries) days[dayKey(entry.number, entry.day)] = entry;
  return { ...before, days };
}

async function renderShares(
  options: SiteOptions,
  { manifest, before, dirty, all, touched, crew, name }: Digested,
  done: readonly string[],
  onPage: () => void,
): Promise<Rendered[]> {
  // Once, before the threads ask for them.
  await compileTemplates(join(options.state, "site"));
  const inputs = { options, name, manifest, before, dirty, all, touched, done };
  const shares = Array.from({ length: crew.size }, (_, index) => ({ index, of: crew.size }));
  return Promise.all(shares.map((share) => crew.run("render", { ...inputs, share }, onPage)));
}

/** What comes after the last page: what is no longer there, and the word that there is news. */
function finish(options: SiteOptions, digested: Digested): void {
  const { all, dirty, digests, manifest, touched, tree } = digested;
  if (all || dirty.gone.length + dirty.retitled.length + touched.length > 0) {
    sweep({
      out: options.out,
      languages: options.languages.map((language, index) => (index === 0 ? "" : language)),
      manifest,
      numbers: new Set(titlesOf({ tree, plan: options.plan }).map(({ number }) => number)),
      isThere: (conversation) => digests.daysOf(conversation).length > 0,
      pagesOf: (conversation) => talkOf(digests, conversation)?.turns.at(-1)?.page ?? 0,
      touched,
    });
  }
  if (options.live) writeWhole(join(options.out, "_live.json"), JSON.stringify(Date.now()));
}

/** Deals `items` out, one to each in turn, and puts the results together. */
async function inShares<T, R>(
  crew: Crew,
  items: readonly T[],
  run: (share: T[]) => Promise<R[]>,
): Promise<R[]> {
  const shares = Array.from({ length: crew.size }, (_, index) =>
    items.filter((_, at) => at % crew.size === index),
  );
  return (await Promise.all(shares.map(run))).flat();
}

function dayBefore(tree: Tree, { number, day }: DayName): DayName | null {
  const before = tree.days(number).findLast((other) => other.day < day);
  return before ? { number, day: before.day } : null;
}
