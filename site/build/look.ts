/**
 * A digest over everything that shapes pages besides the captures: templates, styles, scripts,
 * words, the code that reads captures (dialects, conversations, findings), and the options. Another
 * look means that every page is made anew.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SiteOptions } from "./options.ts";

/** `site/` and `record/`. */
const ROOMS = ["../", "../../record/"].map((room) => fileURLToPath(new URL(room, import.meta.url)));
let code: string | null = null;

export function lookOf(options: SiteOptions): string {
  const { title, languages, timezone, live = false } = options;
  return createHash("sha256")
    .update(JSON.stringify([codeDigest(), title, languages, timezone, live]))
    .digest("hex")
    .slice(0, 16);
}

/** Of all files of both rooms, read once. */
export function codeDigest(): string {
  code ??= digestOfFiles();
  return code;
}

function digestOfFiles(): string {
  const hash = createHash("sha256");
  for (const room of ROOMS) {
    const files = readdirSync(room, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) {
      hash.update(file.slice(room.length)).update("\0").update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}
