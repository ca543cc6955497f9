/**
 * The process that compiles the templates with Astro, once for a version of them: it alone loads
 * Astro and Vite, and ends with their memory. Started by templates.ts with two arguments, the
 * folder to write (`server/` and `client/`) and a work folder for Astro's caches.
 *
 * What always holds: the package's own folder is only read. Exits with ASTRO_MISSING where Astro is
 * not installed, with 1 and the reason on standard error where a template does not compile.
 */
import { lstatSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { remove } from "./files.ts";
import { BASE } from "./links.ts";
import { ASTRO_MISSING } from "./templates.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

interface Astro {
  build(config: Record<string, unknown>): Promise<void>;
}

/** Registers the app of adapter-entry.mjs as what serves the pages. */
const adapter = {
  name: "callnumber",
  hooks: {
    "astro:config:done": ({ setAdapter }: { setAdapter: (adapter: object) => void }) =>
      setAdapter({
        name: "callnumber",
        entrypointResolution: "auto",
        serverEntrypoint: new URL("./adapter-entry.mjs", import.meta.url),
        supportedAstroFeatures: { serverOutput: "stable", staticOutput: "stable" },
      }),
  },
};

async function compile(to: string, work: string): Promise<void> {
  const astro = await loadAstro();
  // Named at run time: the file is JavaScript, as Astro wants it, and has no types.
  const { default: config } = await import(new URL("../../astro.config.mjs", import.meta.url).href);
  mkdirSync(work, { recursive: true });
  const root = realpathSync(work);
  mkdirSync(to, { recursive: true });
  const outDir = realpathSync(to);
  // Astro puts its intermediate files below the working folder, unless the output lies in it.
  process.chdir(root);
  linkModules(root);
  await astro.build({
    ...config,
    configFile: false,
    root,
    srcDir: join(PACKAGE, "site"),
    publicDir: join(PACKAGE, "site", "public"),
    cacheDir: join(root, "cache"),
    outDir,
    vite: { cacheDir: join(root, "vite"), ssr: { noExternal: true } },
    adapter,
    base: BASE,
    logLevel: "error",
  });
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

async function loadAstro(): Promise<Astro> {
  process.env.ASTRO_TELEMETRY_DISABLED = "1";
  try {
    return (await import("astro")) as unknown as Astro;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    process.exit(ASTRO_MISSING);
  }
}

const [to, work] = process.argv.slice(2);
await compile(to!, work!);
