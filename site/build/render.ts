/**
 * Renders pages with Astro into a work folder and publishes them: batch by batch, so that memory
 * does not grow with the number of pages.
 *
 * What always holds: `getStaticPaths` yields the batch and nothing else; the package's own folder
 * is only read (Astro's caches go to the state folder); the published folder is added to page by
 * page. Astro stays loaded between builds: the first takes about two seconds, the next a quarter.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import type { PageView } from "../view/pages.ts";
import { siteContext } from "./context.ts";
import { remove, writeChanged } from "./files.ts";
import { BASE, relativeLinks } from "./links.ts";
import type { SiteOptions } from "./options.ts";
import type { PageJob, PageKind } from "./page-job.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

interface StaticPath {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly props: { readonly open: (locals: Record<string, unknown>) => PageView };
}

interface Handle {
  paths: (kind: PageKind) => StaticPath[];
}

let batches = 0;

/** Renders `jobs` in all languages; calls `onPage` for each file as it is published. */
export async function renderPages(
  jobs: Iterable<PageJob>,
  options: SiteOptions,
  workFolder: string,
  onPage: (path: string) => void,
): Promise<void> {
  let batch: PageJob[] = [];
  for (const job of jobs) {
    batch.push(job);
    if (batch.length * options.languages.length < LIMITS.siteBatchPages) continue;
    await renderBatch(batch, options, workFolder, onPage);
    batch = [];
  }
  if (batch.length > 0) await renderBatch(batch, options, workFolder, onPage);
}

/** Loads Astro ahead of the first build. Throws astro-missing where it is not installed. */
export async function warmUp(): Promise<void> {
  await loadAstro();
}

async function renderBatch(
  jobs: readonly PageJob[],
  options: SiteOptions,
  workFolder: string,
  onPage: (path: string) => void,
): Promise<void> {
  const astro = await loadAstro();
  // Named at run time: the file is JavaScript, as Astro wants it, and has no types.
  const { default: config } = await import(new URL("../../astro.config.mjs", import.meta.url).href);
  mkdirSync(workFolder, { recursive: true });
  const folder = realpathSync(workFolder);
  // A folder of its own for each batch: Astro imports its entry from there, and an entry that is
  // imported a second time under the same name still has the first batch's pages.
  batches += 1;
  const outDir = join(folder, `rendered-${process.pid}-${batches}`);
  remove(outDir);
  const handle: Handle = { paths: (kind) => staticPaths(jobs, kind, options) };
  (globalThis as { callnumberSite?: Handle }).callnumberSite = handle;
  // Astro puts its intermediate files below the working folder, unless the output lies in it.
  const cwd = process.cwd();
  process.chdir(folder);
  linkModules(folder);
  try {
    await astro.build({
      ...config,
      configFile: false,
      root: folder,
      srcDir: join(PACKAGE, "site"),
      publicDir: join(PACKAGE, "site", "public"),
      cacheDir: join(folder, "cache"),
      vite: { cacheDir: join(folder, "vite") },
      outDir,
      base: BASE,
      logLevel: "error",
    });
  } finally {
    process.chdir(cwd);
  }
  publish(outDir, options.out, onPage);
  remove(outDir);
}

function staticPaths(jobs: readonly PageJob[], kind: PageKind, options: SiteOptions): StaticPath[] {
  const built = new Date().toISOString();
  const paths: StaticPath[] = [];
  for (const job of jobs) {
    if (job.kind !== kind) continue;
    // One view serves all languages of a page: they are rendered one after the other.
    let view: PageView | null = null;
    let left = options.languages.length;
    for (const [index, lang] of options.languages.entries()) {
      const open = (locals: Record<string, unknown>): PageView => {
        locals.site = siteContext(options, lang, job, built);
        view ??= job.view();
        const current = view;
        left -= 1;
        if (left === 0) view = null;
        return current;
      };
      paths.push({
        params: { ...job.params, lang: index === 0 ? undefined : lang },
        props: { open },
      });
    }
  }
  return paths;
}

function publish(from: string, out: string, onPage: (path: string) => void): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const file = relative(from, source).split(sep).join("/");
    if (file.endsWith(".html")) {
      const path = file === "index.html" ? "" : file.slice(0, -"index.html".length);
      writeChanged(join(out, file), relativeLinks(readFileSync(source, "utf8"), path));
      onPage(path);
    } else {
      writeChanged(join(out, file), readFileSync(source));
    }
  }
}

/** Astro resolves its own entries from the root: there its packages are a link away. */
function linkModules(folder: string): void {
  const astro = dirname(createRequire(import.meta.url).resolve("astro/package.json"));
  const link = join(folder, "node_modules");
  const target = dirname(astro);
  if (lstatSync(link, { throwIfNoEntry: false })) {
    if (realpathSync(link) === realpathSync(target)) return;
    remove(link);
  }
  symlinkSync(target, link, "junction");
}

interface Astro {
  build(config: Record<string, unknown>): Promise<void>;
}

async function loadAstro(): Promise<Astro> {
  process.env.ASTRO_TELEMETRY_DISABLED = "1";
  try {
    return (await import("astro")) as unknown as Astro;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new CodedError("astro-missing", "the package astro is not installed", { cause });
  }
}
