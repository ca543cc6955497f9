/**
 * One build from captures to published folder: which days are dirty, their digests, the pages that
 * follow from them, rendered and merged.
 *
 * What always holds: nothing changed means nothing rendered and Astro not loaded; the manifest is
 * written last; a failed build leaves the published pages as they were, or newer, never broken.
 */
import { join } from "node:path";
import { openTree, type Tree } from "../../record/reader/tree.ts";
import { type DayName, DigestStore } from "../digest/day-digest.ts";
import { ExchangeSource } from "../digest/exchange-source.ts";
import { makeDigest } from "../digest/make-digest.ts";
import { ChunkWriter } from "./chunks.ts";
import { dayEntry } from "./day-entry.ts";
import { digest as digestOf, remove, writeWhole } from "./files.ts";
import { lookOf } from "./look.ts";
import {
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
import { type PageInputs, pageJobs } from "./pages.ts";
import { refuseSecrets } from "./refuse-secrets.ts";
import { renderPages } from "./render.ts";
import { DaySegment, type Segment, writeDirectory } from "./search-index.ts";

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
  const folder = stateFolder(options);
  let pages = 0;
  const publish = async (inputs: PageInputs) => {
    const { dirty } = inputs;
    const isDirty = inputs.all || dirty.dirty.length > 0 || dirty.gone.length > 0;
    if (isDirty) {
      await renderPages(pageJobs(inputs), options, () => {
        pages += 1;
        onProgress({ step: "rendering", done: pages });
      });
      removeGone(options, dirty.gone);
      if (options.live) writeWhole(join(options.out, "_live.json"), JSON.stringify(Date.now()));
    }
    return {
      days: Object.keys(inputs.manifest.days).length,
      dirtyDays: dirty.dirty.length,
      exchanges: inputs.source.seen,
      pages,
      removed: dirty.gone.length,
      elapsed_ms: Math.round(performance.now() - started),
      rss_bytes_max: process.resourceUsage().maxRSS * 1024,
      damage: inputs.source.damage,
    };
  };
  return withDigests(options, folder, publish, onProgress);
}

/**
 * Brings the digests in `folder` up to date and hands them to `use`; the manifest is written when
 * that has succeeded.
 */
export async function withDigests<T>(
  options: SiteOptions,
  folder: string,
  use: (inputs: PageInputs) => Promise<T>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<T> {
  const manifest = loadManifest(folder, lookOf(options));
  const tree = openTree(options.captures);
  const all = options.all === true || Object.keys(manifest.days).length === 0;
  const dirty = dirtySet(manifest, daysOnDisk(tree), all);
  const source = new ExchangeSource(tree);
  const digests = new DigestStore(folder);
  const { out } = options;
  try {
    const next = digestDays(tree, source, digests, manifest, dirty, out, folder, onProgress);
    const result = await use({
      out,
      tree,
      source,
      digests,
      manifest: next,
      before: manifest,
      dirty,
      all,
      plan: options.plan,
    });
    if (all || dirty.dirty.length > 0 || dirty.gone.length > 0) saveManifest(folder, next);
    return result;
  } finally {
    source.close();
  }
}

/** Makes the digests of the dirty days, oldest first, and the index that goes with them. */
function digestDays(
  tree: Tree,
  source: ExchangeSource,
  digests: DigestStore,
  manifest: Manifest,
  dirty: DirtySet,
  out: string,
  folder: string,
  onProgress: (progress: Progress) => void,
): Manifest {
  const days: Record<string, DayEntry> = { ...manifest.days };
  for (const { number, day } of dirty.gone) delete days[dayKey(number, day)];
  refuseSecrets(dirty.dirty, manifest);
  const segments: Segment[] = [];
  let done = 0;
  for (const entry of dirty.dirty) {
    const before = manifest.days[dayKey(entry.number, entry.day)];
    const inputs = {
      source,
      digests,
      at: { number: entry.number, day: entry.day },
      before: dayBefore(tree, entry),
      // Files are append-only: a day that is larger than it was holds what it held.
      known: before && entry.bytes > before.bytes ? digests.get(entry) : null,
    };
    const known = inputs.known?.rows.length ?? 0;
    const segment = new DaySegment(folder, inputs.at, known);
    const chunks = new ChunkWriter(
      out,
      source,
      inputs.at,
      inputs.known?.rows.map(({ id }) => id) ?? [],
    );
    const made = makeDigest(inputs, (fresh) => {
      segment.add(fresh);
      chunks.add(fresh.row.id);
    });
    chunks.end();
    segments.push(segment.write(out, made));
    days[dayKey(entry.number, entry.day)] = dayEntry(entry, made);
    done += 1;
    onProgress({ step: "reading", done, of: dirty.dirty.length });
  }
  if (segments.length + dirty.gone.length > 0) writeDirectory(out, folder, segments, dirty.gone);
  return { ...manifest, days };
}

function dayBefore(tree: Tree, { number, day }: DayName): DayName | null {
  const before = tree.days(number).findLast((other) => other.day < day);
  return before ? { number, day: before.day } : null;
}

function removeGone(options: SiteOptions, gone: readonly DayEntry[]): void {
  for (const { number, day } of gone) {
    for (const [index, language] of options.languages.entries()) {
      remove(join(options.out, index === 0 ? "" : language, number, day));
    }
  }
}
