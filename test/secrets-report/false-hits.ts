/**
 * What the rules find where there is nothing to find: the text files of installed packages and the
 * history of this repository, without the tests, whose made-up keys are meant to be found.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { scan } from "../../record/secrets/scan.ts";

export interface FalseHits {
  readonly bytes: number;
  readonly files: number;
  /** `rule: place, first characters`, one for each find. */
  readonly hits: readonly string[];
}

const TEXT = /\.(?:[cm]?[jt]sx?|json|md|map|txt|ya?ml|html?|css|astro|py|sh|svg|lock)$|\/[A-Z]+$/;
const FILE_BYTES_MAX = 16 * 1024 * 1024;

function* textFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* textFiles(path);
    else if (entry.isFile() && TEXT.test(path)) yield path;
  }
}

const GIT_LOG = ["log", "-p", "--no-color", "--no-ext-diff", "--", ".", ":!test", ":!**/*.test.ts"];

function* texts(root: string): Generator<{ place: string; bytes: Buffer }> {
  const git = { cwd: root, maxBuffer: 1024 ** 3 };
  yield { place: "git log -p", bytes: execFileSync("git", GIT_LOG, git) };
  for (const path of textFiles(join(root, "node_modules"))) {
    const bytes = readFileSync(path);
    if (bytes.length <= FILE_BYTES_MAX) yield { place: relative(root, path), bytes };
  }
}

/** Looks through at most `bytesMax` of text beneath a checkout. */
export function countFalseHits(root: string, bytesMax: number): FalseHits {
  const hits: string[] = [];
  let bytes = 0;
  let files = 0;
  for (const { place, bytes: text } of texts(root)) {
    if (bytes >= bytesMax) break;
    bytes += text.length;
    files += 1;
    for (const { rule, line, preview } of scan(text)) {
      hits.push(`${rule}: ${place}:${line} ${preview}`);
    }
  }
  return { bytes, files, hits };
}
