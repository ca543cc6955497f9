/**
 * One conversation as one HTML file: everything in it, opens from a disk, can be mailed.
 *
 * Invariants: the file names no other file; its styles and script stand in it and its policy
 * names them by digest; links that would lead out of it are plain text.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../record/errors.ts";
import { findExchange } from "../record/reader/find-exchange.ts";
import { openTree } from "../record/reader/tree.ts";
import { wholeConversationJob } from "./build/conversation-jobs.ts";
import { withDigests } from "./build/digested.ts";
import { remove, writeWhole } from "./build/files.ts";
import type { SiteOptions } from "./build/options.ts";
import { renderPages } from "./build/render.ts";
import { ExchangeSource } from "./digest/exchange-source.ts";

export interface SingleOptions {
  /** Id of a conversation, or the beginning of an exchange's id. */
  readonly id: string;
  /** Absolute path of the file; by default named after the conversation, in `folder`. */
  readonly file?: string | undefined;
  readonly folder: string;
  readonly language?: string | undefined;
}

/** Writes the file. Throws no-such-exchange where neither a conversation nor an exchange has the id. */
export async function exportSingle(
  options: SiteOptions,
  single: SingleOptions,
): Promise<{ file: string; bytes: number }> {
  const folder = join(options.state, "site", "export");
  const out = join(folder, "out");
  const language = single.language ?? options.languages[0] ?? "en";
  const own = { ...options, out, languages: [language] };
  try {
    return await withDigests(own, folder, async (digested) => {
      const id = conversationOf(digested.digests, options, single.id);
      const source = new ExchangeSource(digested.tree, digested.digests);
      const inputs = { ...digested, ...own, source };
      const job = id === null ? null : wholeConversationJob(inputs, id);
      if (!job) throw new CodedError("no-such-exchange", `no conversation ${single.id}`);
      try {
        await renderPages([job], own, () => {});
      } finally {
        source.close();
      }
      const page = join(out, job.path, "index.html");
      const html = selfContained(readFileSync(page, "utf8"), id!, (path) =>
        readFileSync(join(out, path), "utf8"),
      );
      const file = single.file ?? join(single.folder, `${id}.html`);
      writeWhole(file, html);
      return { file, bytes: Buffer.byteLength(html) };
    });
  } finally {
    remove(out);
  }
}

function conversationOf(
  digests: {
    daysOf(id: string): readonly unknown[];
    get(day: {
      number: string;
      day: string;
    }): { rows: readonly { id: string; conversation: string }[] } | null;
  },
  options: SiteOptions,
  id: string,
): string | null {
  if (digests.daysOf(id.toLowerCase()).length > 0) return id.toLowerCase();
  const found = findExchange(openTree(options.captures), id);
  const digest = digests.get({ number: found.stream.number, day: found.day });
  return digest?.rows.find((row) => row.id === found.id)?.conversation ?? null;
}

/** `html` with its styles and script inside and without links out of it. Pure but for `read`. */
export function selfContained(html: string, id: string, read: (path: string) => string): string {
  const styles: string[] = [];
  const scripts: string[] = [];
  const inlined = html
    .replace(/<link rel="stylesheet" href="(?:\.\.\/)*([^"]+)"\s*\/?>/g, (_, path: string) => {
      styles.push(read(path));
      return `<style>${styles.at(-1)}</style>`;
    })
    .replace(/<script src="(?:\.\.\/)*([^"]+)"[^>]*><\/script>/g, (_, path: string) => {
      scripts.push(read(path).replaceAll("</script", "<\\/script"));
      return "";
    })
    .replace(/<link rel="icon"[^>]*>/g, "")
    .replace(new RegExp(` href="(?:\\.\\./)*c/${id}/(?:\\d+/)?(#[^"]+)"`, "g"), ' href="$1"')
    .replace(/ href="(?!#)[^"]*"/g, "")
    .replace(
      "</body>",
      () => `${scripts.map((script) => `<script>${script}</script>`).join("")}</body>`,
    );
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashOf).join(" ") || "'none'"}`,
    `script-src ${scripts.map(hashOf).join(" ") || "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return inlined.replace(
    /(<meta http-equiv="Content-Security-Policy" content=")[^"]*"/,
    `$1${policy}"`,
  );
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
