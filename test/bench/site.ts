/**
 * How long the site's build takes and what memory it needs: everything, one more day, nothing
 * changed; each at several sizes of history, so that what grows with old days is seen.
 *
 *   node test/bench/site.ts [days,days,…] [folder] [languages]      (default: 4,8,37, en,zh-Hant)
 *
 * A day has 2,700 exchanges. Captures are generated once into the folder and kept there for another
 * run; without a folder all goes to a temporary one that is removed. Prints a table in Markdown.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { buildSite, type Report, type SiteOptions } from "../../site/build.ts";
import { generateCaptures } from "./generate-captures.ts";

const PER_DAY = 2_700;

interface Measured {
  readonly seconds: number;
  readonly report: Report;
}

const sizes = (process.argv[2] ?? "4,8,37").split(",").map(Number);
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), "callnumber-bench-site-"));
try {
  await main();
} finally {
  if (process.argv[3] === undefined) rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const all = join(folder, "captures");
  const days = Math.max(...sizes) + 1;
  if (!existsSync(all)) generateCaptures({ folder: all, exchanges: days * PER_DAY, days, seed: 1 });
  print(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})\n`);
  print("| history | full build | pages | peak | one more day | peak | nothing changed | load |");
  print("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const size of sizes) print(await row(all, size));
}

async function row(all: string, size: number): Promise<string> {
  const here = join(folder, `run-${size}`);
  rmSync(here, { recursive: true, force: true });
  const options: SiteOptions = {
    captures: join(here, "captures"),
    out: join(here, "out"),
    state: join(here, "state"),
    title: "Benchmark",
    languages: (process.argv[4] ?? "en,zh-Hant").split(",") as SiteOptions["languages"],
    timezone: "UTC",
  };
  const files = readdirSync(all, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const days = [...new Set(files.map(dayOf))].sort();
  const last = days.at(-1)!;
  const old = new Set(days.slice(-1 - size, -1));
  const add = (wanted: (day: string) => boolean) => {
    for (const file of files.filter((path) => wanted(dayOf(path)))) {
      const target = join(options.captures, relative(all, file));
      mkdirSync(dirname(target), { recursive: true });
      place(file, target);
    }
  };
  const load = loadavg()[0]!;
  add((day) => old.has(day));
  const full = await measured(options);
  add((day) => day === last);
  const more = await measured(options);
  const idle = await measured(options);
  rmSync(here, { recursive: true, force: true });
  const cells = [
    `${(size * PER_DAY).toLocaleString("en")} exchanges, ${size} days`,
    time(full),
    full.report.pages.toLocaleString("en"),
    megabytes(full),
    time(more),
    megabytes(more),
    `${idle.seconds.toFixed(2)} s`,
    `${load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/**
 * A build in a process of its own, from asking to answer. What the one before it wrote is on the disk
 * by then, as it is a day later.
 */
async function measured(options: SiteOptions): Promise<Measured> {
  spawnSync("sync");
  const started = performance.now();
  const report = await buildSite(options);
  return { seconds: (performance.now() - started) / 1000, report };
}

/** The same file under another name, where the file system can do that. */
function place(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    cpSync(file, target);
  }
}

function dayOf(path: string): string {
  return /(\d{4}-\d{2}-\d{2})[^/]*$/.exec(path)?.[1] ?? "";
}

/** Wall time, and processor time of the builder: the load of the machine is in the first alone. */
function time({ seconds, report }: Measured): string {
  return `${seconds.toFixed(1)} s (${(report.cpu_ms / 1000).toFixed(1)} s CPU)`;
}

function megabytes({ report }: Measured): string {
  return `${Math.round(report.rss_bytes_max / 1e6)} MB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
