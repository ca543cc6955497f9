/**
 * Nothing that people read tells them to fetch callnumber by its name: it is in no registry, so the
 * name is anybody's to take, and whoever takes it runs code on the machines of those who follow. A
 * checkout, and a package made in it, are named by their path.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCES = ["cli", "daemon", "record", "site", "packaging", "docs"];

/** What a package manager, a container engine or a clone would look up somewhere else. */
const FETCHED: readonly RegExp[] = [
  /\b(?:npx|bunx|uvx|pipx run|(?:npm|pnpm|yarn|bun) (?:exec|dlx|x|create)|npm init)(?: -\S+)* callnumber\b/i,
  /\b(?:npm|pnpm|yarn|bun|pip3?|pipx|brew|apt|apt-get|dnf|pacman|apk|snap|cargo|nix-env)(?: (?:global|-\S+))* (?:install|i|add|upgrade|update|-S)\b(?: (?:global|-\S+))* callnumber\b/i,
  /\bcallnumber@(?:latest|next|\d)/i,
  /\b(?:ghcr\.io|docker\.io|quay\.io|registry\.[\w.-]+)\/\S*callnumber/i,
  /\b(?:docker|podman|nerdctl) (?:run|pull|create)\b[^\n]*[ =]callnumber(?::|\s|$)/i,
  /\b(?:npmjs\.com|pypi\.org|hub\.docker\.com)\/\S*callnumber/i,
];

function problemsIn(text: string): string[] {
  // A command may go on in the next line, of a comment as well.
  const joined = text.replace(/\\\n[#* ]*/g, " ");
  return FETCHED.flatMap((pattern) => joined.match(pattern)?.[0] ?? []);
}

function* textFiles(): Generator<string> {
  for (const entry of readdirSync(root)) if (/\.md$|^Containerfile$/.test(entry)) yield entry;
  for (const folder of SOURCES) {
    for (const name of readdirSync(join(root, folder), { recursive: true })) {
      const path = join(folder, String(name));
      if (/\.(?:md|ts|mjs|json|astro)$/.test(path)) yield path;
    }
  }
}

test("no page, help, comment or message tells people to fetch callnumber by its name", () => {
  const found = [...textFiles()].flatMap((path) =>
    problemsIn(readFileSync(join(root, path), "utf8")).map((phrase) => `${path}: ${phrase}`),
  );
  assert.deepEqual(found, []);
  assert.ok([...textFiles()].length > 200);
});

test("what would fetch it is told from what does not", () => {
  for (const phrase of [
    "npx callnumber up",
    "npx --yes callnumber",
    "npm install --global callnumber",
    "sudo npm i -g callnumber@latest",
    "npm install --omit=optional callnumber` in a folder",
    "pnpm dlx callnumber",
    "docker run --rm callnumber",
    "podman run --rm \\\n#   --env A=b callnumber",
    "podman pull ghcr.io/somebody/callnumber:1",
    "brew install callnumber",
    "apt-get install -y callnumber",
  ]) {
    assert.notDeepEqual(problemsIn(phrase), [], phrase);
  }
  for (const phrase of [
    "npm install --global ./callnumber-0.1.0.tgz",
    "npm run callnumber -- ls",
    "podman run --rm localhost/callnumber",
    "podman build --tag localhost/callnumber .",
    "systemctl restart callnumber",
  ]) {
    assert.deepEqual(problemsIn(phrase), [], phrase);
  }
});
