/**
 * Makes `callnumber.mjs`: the program as one file, for machines without npm. Everything but the
 * site, which needs Astro: record, file, read, scan, run as a service.
 *
 *   node packaging/bundle.ts [OUTPUT]      (default: build/callnumber.mjs)
 *   node callnumber.mjs serve
 *
 * What always holds: one file, nothing beside it; the process and the worker that the program starts
 * are this same file, told by a parameter of its URL or by an argument which part they are.
 */
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What runs apart from the program: as a child process, or as a worker. */
const ENTRY = `
import { isMainThread } from "node:worker_threads";
if (!isMainThread) await import("./daemon/playback/recordings-worker.ts");
else if (process.env.CALLNUMBER_PART === "filer") await import("./daemon/filing/filer-process.ts");
else await (await import("./cli/main.ts")).runAsProgram();
`;

/** CommonJS inside of the bundle asks for \`require\`. */
const BANNER = `#!/usr/bin/env node
import { createRequire as callnumberRequire } from "node:module";
const require = callnumberRequire(import.meta.url);`;

/** Writes the bundle; gives its size in bytes. */
export async function bundle(output: string): Promise<number> {
  mkdirSync(dirname(output), { recursive: true });
  await build({
    stdin: { contents: ENTRY, resolveDir: ROOT, sourcefile: "callnumber.ts", loader: "ts" },
    outfile: output,
    bundle: true,
    minifyWhitespace: true,
    platform: "node",
    format: "esm",
    target: "node22",
    legalComments: "inline",
    logLevel: "warning",
    banner: { js: BANNER },
    plugins: [oneFile],
    external: ["astro", "*/astro.config.mjs"],
  });
  chmodSync(output, 0o755);
  return statSync(output).size;
}

/** The places where the program looks for files of its own, and what they become. */
const CHANGES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "cli/main.ts": [["realpathSync(invoked) === fileURLToPath(import.meta.url)", "false"]],
  "cli/version.ts": [
    ["export function version(): string {", "export function version(): string { return VERSION;"],
  ],
  "daemon/config/load.ts": [
    ["createRequire(import.meta.url)(parser) as typeof import", "PARSE(parser) as typeof import"],
    [
      'import { createRequire } from "node:module";',
      'import * as parse from "./parse.ts"; const PARSE = (_: string) => parse;',
    ],
  ],
  "daemon/config/zod.ts": [
    ["const require = createRequire(import.meta.url);", ""],
    ['const locales = require.resolve("zod/v4/locales");', ""],
    ["require.cache[locales] ??= Object.assign(new Module(locales), { loaded: true });", ""],
    ['export const { z } = require("zod") as typeof Zod;', 'export { z } from "zod";'],
    ['import { createRequire, Module } from "node:module";', ""],
  ],
  "daemon/filing/supervisor.ts": [
    ['MALLOC_ARENA_MAX: "1" }', 'MALLOC_ARENA_MAX: "1", CALLNUMBER_PART: "filer" }'],
    [
      '`./filer-process.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url',
      "import.meta.url",
    ],
  ],
  "site/build.ts": [
    [
      "function start({ state }: SiteOptions): ChildProcess {",
      'function start({ state }: SiteOptions): ChildProcess { throw new CodedError("astro-missing", "this file has no site in it; the package has");',
    ],
  ],
  "cli/own-program.ts": [
    [
      'new URL(`./main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)',
      "new URL(import.meta.url)",
    ],
  ],
  "daemon/playback/open.ts": [
    ["new URL(`./recordings-worker.${extension}`, import.meta.url)", "new URL(import.meta.url)"],
  ],
};

const oneFile: Plugin = {
  name: "one-file",
  setup(on) {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      version: string;
    };
    on.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const file = relative(ROOT, path).replaceAll("\\", "/");
      const changes = CHANGES[file];
      if (changes === undefined) return null;
      let contents = readFileSync(path, "utf8");
      for (const [from, to] of changes) {
        if (!contents.includes(from)) throw new Error(`${file} has no ${from}`);
        contents = contents.replace(from, to.replace("VERSION", JSON.stringify(version)));
      }
      return { contents, loader: "ts" };
    });
  },
};

if (import.meta.main) {
  const output = resolve(process.argv[2] ?? join(ROOT, "build", "callnumber.mjs"));
  console.log(`${output} (${await bundle(output)} bytes)`);
}
