/**
 * Files calls that were set aside because filing them failed: `<state>/poison/<id>.seg` (and
 * `quarantine/`, of older versions), each a segment of the spool with the reason beside it.
 *
 * A call that is to be tried again is moved into a spool and a checkpoint of its own:
 *
 *   <state>/retry/<id>/spool/000000000042.seg, …43.seg (empty: nothing more comes)
 *                     /why.txt   /tries   /without-bodies (only headers, sizes and digests)
 *
 * Invariants: killed at any moment, the next try goes on where this one was and files nothing twice;
 * what fails again, or ends the filer twice, is set aside again. One process at a time: whoever
 * writes to the tree.
 */
import fs from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../record/limits.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "../spool/segment.ts";
import { Filer } from "./filer.ts";
import type { FilerConfig, FilerOptions } from "./filer-options.ts";
import { createRedaction, type Redact } from "./redact.ts";

const FOLDERS = ["poison", "quarantine"] as const;
const NO_RUN = "0".repeat(16);

/** A call that is not in the tree. */
export interface SetAside {
  readonly id: string;
  /** Its segment. */
  readonly path: string;
  /** First line of the reason. */
  readonly why: string;
}

/** All that is set aside in a state folder; none where it cannot be read. */
export function setAsideCalls(state: string): SetAside[] {
  return FOLDERS.flatMap((folder) =>
    namesIn(join(state, folder)).flatMap((name) => {
      if (!name.endsWith(".seg")) return [];
      const path = join(state, folder, name);
      const id = name.slice(0, -".seg".length);
      return [{ id, path, why: textOf(whyOf(path)).split("\n")[0] ?? "" }];
    }),
  );
}

/** True where calls wait to be tried again. */
export function hasClaimed(state: string): boolean {
  return claimedIn(state).length > 0;
}

/**
 * Ids of the calls that are claimed. A folder without a call, and not tried yet, is one that somebody
 * is making just now (or did not come to the end of making): nobody else may touch it.
 */
function claimedIn(state: string): string[] {
  return namesIn(join(state, "retry")).filter((id) => {
    const folder = join(state, "retry", id);
    return fs.existsSync(join(folder, "tries")) || namesIn(join(folder, "spool")).length > 1;
  });
}

/**
 * Makes all calls that are set aside ready to be tried again; gives them. `withoutBodies`: only what
 * surrounds their bodies is to be filed. What is no segment stays where it is. Throws what the disk
 * says.
 */
export function claimSetAside(state: string, withoutBodies = false): SetAside[] {
  return setAsideCalls(state).filter(({ id, path }) => {
    try {
      const number = segmentOf(path);
      if (number !== null) claim(state, id, { path, number, withoutBodies });
      return number !== null;
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && !fs.existsSync(path)) return false;
      throw error;
    }
  });
}

/**
 * What an older version could not file a newer one may: makes it ready to be tried again at the first
 * start of another version, which is remembered in `<state>/version`.
 */
export function claimAfterUpdate(state: string, version: string): void {
  const path = join(state, "version");
  if (version === "" || textOf(path).trim() === version) return;
  claimSetAside(state);
  write(path, `${version}\n`);
}

function claim(
  state: string,
  id: string,
  { path, number, withoutBodies }: { path: string; number: number; withoutBodies: boolean },
): void {
  const folder = join(state, "retry", id);
  const spool = join(folder, "spool");
  fs.mkdirSync(spool, { recursive: true, mode: 0o700 });
  if (withoutBodies) write(join(folder, "without-bodies"), "");
  const why = textOf(whyOf(path));
  // Empty where another process has just claimed it, with the reason.
  if (why !== "") write(join(folder, "why.txt"), why);
  const next = encodeSegmentHeader({ number: number + 1, run: NO_RUN });
  write(join(spool, segmentName(number + 1)), next);
  // From here on it is claimed.
  fs.renameSync(path, join(spool, segmentName(number)));
  fs.rmSync(whyOf(path), { force: true });
}

export interface RetryOptions
  extends Pick<FilerOptions, "understand" | "redaction" | "onFiled" | "mayGoOn"> {
  readonly config: FilerConfig;
  readonly say: (message: string) => void;
}

/** Tries what was claimed, one call after the other. Leaves those whose time the disk does not allow. */
export async function retryClaimed(options: RetryOptions): Promise<void> {
  const { config, mayGoOn = () => true } = options;
  let redact: Redact | null = null;
  finishGivingBack(config.state);
  for (const id of claimedIn(config.state)) {
    if (!mayGoOn()) return;
    redact ??= (options.redaction ?? createRedaction)(config);
    try {
      await retryOne(id, redact, options);
    } catch (error) {
      options.say(`${id} cannot be tried again: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
}

async function retryOne(id: string, redact: Redact, options: RetryOptions): Promise<void> {
  const { config, say } = options;
  const folder = join(config.state, "retry", id);
  const tries = Number(textOf(join(folder, "tries"))) + 1;
  if (tries > LIMITS.retryTriesCount) {
    giveBack(config.state, id, "the filer died of it");
    say(`${id} is set aside again: the filer died of it`);
    return;
  }
  write(join(folder, "tries"), String(tries));
  const filer = new Filer({
    ...options,
    config: { ...config, state: folder },
    spoolDir: join(folder, "spool"),
    redaction: () => redact,
    withoutBodies: fs.existsSync(join(folder, "without-bodies")),
  });
  let complete = false;
  try {
    complete = await filer.run();
  } finally {
    filer.close();
  }
  if (filer.stats().poisoned > 0) {
    const [again] = setAsideCalls(folder);
    giveBack(config.state, id, textOf(again ? whyOf(again.path) : join(folder, "why.txt")));
  } else if (complete) {
    fs.rmSync(folder, { recursive: true, force: true });
    say(`${id} was set aside and is filed now`);
  } else write(join(folder, "tries"), "0");
}

/** Sets a claimed call aside again. */
function giveBack(state: string, id: string, why: string): void {
  const folder = join(state, "retry", id);
  const target = join(state, "poison", `${id}.seg`);
  fs.mkdirSync(join(state, "poison"), { recursive: true, mode: 0o700 });
  const spool = join(folder, "spool");
  const [first, second] = namesIn(spool);
  // It has set it aside in its own folder, or has not come to that.
  const source = setAsideCalls(folder)[0]?.path ?? (first && second && join(spool, first));
  const back = `${target}${BACK}`;
  if (source !== undefined) {
    write(whyOf(target), why);
    fs.renameSync(source, back);
  }
  fs.rmSync(folder, { recursive: true, force: true });
  // Only now may another process claim it, for it would do so in that folder.
  if (source !== undefined) fs.renameSync(back, target);
}

/** Behind the name of a call on its way back. */
const BACK = ".back";

/** What was on its way back when its process ended. */
function finishGivingBack(state: string): void {
  const folder = join(state, "poison");
  for (const name of namesIn(folder)) {
    if (!name.endsWith(BACK)) continue;
    fs.rmSync(join(state, "retry", name.slice(0, -`.seg${BACK}`.length)), {
      recursive: true,
      force: true,
    });
    fs.renameSync(join(folder, name), join(folder, name.slice(0, -BACK.length)));
  }
}

function whyOf(path: string): string {
  return path.replace(/\.seg$/, ".txt");
}

/** The number in the segment's header; null where it is none. */
function segmentOf(path: string): number | null {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    fs.readSync(fd, bytes, 0, bytes.length, 0);
  } finally {
    fs.closeSync(fd);
  }
  return decodeSegmentHeader(bytes)?.number ?? null;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function write(path: string, content: string | Buffer): void {
  fs.writeFileSync(path, content, { mode: 0o600 });
}
