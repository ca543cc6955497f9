/**
 * Renders pages with the compiled templates and publishes them one by one, so that memory does not
 * grow with the number of pages.
 *
 * Invariants: a page is made only when its turn comes and is written whole or not at all; the
 * published folder is added to, never wiped. It must never load Astro itself: that is the business
 * of templates.ts, once for a version of the templates.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { PageView } from "../view/pages.ts";
import { siteContext } from "./context.ts";
import { writeChanged } from "./files.ts";
import { BASE, relativeLinks } from "./links.ts";
import type { SiteOptions } from "./options.ts";
import type { PageJob, PageKind } from "./page-job.ts";
import {
  loadTemplates,
  type TemplateApp,
  type TemplateRoute,
  type Templates,
} from "./templates.ts";
import { PageWords } from "./words.ts";

/** File of the template that renders a kind of page, below `site/pages`. */
const FILES: Readonly<Record<PageKind, string>> = {
  home: "[...lang]/index.astro",
  jdex: "[...lang]/jdex.astro",
  models: "[...lang]/models.astro",
  problems: "[...lang]/problems.astro",
  search: "[...lang]/search.astro",
  diff: "[...lang]/diff.astro",
  number: "[...lang]/[number]/index.astro",
  day: "[...lang]/[number]/[day]/[...page].astro",
  conversation: "[...lang]/c/[id]/[...page].astro",
};

/** Renders `jobs`, each once, and publishes them in all languages; calls `onPage` for each file as it is published. */
export async function renderPages(
  jobs: Iterable<PageJob>,
  options: SiteOptions,
  onPage: (path: string) => void,
): Promise<void> {
  const templates = await loadTemplates(join(options.state, "site"));
  publishAssets(templates, options.out);
  for (const job of jobs) {
    const route = routeOf(templates.app, job.kind);
    const view = job.view();
    const words = new PageWords();
    const site = siteContext(options, job, words);
    const page = await render(templates.app, route, job.path, { site, view });
    for (const [index, lang] of options.languages.entries()) {
      const path = index === 0 ? job.path : `${lang}/${job.path}`;
      const html = relativeLinks(words.in(lang, page), path);
      writeChanged(join(options.out, path, "index.html"), Buffer.from(html, "latin1"));
      onPage(path);
    }
  }
}

function routeOf(app: TemplateApp, kind: PageKind): TemplateRoute {
  const route = app.manifestData.routes.find(({ component }) => component.endsWith(FILES[kind]));
  if (!route) throw new Error(`there is no template for pages of the kind ${kind}`);
  return route;
}

/** The page's UTF-8 bytes as latin1, with marks where words belong. */
async function render(
  app: TemplateApp,
  routeData: TemplateRoute,
  path: string,
  locals: { site: unknown; view: PageView },
): Promise<string> {
  const request = new Request(new URL(`${BASE}${path}`, "http://localhost"));
  const response = await app.render(request, { routeData, locals });
  if (response.status !== 200) {
    // Astro has written the reason to standard error.
    throw new Error(`the page /${path} could not be rendered (${response.status})`);
  }
  return Buffer.from(await response.arrayBuffer()).toString("latin1");
}

/** Styles, scripts and images: named after their content, but for what stands in site/public. */
function publishAssets({ client }: Templates, out: string): void {
  for (const entry of readdirSync(client, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const file = relative(client, source).split(sep).join("/");
    writeChanged(join(out, file), readFileSync(source));
  }
}
