/**
 * Makes `build/`, what the npm package consists of: JavaScript by tsc, beside it the site's
 * templates, styles and browser scripts, the man page and the shell completions.
 *
 *   node packaging/build.ts        (npm runs it before `npm pack` and `npm publish`)
 *
 * What always holds: `build/` is made anew each time; nothing in it refers outside of it; a checkout
 * never needs it. Why it exists at all: Node refuses to strip types below node_modules.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILD = join(ROOT, "build");

export async function build(): Promise<void> {
  rmSync(BUILD, { recursive: true, force: true });
  compile();
  copySite();
  copyFileSync(join(ROOT, "astro.config.mjs"), join(BUILD, "astro.config.mjs"));
  await writeGenerated();
  chmodSync(join(BUILD, "cli", "main.js"), 0o755);
}

function compile(): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const { bin } = JSON.parse(readFileSync(tsc, "utf8")) as { bin: { tsc: string } };
  const program = join(dirname(tsc), bin.tsc);
  const done = spawnSync(process.execPath, [program, "--project", "tsconfig.build.json"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (done.status !== 0) throw new Error("tsc found errors: nothing was built");
}

/** Everything of the site that is not compiled: Astro and the browser's bundler read it as it is. */
function copySite(): void {
  for (const file of filesUnder(join(ROOT, "site"))) {
    const path = relative(ROOT, file);
    const isScript = path.startsWith(join("site", "scripts"));
    if (file.endsWith(".ts") && !isScript) continue;
    const target = join(BUILD, path);
    mkdirSync(dirname(target), { recursive: true });
    if (file.endsWith(".astro")) writeFileSync(target, toCompiled(readFileSync(file, "utf8")));
    else copyFileSync(file, target);
  }
}

/** Templates import modules, which are JavaScript here; browser scripts stay as they are. */
function toCompiled(template: string): string {
  return template.replace(/(from\s+")(\.[^"?]+)\.ts"/g, '$1$2.js"');
}

function* filesUnder(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === ".astro") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile()) yield path;
  }
}

async function writeGenerated(): Promise<void> {
  const { allCommands } = await import("../cli/commands.ts");
  const { completions } = await import("../cli/completion-scripts.ts");
  const { manPage } = await import("../cli/man-page.ts");
  const { version } = await import("../cli/version.ts");
  const commands = await allCommands();
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(BUILD, path)), { recursive: true });
    writeFileSync(join(BUILD, path), text);
  };
  put("man/callnumber.1", manPage(commands, version()));
  for (const [shell, text] of Object.entries(completions(commands))) {
    put(`completions/callnumber.${shell}`, text);
  }
}

if (import.meta.main) await build();
