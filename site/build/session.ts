/**
 * One build from captures to published folder: which days are dirty, their digests, the pages that
 * follow from them, rendered and merged.
 *
 * Invariants: nothing changed means nothing rendered and no template loaded; only what is new
 * and scanned is published; the manifest is written last (see digested.ts); a failed build leaves
 * the published pages as they were, or newer, never broken.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../../record/errors.ts";
import { type Digested, isDirty, withDigests } from "./digested.ts";
import { EarlyPages } from "./early-pages.ts";
import { digest as digestOf, remove, writeWhole } from "./files.ts";
import { languageFolders } from "./folders.ts";
import type { HeldEntry } from "./manifest.ts";
import type { Progress, Report, SiteOptions } from "./options.ts";
import { titlesOf } from "./pages.ts";
import { sweep } from "./sweep.ts";
import type { Rendered } from "./tasks.ts";
import { compileTemplates, loadTemplates } from "./templates.ts";

/** Folder below the state folder that belongs to one published folder. */
export function stateFolder(options: SiteOptions): string {
  return join(options.state, "site", digestOf(options.out));
}

function heldLine({ conversation, file, line, rule, preview, fingerprint }: HeldEntry): string {
  return `held back c/${conversation}/: ${file}:${line}: ${rule} (${preview}) ${fingerprint}`;
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
    // Whoever deletes the published folder wants it made, not only what changes from now on.
    const isThere = existsSync(join(options.out, "index.html"));
    const own = isThere ? options : { ...options, all: true };
    const early = new EarlyPages(options, onPage);
    return withDigests(own, folder, publish, onProgress, early.begin);

    function onPage(): void {
      pages += 1;
      onProgress({ step: "rendering", done: pages });
    }

    async function publish(digested: Digested): Promise<Report> {
      const made = await early.end(digested.digests);
      const rest = isDirty(digested)
        ? await renderShares(options, digested, made.conversations, onPage)
        : [];
      if (isDirty(digested)) await finish(options, digested);
      return reportOf(digested, [...made.rendered, ...rest], pages);
    }
  }

  function reportOf(digested: Digested, rendered: readonly Rendered[], pages: number): Report {
    const { manifest, dirty } = digested;
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
      held: Object.values(manifest.days).flatMap(({ held }) => held.map(heldLine)),
      damage: [...new Set([...digested.damage, ...rendered.flatMap(({ damage }) => damage)])],
    };
  }
}

async function renderShares(
  options: SiteOptions,
  { manifest, before, dirty, all, changed, crew, name }: Digested,
  done: readonly string[],
  onPage: () => void,
): Promise<Rendered[]> {
  // Once, before the threads ask for them.
  await compileTemplates(join(options.state, "site"));
  const inputs = { options, name, manifest, before, dirty, all, changed, done };
  const shares = Array.from({ length: crew.size }, (_, index) => ({ index, of: crew.size }));
  return Promise.all(shares.map((share) => crew.run("render", { ...inputs, share }, onPage)));
}

/** What comes after the last page: what is no longer there, and the word that there is news. */
async function finish(options: SiteOptions, digested: Digested): Promise<void> {
  const { all, cut, dirty, digests, manifest, tree } = digested;
  if (all || cut || dirty.gone.length + dirty.retitled.length > 0) {
    sweep({
      out: options.out,
      languages: languageFolders(options),
      client: (await loadTemplates(join(options.state, "site"))).client,
      manifest,
      numbers: new Set(titlesOf({ tree, plan: options.plan }).map(({ number }) => number)),
      isThere: (conversation) => digests.daysOf(conversation).length > 0,
    });
  }
  const live = join(options.out, "_live.json");
  if (options.live) writeWhole(live, JSON.stringify(Date.now()));
  else remove(live);
}
