/**
 * `callnumber scan`: credentials in the tree, in any files, or in what is about to be committed.
 * Exit 1 when something was found; the secret itself is never printed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { CodedError } from "../record/errors.ts";
import { LARGE_FILE_ADVICE } from "../record/johnny-decimal/lint.ts";
import { LIMITS } from "../record/limits.ts";
import type { AllowList } from "../record/secrets/allow-list.ts";
import type { ScanHit } from "../record/secrets/scan.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { type FilePiece, piecesOf } from "./file-pieces.ts";
import { inLine } from "./printable.ts";

interface Source {
  readonly file: string;
  readonly read: () => Iterable<FilePiece>;
}

const SKIPPED_FOLDERS = new Set([".git", "node_modules", ".callnumber"]);

/** Regular files under a path, itself included; links are not followed. */
function* filesUnder(path: string): Generator<string> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CodedError("no-such-path", `nothing is at ${path}`);
  if (stat.isFile()) yield path;
  if (!stat.isDirectory()) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory() && SKIPPED_FOLDERS.has(entry.name)) continue;
    if (entry.isDirectory() || entry.isFile()) yield* filesUnder(join(path, entry.name));
  }
}

function git(io: Io, args: readonly string[]): Buffer {
  const options = { cwd: io.cwd, maxBuffer: LIMITS.scanFileBytes, stdio: "pipe" } as const;
  try {
    return execFileSync("git", args, options);
  } catch (cause) {
    const said = String((cause as { stderr?: Buffer }).stderr ?? "").trim();
    throw new CodedError("git-failed", `git ${args[0]}: ${said || (cause as Error).message}`, {
      cause,
    });
  }
}

/** What is staged, as it is staged: the file in the folder may already differ. */
function stagedSources(paths: readonly string[], io: Io): Source[] {
  const list = ["diff", "--cached", "--name-only", "--relative", "-z", "--diff-filter=ACMRT", "--"];
  const names = git(io, [...list, ...paths])
    .toString()
    .split("\0")
    .filter(Boolean);
  return names.map((file) => ({
    file,
    read: () => [{ bytes: git(io, ["cat-file", "blob", `:./${file}`]), above: 0 }],
  }));
}

/** After an update of the rules `doctor` proposes another one. */
async function noteCleanScan(options: Options, io: Io): Promise<void> {
  const { noteScan } = await import("./scanned.ts");
  const { state } = await configOf(options, io);
  if (existsSync(state)) noteScan(state);
}

/** Of the configured captures; empty where no configuration can be read: a scan needs none. */
async function allowListOf(options: Options, io: Io): Promise<AllowList> {
  const { readAllowList } = await import("../record/secrets/allow-list.ts");
  try {
    return readAllowList((await configOf(options, io)).captures);
  } catch (error) {
    if (error instanceof CodedError) return { has: () => false };
    throw error;
  }
}

async function sourcesOf(args: readonly string[], options: Options, io: Io): Promise<Source[]> {
  if (options.staged === true) return stagedSources(args, io);
  const roots =
    args.length > 0
      ? args.map((a) => resolve(io.cwd, a))
      : [(await configOf(options, io)).captures];
  return roots.flatMap((root) =>
    Array.from(filesUnder(root), (path) => ({
      file: relative(io.cwd, path) || path,
      read: () => piecesOf(path),
    })),
  );
}

/** Puts finds on the list of what is allowed; they must be found now, or the list would hold guesses. */
async function allowFinds(
  wanted: readonly string[],
  found: readonly ScanHit[],
  options: Options,
  io: Io,
): Promise<number> {
  const { allow } = await import("../record/secrets/allow-list.ts");
  const { CaptureTree } = await import("../record/johnny-decimal/tree.ts");
  const { captures } = await configOf(options, io);
  const finds = [...new Set(wanted)].map((fingerprint) => {
    const hit = found.find((known) => known.fingerprint === fingerprint);
    if (hit) return hit;
    throw new CodedError("allow-refused", `nothing found has the fingerprint ${fingerprint}`);
  });
  const reason = typeof options.reason === "string" ? options.reason : "";
  const path = allow(new CaptureTree({ captures }), finds, reason, new Date());
  const what = finds.length === 1 ? "1 find" : `${finds.length} finds`;
  io.stdout.write(`${what} allowed: review and commit ${relative(io.cwd, path) || path}\n`);
  return 0;
}

/** The credentials in a file, each once although its pieces overlap. */
function* hitsIn(
  pieces: Iterable<FilePiece>,
  scanBytes: (bytes: Buffer) => ScanHit[],
): Generator<ScanHit> {
  let seen = new Set<string>();
  for (const { bytes, above } of pieces) {
    const here = new Set<string>();
    for (const hit of scanBytes(bytes)) {
      const whole = { ...hit, line: above + hit.line };
      const key = `${whole.line} ${whole.fingerprint}`;
      if (!seen.has(key)) yield whole;
      here.add(key);
    }
    seen = here;
  }
}

/** Of what is staged: one piece. */
function lengthOf(pieces: Iterable<FilePiece>): number {
  for (const { bytes } of pieces) return bytes.length;
  return 0;
}

function line(file: string, hit: ScanHit, json: boolean): string {
  if (json) return `${JSON.stringify({ file, ...hit })}\n`;
  const place = hit.range === null ? `${hit.line}` : `${hit.line}:${hit.range[0] + 1}`;
  const inside = hit.range === null ? " (in a stored stream)" : "";
  return `${inLine(file)}:${place}: ${hit.rule} ${hit.preview}${inside} ${hit.fingerprint}\n`;
}

export const scan: Command = {
  name: "scan",
  summary: "look for credentials in the tree, or take them out; exit 1 when one is left",
  arguments: [
    { name: "path", summary: "files or folders; the whole tree without it", variadic: true },
  ],
  options: [
    { flags: "--json", summary: "one JSON object a credential" },
    { flags: "--fix", summary: "redact the captures that an older version wrote, in place" },
    { flags: "--dry-run", summary: "with --fix: only say what would happen" },
    { flags: "--staged", summary: "what git is about to commit (for a pre-commit hook)" },
    {
      flags: "--allow <fingerprints>",
      summary: "note that these finds (with commas between) are no secrets; needs --reason",
    },
    { flags: "--reason <text>", summary: "why they are none, for whoever reviews the list" },
  ],
  examples: [
    "callnumber scan",
    "callnumber scan dist",
    "callnumber scan --staged captures",
    "callnumber scan --fix --dry-run",
    'callnumber scan --allow 1f2e3d4c5b6a7988 --reason "pixels of a screenshot"',
  ],
  run: async (args, options, io) => {
    if (options.fix === true) {
      if (args.length > 0 || options.staged === true) {
        throw new CodedError("fix-refused", "--fix is for the whole tree of captures");
      }
      const { fixCaptures } = await import("./scan-fix.ts");
      return fixCaptures(await configOf(options, io), options, io);
    }
    const { scan: scanBytes, UNREADABLE } = await import("../record/secrets/scan.ts");
    const sources = await sourcesOf(args, options, io);
    const wanted = typeof options.allow === "string" ? options.allow.split(",") : null;
    if (wanted !== null) {
      const hits = sources.flatMap(({ read }) => [...hitsIn(read(), scanBytes)]);
      return allowFinds(wanted, hits, options, io);
    }
    const allowed = await allowListOf(options, io);
    let found = 0;
    let passed = 0;
    let unreadable = 0;
    for (const { file, read } of sources) {
      const pieces = read();
      if (options.staged === true && lengthOf(pieces) > LIMITS.gitFileBytes) {
        io.stderr.write(`warning: ${inLine(file)}: ${LARGE_FILE_ADVICE}\n`);
      }
      for (const hit of hitsIn(pieces, scanBytes)) {
        if (allowed.has(hit)) {
          passed += 1;
          continue;
        }
        if (hit.rule === UNREADABLE) unreadable += 1;
        else found += 1;
        io.stdout.write(line(file, hit, options.json === true));
      }
    }
    const count = `${sources.length} file${sources.length === 1 ? "" : "s"}`;
    const files = passed === 0 ? count : `${count}, ${passed} allowed`;
    if (unreadable > 0) {
      const parts = unreadable === 1 ? "1 part" : `${unreadable} parts`;
      io.stderr.write(
        `${parts} that nobody could look into: damaged, or longer than any that is recorded ` +
          "(`callnumber verify` names the calls)\n",
      );
      if (found === 0) return 1;
    }
    if (found === 0) {
      if (args.length === 0 && options.staged !== true) await noteCleanScan(options, io);
      io.stderr.write(`${files}, no credentials found\n`);
      return 0;
    }
    const what = found === 1 ? "1 credential" : `${found} credentials`;
    io.stderr.write(`${files}, ${what} found: revoke first, then remove them (docs/security.md)\n`);
    return 1;
  },
};
