/**
 * Keeps the arrows of docs/architecture.md true: reads every import of every source file and fails
 * on one that its room may not have, on a package that nobody decided on, and on habits that the
 * house style rules out (barrels, over-long files, a module without an opening comment).
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Room → what it may import: own and other rooms (path prefixes), and packages. `node:` is free. */
const ROOMS: Record<string, { rooms: string[]; packages: string[] }> = {
  "cli/": {
    rooms: ["cli/", "daemon/", "record/", "site/"],
    packages: ["commander", "chokidar", "fast-glob", "uqr"],
  },
  "daemon/config/": {
    rooms: ["daemon/config/", "record/"],
    packages: ["yaml", "zod", "chokidar"],
  },
  "daemon/proxy/": {
    rooms: [
      "daemon/proxy/",
      "daemon/config/",
      "daemon/spool/",
      "daemon/frames.ts",
      "record/errors.ts",
      "record/limits.ts",
    ],
    packages: ["ws"],
  },
  "daemon/spool/": {
    rooms: ["daemon/spool/", "record/errors.ts", "record/limits.ts"],
    packages: [],
  },
  "daemon/filing/": {
    rooms: ["daemon/filing/", "daemon/spool/", "daemon/config/", "daemon/", "record/"],
    packages: ["ws"],
  },
  "daemon/playback/": {
    // An upstream like any other: it implements the byte path's interface.
    rooms: ["daemon/playback/", "daemon/proxy/upstream.ts", "record/"],
    packages: [],
  },
  "daemon/systemd/": {
    rooms: ["daemon/systemd/", "daemon/config/homes.ts", "record/limits.ts"],
    packages: [],
  },
  "daemon/": { rooms: ["daemon/", "record/"], packages: ["chokidar"] },
  "record/": {
    rooms: ["record/"],
    packages: ["zod", "yaml", "eventsource-parser", "diff", "fast-glob", "@pydantic/genai-prices"],
  },
  "site/": {
    rooms: ["site/", "record/", "astro.config.mjs"],
    packages: ["astro", "astro/config", "chokidar", "fast-glob", "diff"],
  },
};

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|astro|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((file) => !file.includes("node_modules/") && !file.includes("/.astro/"));
}

const files = ["cli", "daemon", "record", "site"].flatMap(sources);

function importsOf(text: string): string[] {
  const found = [...text.matchAll(/^\s*(?:import|export)\b[^;'"]*?from\s+["']([^"']+)["']/gm)];
  const bare = [...text.matchAll(/^\s*import\s+["']([^"']+)["']/gm)];
  const dynamic = [...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)];
  return [...found, ...bare, ...dynamic].map((match) => match[1]!);
}

function roomOf(file: string): string {
  const rooms = Object.keys(ROOMS).sort((a, b) => b.length - a.length);
  const room = rooms.find((prefix) => file.startsWith(prefix));
  assert.ok(room, `${file} lies in no room that docs/architecture.md knows`);
  return room;
}

test("no file imports what its room must not have", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const room = ROOMS[roomOf(file)]!;
    for (const target of importsOf(readFileSync(join(root, file), "utf8"))) {
      if (target.startsWith("node:") || target.startsWith("astro:")) continue;
      if (target.startsWith(".")) {
        const path = posix.join(posix.dirname(file), target);
        if (path === "package.json") continue;
        if (!room.rooms.some((prefix) => path.startsWith(prefix))) wrong.push(`${file} → ${path}`);
      } else if (!room.packages.some((name) => target === name || target.startsWith(`${name}/`))) {
        wrong.push(`${file} → package ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test("the filing room opens no socket and the record room reaches no network", () => {
  const wrong = files
    .filter((file) => file.startsWith("daemon/filing/") || file.startsWith("record/"))
    .filter((file) =>
      importsOf(readFileSync(join(root, file), "utf8")).some((target) =>
        /^node:(net|http|https|http2|tls|dgram|dns)/.test(target),
      ),
    );
  assert.deepEqual(wrong, []);
});

test("every TypeScript module says at its top what it owns", () => {
  const silent = files
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => {
      const text = readFileSync(join(root, file), "utf8").replace(/^#!.*\n/, "");
      return !/^(\/\*\*|\/\/)/.test(text);
    });
  assert.deepEqual(silent, []);
});

test("no module is a barrel, none is called utils, and none is longer than a sitting", () => {
  const wrong = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const lines = text.split("\n").length;
    const problems = [];
    if (/(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(file)) problems.push(`${file}: name`);
    if (/^export \* from/m.test(text)) problems.push(`${file}: barrel`);
    if (lines > 420) problems.push(`${file}: ${lines} lines`);
    return problems;
  });
  assert.deepEqual(wrong, []);
});
