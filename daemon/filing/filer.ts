/**
 * The filer: takes what the spool holds and files it, one exchange after the other, in the order
 * in which they ended. It runs in a process of its own (filer-process.ts); this is its core.
 *
 * Invariants: an exchange is confirmed only when the tree is synced, and a segment of the
 * spool is removed only when every exchange with a frame in it is confirmed; what cannot be written now is tried
 * again later; what cannot be filed at all is set aside in the state directory and the rest goes
 * on. Killed at any moment, a new one files what is left and nothing twice.
 */
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { SpoolBytes } from "../spool/extents.ts";
import { type SpoolFrame, SpoolReader } from "../spool/reader.ts";
import { Batch } from "./batch.ts";
import {
  bareRecord,
  buildAsFarAsPossible,
  buildTurnAsFarAsPossible,
  buildWithoutBodies,
} from "./build-partial.ts";
import type { BuildTools, BuiltRecord } from "./build-record.ts";
import { isSocket, type TurnOfSocket, turnsOf } from "./build-socket.ts";
import { CaptureStore } from "./capture-store.ts";
import { Checkpoint } from "./checkpoint.ts";
import { CurrentExchange } from "./current-exchange.ts";
import { FilerCounts } from "./filer-counts.ts";
import type { FilerConfig, FilerOptions } from "./filer-options.ts";
import { LiveSockets } from "./live-sockets.ts";
import type { FiledNotice, FilerStats } from "./messages.ts";
import { OpenExchanges, type SpooledExchange } from "./open-exchanges.ts";
import { createRedaction } from "./redact.ts";
import { isTrouble } from "./refusals.ts";
import { finishRewriting } from "./retire-segments.ts";
import { SpoolEraser } from "./spool-eraser.ts";
import { findExchange, framesOf, rememberAgain, setAside } from "./spooled-frames.ts";
import { TornBytes } from "./torn-bytes.ts";
import { TreeWriter } from "./tree-writer.ts";
import { LostAppends } from "./unsynced-appends.ts";
import { upstreamUrl } from "./upstream-url.ts";
import { RETRY_MS, Waiting } from "./waiting.ts";

/** How long the loop may run before messages are let in. */
const TURN_MS = 20;

export class Filer {
  readonly #options: FilerOptions;
  readonly #reader: SpoolReader;
  readonly #bytes: SpoolBytes;
  readonly #open: OpenExchanges;
  readonly #live = new LiveSockets();
  readonly #checkpoint: Checkpoint;
  readonly #store: CaptureStore;
  readonly #eraser: SpoolEraser;
  readonly #current: CurrentExchange;
  readonly #poison: ReadonlySet<string>;
  readonly #suspects: ReadonlySet<string>;
  #alone: string | null;
  /** Found in the tree at the start though never confirmed. */
  readonly #found: Set<string>;
  #writer: TreeWriter;
  #tools: BuildTools;
  readonly #batch = new Batch();
  readonly #waiting = new Waiting();
  #torn = 0;
  #unconfirmed = false;
  /** Nothing was filed in this round. */
  #quiet = true;
  #degraded: string | null = null;
  readonly #counts = new FilerCounts();

  constructor(options: FilerOptions) {
    this.#options = options;
    const { config, spoolDir } = options;
    this.#checkpoint = new Checkpoint(config.state);
    this.#open = new OpenExchanges((key) => this.#checkpoint.isDone(key));
    finishRewriting(spoolDir);
    this.#reader = new SpoolReader(spoolDir, this.#checkpoint.from);
    this.#eraser = new SpoolEraser(
      spoolDir,
      this.#checkpoint,
      this.#open,
      this.#reader,
      this.#live,
    );
    this.#bytes = new SpoolBytes(spoolDir);
    this.#current = new CurrentExchange(config.state);
    this.#poison = new Set(options.poison ?? []);
    this.#suspects = new Set(options.suspects ?? []);
    this.#alone = options.alone ?? null;
    const torn = new TornBytes(config.state, (message) => this.#say(message));
    this.#store = new CaptureStore(config.writer, torn);
    [this.#writer, this.#tools] = this.#configured(config);
    this.#found = this.#store.found(this.#checkpoint.attempts, (message) => this.#say(message));
  }

  /** Takes a reloaded configuration for everything from the next exchange on. */
  configure(config: FilerConfig): void {
    [this.#writer, this.#tools] = this.#configured(config);
  }

  /**
   * Files all that has ended by now. True where nothing is left to be done; false where the disk
   * refused something, where a suspect is left, or where it was told to stop. Not to be called while
   * it runs.
   */
  async run(): Promise<boolean> {
    try {
      if (this.#unconfirmed) this.#confirm();
      if (this.#unconfirmed) return false;
      this.#quiet = true;
      await this.#fileAlone();
      await this.#waiting.retry((x) => this.#file(x));
      const hasReadAll = await this.#readOn();
      this.#confirm();
      const hasErased = this.#erase();
      this.#torn = this.#reader.sayTorn(this.#torn, (message) => this.#say(message));
      const { stalled, suspects } = this.#waiting;
      if (!hasErased || !hasReadAll || this.#unconfirmed || stalled > 0) return false;
      this.#degraded = null;
      return suspects === 0 && this.#goesOn();
    } catch (error) {
      // Reading the spool, or tidying it up, was refused: nothing is lost by waiting.
      if (!isTrouble(error)) throw error;
      this.#degraded = (error as Error).message;
      return false;
    }
  }

  /** True where it came to the end of what there is. */
  async #readOn(): Promise<boolean> {
    let turnAt = performance.now() + TURN_MS;
    while (this.#mayRead()) {
      const frame = this.#reader.next();
      const { run } = this.#reader;
      const ended = frame ? this.#open.take(frame) : run === null ? [] : this.#open.enter(run);
      this.#bytes.soundTo(this.#reader.position);
      for (const exchange of ended) await this.#file(exchange);
      if (frame !== null) await this.#follow(frame);
      if (frame === null && ended.length === 0) return true;
      const now = performance.now();
      if (this.#batch.isDue(now)) this.#confirm();
      if (now > turnAt) {
        await turn();
        turnAt = performance.now() + TURN_MS;
      }
    }
    return false;
  }

  /** The suspect, before anything else is built. What is confirmed is passed over when it is read. */
  async #fileAlone(): Promise<void> {
    if (this.#alone === null) return;
    const x = findExchange(this.#options.spoolDir, this.#checkpoint.from, this.#alone);
    if (x !== null) await this.#file(x);
    // Refused by the disk it is innocent too, and comes again with all others.
    this.#waiting.forget(this.#alone);
    this.#confirm();
    this.#options.onSurvived?.(this.#alone);
    this.#alone = null;
  }

  /** When `run` should be called again after it gave false; milliseconds from now. */
  get retryMs(): number {
    return RETRY_MS;
  }

  /** Key of an exchange that waits to be tried alone, once nothing else is left to do. */
  get suspect(): string | null {
    return this.#waiting.stalled > 0 || this.#unconfirmed ? null : this.#waiting.suspect;
  }

  /** True while a WebSocket is open: its turns are to be looked for without being called. */
  get follows(): boolean {
    return this.#live.count > 0;
  }

  stats(): FilerStats {
    return {
      ...this.#counts.all,
      open: this.#open.count,
      stalled: this.#waiting.count,
      filedIn: this.#eraser.waitsFor,
      degraded: this.#degraded,
    };
  }

  /** `spoolClosed`: nobody writes to the spool any more, so what is filed goes from its end too. */
  close(spoolClosed = false): void {
    this.#confirm();
    this.#erase();
    if (spoolClosed && !this.#unconfirmed) this.#eraser.eraseLast(this.#waiting.all());
    this.#current.close();
    this.#checkpoint.close();
    this.#reader.close();
    this.#bytes.close();
  }

  #configured(config: FilerConfig): [TreeWriter, BuildTools] {
    const say = (message: string) => this.#say(message);
    const writer = new TreeWriter(config, this.#store, this.#checkpoint, say);
    const tools: BuildTools = {
      bytes: this.#bytes,
      redact: (this.#options.redaction ?? createRedaction)(config),
      understand: this.#options.understand,
      upstreamUrl: (name) => upstreamUrl(config, name),
      bodyLimitBytes: config.limits.bodyBytes,
      decodeLimitBytes: config.limits.decodeBytes,
    };
    return [writer, tools];
  }

  #goesOn(): boolean {
    return this.#options.mayGoOn?.() ?? true;
  }

  #mayRead(): boolean {
    return this.#goesOn() && !this.#unconfirmed && !this.#waiting.isFull;
  }

  async #file(x: SpooledExchange): Promise<void> {
    if (x.begin === null || this.#checkpoint.isDone(x.key)) return;
    if (!this.#goesOn()) {
      this.#waiting.stall(x, false);
      return;
    }
    if (this.#found.delete(x.key)) this.#done(x, []);
    else if (this.#poison.has(x.key)) this.#putAside(x, "the filer died of it");
    else if (this.#suspects.has(x.key)) this.#waiting.suspend(x);
    else await this.#build(x);
  }

  async #build(x: SpooledExchange): Promise<void> {
    this.#current.set(x.key);
    try {
      const bare = this.#options.withoutBodies === true;
      if (isSocket(x) && !bare) await this.#buildSocket(x);
      else {
        const { bodyLimitBytes } = this.#tools;
        const whole = x.forgotten ? rememberAgain(this.#options.spoolDir, x, bodyLimitBytes) : x;
        const build = bare ? buildWithoutBodies : buildAsFarAsPossible;
        const record = await build(whole, this.#tools);
        this.#done(x, [this.#append(x, record, x.key)]);
      }
    } catch (error) {
      this.#refused(x, error as NodeJS.ErrnoException);
    } finally {
      this.#current.set(null);
    }
  }

  /** What of an ended socket was not filed while it was open. */
  async #buildSocket(x: SpooledExchange): Promise<void> {
    this.#live.end(x.key);
    const frames = framesOf(this.#options.spoolDir, x);
    for await (const turn of turnsOf(x, frames, this.#tools.decodeLimitBytes)) {
      this.#fileTurn(x, turn);
    }
    this.#done(x, []);
  }

  /** Files what ends within an open socket by this frame. */
  async #follow(frame: SpoolFrame): Promise<void> {
    const x = this.#open.get(frame.exchange);
    if (x === null || !isSocket(x) || x.gap || this.#isBlamed(x.key)) return;
    if (this.#checkpoint.isDone(x.key)) return;
    const turns = await this.#live.take(x, frame, this.#tools);
    if (turns.length === 0) return;
    this.#current.set(x.key);
    try {
      for (const turn of turns) this.#fileTurn(x, { turn, close: null, problem: null });
      if (this.#live.noteFiled(x.key, this.#reader.position)) {
        for (const n of x.segments) this.#open.mixed.add(n);
      }
    } catch {
      // Whatever it is, there will be another try, with all its consequences, at the socket's end.
      this.#live.end(x.key);
    } finally {
      this.#current.set(null);
    }
  }

  #isBlamed(key: string): boolean {
    return this.#poison.has(key) || this.#suspects.has(key) || this.#alone === key;
  }

  #fileTurn(x: SpooledExchange, turn: TurnOfSocket): void {
    const key = `${x.key}/${turn.turn.index}`;
    if (this.#live.isFiled(x.key, key) || this.#checkpoint.isDone(key)) return;
    const notices = this.#found.delete(key)
      ? []
      : [this.#append(x, buildTurnAsFarAsPossible(x, turn, this.#tools), key)];
    this.#live.filed(x.key, key);
    this.#done({ key, start: x.start }, notices);
  }

  #append(x: SpooledExchange, record: BuiltRecord, key: string): FiledNotice {
    const notice = this.#writer.append(key, x.begin?.number ?? null, record);
    this.#counts.add(record.line);
    return notice;
  }

  /** The disk's refusals are waited out; anything else will not get better by waiting. */
  #refused(x: SpooledExchange, error: NodeJS.ErrnoException): void {
    if (error.code === "ENOENT" && error.path?.startsWith(this.#options.spoolDir)) {
      this.#fileLost(x);
    } else if (isTrouble(error)) {
      this.#wait(x, error);
    } else this.#putAside(x, error.stack ?? error.message);
  }

  /** What is known of a call whose bodies are gone from the spool. */
  #fileLost(x: SpooledExchange): void {
    const reason = "its part of the spool is gone";
    this.#say(`${x.begin?.id}: ${reason}`);
    try {
      const notice = this.#append(x, bareRecord(x, this.#tools, reason), x.key);
      this.#counts.all.lost++;
      this.#done(x, [notice]);
    } catch (error) {
      this.#wait(x, error as Error);
    }
  }

  #putAside(x: SpooledExchange, why: string): void {
    try {
      const folder = join(this.#options.config.state, "poison");
      const path = setAside(this.#options.spoolDir, x, folder, why);
      // Not why: the message of an error may quote what it stumbled over.
      this.#say(`${x.begin?.id} is set aside, not filed: ${path}; callnumber retry tries again`);
      this.#counts.all.poisoned++;
      this.#done(x, []);
    } catch (error) {
      this.#wait(x, error as Error);
    }
  }

  #wait(x: SpooledExchange, { message }: Error): void {
    this.#degraded = message;
    this.#waiting.stall(x, true);
  }

  #done(x: Pick<SpooledExchange, "key" | "start">, notices: readonly FiledNotice[]): void {
    this.#live.forget(x.key);
    this.#quiet = false;
    this.#batch.add({ key: x.key, start: x.start, notices });
  }

  /** Syncs the tree, then confirms, then removes what the spool no longer needs to hold. */
  #confirm(): void {
    if (this.#batch.isEmpty) return;
    const from = this.#eraser.lowWater(this.#waiting.all());
    try {
      this.#store.sync();
      this.#checkpoint.finish(this.#batch.pending, from);
    } catch (error) {
      if (error instanceof LostAppends) throw error;
      this.#unconfirmed = true;
      this.#degraded = (error as Error).message;
      return;
    }
    this.#unconfirmed = false;
    const filed = this.#batch.take();
    if (filed.length > 0) this.#options.onFiled?.(filed);
  }

  /** Removes what the spool need not hold any more; false where the disk refuses that. */
  #erase(): boolean {
    if (this.#unconfirmed) return false;
    // A segment that is written anew is another file, with other places.
    this.#bytes.close();
    try {
      this.#eraser.erase(this.#waiting, this.#quiet);
      return true;
    } catch (error) {
      this.#degraded = `what is filed stays in the spool: ${(error as Error).message}`;
      return false;
    }
  }

  #say(message: string): void {
    this.#options.say?.(message);
  }
}
