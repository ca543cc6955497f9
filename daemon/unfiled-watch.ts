/**
 * Makes noise about calls that are not in the tree: in health within LIMITS.unfiledLookMs, in the log
 * at once and then every minute with a count, and in files for those who read no log:
 * `<state>/unfiled.json` and the one in the tree (record/johnny-decimal/unfiled.ts), which are there
 * only while there is something to say.
 *
 * Invariants: never waits for a disk (everything is asynchronous, and one look at a time); what the
 * disk refuses to take is tried again at the next look; a filer that has calls to try again is woken.
 */
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  isUnfiled,
  parseUnfiled,
  renderUnfiled,
  type Unfiled,
  unfiledName,
} from "../record/johnny-decimal/unfiled.ts";
import { LIMITS } from "../record/limits.ts";
import { folderFault } from "./folders.ts";

/** What the daemon knows of itself. */
export interface RecordingState {
  /** Calls since the start of which something could not be recorded. */
  readonly lostExchanges: number;
  /** Why filing, or recording, does not work just now; null where it does. */
  readonly filing: string | null;
  readonly recording: string | null;
}

export interface UnfiledWatchOptions {
  readonly state: string;
  readonly captures: string;
  readonly writer: string | null;
  readonly observe: () => RecordingState;
  /** Calls wait to be tried again. */
  readonly retry: () => void;
  readonly log: (message: string) => void;
}

export class UnfiledWatch {
  readonly #options: UnfiledWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #setAside = 0;
  /** Why the tree, and the state folder, cannot be written to; null where they can. */
  #faults: { captures: string | null; state: string | null } = { captures: null, state: null };
  /** Not recorded by earlier runs, and by this one as far as it was seen. */
  #before: number | null = null;
  #seenLost = 0;
  #lastLostAt = 0;
  #saidAt = Number.NEGATIVE_INFINITY;
  #said = "";
  /** What the files say, each null where there is none and undefined where that is not known. */
  readonly #written = new Map<string, string | null>();

  constructor(options: UnfiledWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const look = () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = null;
      });
    };
    look();
    this.#timer = setInterval(look, LIMITS.unfiledLookMs);
    this.#timer.unref();
  }

  /** Looks once more, so that the files say how it ended. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
    await this.#look();
  }

  get setAside(): number {
    return this.#setAside;
  }

  /** Reasons for the health, in plain words. */
  reasons(): string[] {
    const { set_aside, not_recorded } = this.#unfiled();
    const reasons = Object.entries(this.#faults).flatMap(([key, fault]) =>
      fault === null ? [] : [`\`${key}\` cannot be written: ${fault}`],
    );
    if (set_aside > 0)
      reasons.push(`${calls(set_aside)} set aside, not in the tree (callnumber retry)`);
    if (not_recorded > 0 && Date.now() - this.#lastLostAt < LIMITS.unrecordedHealthMs) {
      reasons.push(`${calls(not_recorded)} not recorded whole in the last day`);
    }
    return reasons;
  }

  #unfiled(): Unfiled {
    const { writer } = this.#options;
    const { lostExchanges, filing, recording } = this.#observe();
    if (lostExchanges > this.#seenLost) {
      this.#seenLost = lostExchanges;
      this.#lastLostAt = Date.now();
    }
    const isRecent = Date.now() - this.#lastLostAt < LIMITS.unrecordedShownMs;
    return {
      writer,
      at: new Date().toISOString(),
      set_aside: this.#setAside,
      not_recorded: isRecent ? (this.#before ?? 0) + lostExchanges : 0,
      filing: filing === null ? "works" : "fails",
      recording: recording === null ? "works" : "fails",
    };
  }

  /** A folder that cannot be written tells before the next call does. */
  #observe(): RecordingState {
    const { lostExchanges, filing, recording } = this.#options.observe();
    const { captures, state } = this.#faults;
    return { lostExchanges, filing: filing ?? captures, recording: recording ?? state };
  }

  async #look(): Promise<void> {
    const { captures, state, writer, retry } = this.#options;
    const file = join(state, "unfiled.json");
    if (this.#before === null) await this.#remember(file);
    const names = await Promise.all(["poison", "quarantine"].map((x) => namesIn(join(state, x))));
    this.#setAside = names.flat().filter((name) => name.endsWith(".seg")).length;
    if ((await namesIn(join(state, "retry"))).length > 0) retry();
    const [inTree, inState] = await Promise.all([captures, state].map(folderFault));
    this.#faults = { captures: inTree ?? null, state: inState ?? null };
    const unfiled = this.#unfiled();
    this.#say(unfiled);
    await this.#write(file, unfiled);
    const system = await this.#systemFolder();
    if (system !== null) await this.#write(join(system, unfiledName(writer)), unfiled);
  }

  /** What an earlier run lost is news for a day. */
  async #remember(file: string): Promise<void> {
    const [earlier] = parseUnfiled(await readFile(file, "utf8").catch(() => null));
    this.#before = earlier?.not_recorded ?? 0;
    if (this.#before > 0) this.#lastLostAt = Date.parse(earlier?.at ?? "");
  }

  #say(unfiled: Unfiled): void {
    const { set_aside, not_recorded } = unfiled;
    const { filing, recording } = this.#observe();
    const facts = [
      ...(set_aside > 0 ? [`${calls(set_aside)} set aside`] : []),
      ...(not_recorded > 0 ? [`${calls(not_recorded)} not recorded whole`] : []),
      ...(filing === null ? [] : [`filing fails (${filing})`]),
      ...(recording === null ? [] : [`recording fails (${recording})`]),
    ].join(", ");
    const now = performance.now();
    const isDue = facts !== this.#said || now - this.#saidAt >= LIMITS.unfiledSayMs;
    if (facts !== "" && isDue) {
      this.#options.log(`the tree is not complete: ${facts}`);
      this.#saidAt = now;
    }
    this.#said = facts;
  }

  /** The folder of 00.00; null where the tree has none yet, or cannot be read. */
  async #systemFolder(): Promise<string | null> {
    let folder = this.#options.captures;
    for (const number of ["00-09", "00", "00.00"]) {
      const name = (await namesIn(folder)).find((x) => x === number || x.startsWith(`${number} `));
      if (name === undefined) return null;
      folder = join(folder, name);
    }
    return folder;
  }

  async #write(file: string, unfiled: Unfiled): Promise<void> {
    const { at: _, ...facts } = unfiled;
    const content = isUnfiled(unfiled) ? JSON.stringify(facts) : null;
    if (this.#written.get(file) === content) return;
    try {
      if (content === null) await rm(file, { force: true });
      else {
        const { mode } = await stat(dirname(file));
        const draft = join(dirname(file), `.unfiled.${process.pid}.tmp`);
        // As for captures: read by the group where the folder is shared with it.
        await writeFile(draft, renderUnfiled(unfiled), { mode: mode & 0o2000 ? 0o640 : 0o600 });
        await rename(draft, file);
      }
      this.#written.set(file, content);
    } catch {
      // The disk that refuses this is most likely what there is to tell; the next look tries again.
    }
  }
}

function calls(n: number): string {
  return n === 1 ? "1 call is" : `${n} calls are`;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
