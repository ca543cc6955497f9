/**
 * A digest over everything that shapes pages besides the captures: templates, styles, scripts,
 * words, and the options. Another look means that every page is made anew.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SiteOptions } from "./options.ts";

const SITE = fileURLToPath(new URL("../", import.meta.url));
let code: string | null = null;

export function lookOf(options: SiteOptions): string {
  const { title, languages, timezone, live = false } = options;
  return createHash("sha256")
    .update(JSON.stringify([codeDigest(), title, languages, timezone, live]))
    .digest("hex")
    .slice(0, 16);
}

/** Of all files below `site/`, read once. */
export function codeDigest(): string {
  code ??= digestOfFiles();
  return code;
}

function digestOfFiles(): string {
  const hash = createHash("sha256");
  const files = readdirSync(SITE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files)
    hash.update(file.slice(SITE.length)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}
