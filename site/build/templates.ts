/**
 * The compiled templates: what Astro makes of site/pages once, kept in the state folder and called
 * for every page from then on. A build that finds them loads neither Astro nor Vite.
 *
 * What always holds: compiled anew when anything of the site's code or Astro's version differs;
 * they appear under their name only when they are whole, so two builds may compile at once.
 */
import { fork } from "node:child_process";
import { readdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { threadId } from "node:worker_threads";
import { CodedError } from "../../record/errors.ts";
import { digest, readIfThere, remove, writeWhole } from "./files.ts";
import { codeDigest } from "./look.ts";

/** Exit code of templates-process.ts where Astro is not installed. */
export const ASTRO_MISSING = 3;

/** Compiled templates that nothing has used for so long are removed. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** A route of the app, as Astro describes it. */
export interface TemplateRoute {
  readonly component: string;
}

/** What adapter-entry.mjs exports, as far as it is called. */
export interface TemplateApp {
  readonly manifestData: { readonly routes: readonly TemplateRoute[] };
  render(
    request: Request,
    options: { readonly routeData: TemplateRoute; readonly locals: object },
  ): Promise<Response>;
}

export interface Templates {
  readonly app: TemplateApp;
  /** Folder of the styles, scripts and images that pages name. */
  readonly client: string;
}

const loaded = new Map<string, Promise<Templates>>();

/**
 * The templates, compiled where that is still to be done. Throws astro-missing, or an Error where
 * a template does not compile (the reason is on standard error).
 */
export function loadTemplates(stateFolder: string): Promise<Templates> {
  const known = loaded.get(stateFolder);
  if (known) return known;
  const loading = load(stateFolder).catch((error: unknown) => {
    loaded.delete(stateFolder);
    throw error;
  });
  loaded.set(stateFolder, loading);
  return loading;
}

/** Compiles the templates where that is still to be done. Errors as of loadTemplates. */
export async function compileTemplates(stateFolder: string): Promise<string> {
  const folder = join(stateFolder, "templates");
  const name = digest(`${codeDigest()} ${astroVersion()}`);
  const home = join(folder, name);
  const used = join(home, "used");
  if (readIfThere(used) === null) await compile(folder, home);
  writeWhole(used, new Date().toISOString());
  removeOld(folder, name);
  return home;
}

async function load(stateFolder: string): Promise<Templates> {
  const home = await compileTemplates(stateFolder);
  const entry = pathToFileURL(join(home, "server", "entry.mjs")).href;
  const { app } = (await import(entry)) as { app: TemplateApp };
  return { app, client: join(home, "client") };
}

async function compile(folder: string, home: string): Promise<void> {
  // Threads of one process must not meet either.
  const mine = `${process.pid}-${threadId}`;
  const temporary = `${home}.${mine}.tmp`;
  const work = join(folder, `work-${mine}`);
  try {
    const code = await run([temporary, work]);
    if (code === ASTRO_MISSING) {
      throw new CodedError("astro-missing", "the package astro is not installed");
    }
    if (code !== 0) throw new Error("the site's templates could not be compiled (see above)");
    writeWhole(join(temporary, "used"), new Date().toISOString());
    try {
      renameSync(temporary, home);
    } catch (error) {
      // Another build was faster with the very same.
      if (readIfThere(join(home, "used")) === null) throw error;
    }
  } finally {
    remove(temporary);
    remove(work);
  }
}

function run(args: readonly string[]): Promise<number | null> {
  const file = import.meta.url.endsWith(".ts") ? "templates-process.ts" : "templates-process.js";
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code));
  });
}

/** "" where it is not installed. */
function astroVersion(): string {
  const found = readPackage();
  return found === null ? "" : (JSON.parse(found) as { version: string }).version;
}

function readPackage(): string | null {
  try {
    const path = createRequire(import.meta.url).resolve("astro/package.json");
    return readIfThere(path)?.toString() ?? null;
  } catch {
    return null;
  }
}

/** Templates of other versions, and what a killed compilation left behind. */
function removeOld(folder: string, current: string): void {
  for (const name of readdirSync(folder)) {
    if (name === current) continue;
    const path = join(folder, name);
    const pid = /^work-(\d+)(?:-\d+)?$|\.(\d+)(?:-\d+)?\.tmp$/.exec(name)?.slice(1).find(Boolean);
    const used = statSync(join(path, "used"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (pid ? !isAlive(Number(pid)) : Date.now() - used > KEPT_MS) remove(path);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
