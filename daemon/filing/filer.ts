/**
 * The filer: takes what the spool holds and files it, one exchange after the other, in the order
 * in which they ended. It runs in a process of its own (filer-process.ts); this is its core.
 *
 * What always holds: an exchange is confirmed only when the tree is synced, and a segment of the
 * spool is removed only when everything in it is confirmed; what cannot be written now is tried
 * again later; what cannot be filed at all is set aside in the state directory and the rest goes
 * on. Killed at any moment, a new one files what is left and nothing twice.
 */
import fs from "node:fs";
import { basename, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { Understood, WireExchange } from "../../record/dialects/normal.ts";
import { SYSTEM_INBOX } from "../../record/johnny-decimal/numbers.ts";
import { planFromConfig } from "../../record/johnny-decimal/plan.ts";
import { CaptureTree } from "../../record/johnny-decimal/tree.ts";
import { LIMITS } from "../../record/limits.ts";
import type { Config, UpstreamConfig } from "../config/types.ts";
import { SpoolBytes } from "../spool/extents.ts";
import { listSegments, type Position, SpoolReader } from "../spool/reader.ts";
import { segmentName } from "../spool/segment.ts";
import { type BuildTools, type BuiltRecord, buildRecord } from "./build-record.ts";
import { buildSocket, isSocket } from "./build-socket.ts";
import { CaptureStore } from "./capture-store.ts";
import { Checkpoint } from "./checkpoint.ts";
import { CurrentExchange } from "./current-exchange.ts";
import type { FiledNotice, FilerStats } from "./messages.ts";
import { comparePositions, OpenExchanges, type SpooledExchange } from "./open-exchanges.ts";
import { createRedaction, type Redact } from "./redact.ts";
import { type Place, Router } from "./route.ts";
import { rememberAgain, setAside } from "./spooled-frames.ts";
import { TornBytes } from "./torn-bytes.ts";

export type FilerConfig = Pick<
  Config,
  "captures" | "state" | "writer" | "tree" | "autofile" | "redact" | "limits"
> & {
  /** Only where each upstream is: what a call costs depends on who serves it. */
  readonly upstreams: Readonly<Record<string, Pick<UpstreamConfig, "url">>>;
};

export interface FilerOptions {
  readonly config: FilerConfig;
  readonly spoolDir: string;
  readonly understand: (exchange: WireExchange) => Understood;
  /** Makes the redaction of a configuration; `createRedaction` where it is not given. */
  readonly redaction?: (config: FilerConfig) => Redact;
  /** Keys of exchanges that have killed filers before and are to be set aside. */
  readonly poison?: readonly string[];
  readonly onFiled?: (filed: readonly FiledNotice[]) => void;
  readonly say?: (message: string) => void;
  /** False when the filer is to stop before the next exchange. */
  readonly mayGoOn?: () => boolean;
}

interface Pending {
  readonly key: string;
  readonly start: Position;
  readonly notices: readonly FiledNotice[];
}

/** How long a disk that refused is left alone. */
const RETRY_MS = 1000;
/** How long the loop may run before messages are let in. */
const TURN_MS = 20;

export class Filer {
  readonly #options: FilerOptions;
  readonly #reader: SpoolReader;
  readonly #bytes: SpoolBytes;
  readonly #open = new OpenExchanges();
  readonly #checkpoint: Checkpoint;
  readonly #store: CaptureStore;
  readonly #current: CurrentExchange;
  readonly #poison: ReadonlySet<string>;
  /** Found in the tree at the start though never confirmed. */
  readonly #found = new Set<string>();
  #tree: CaptureTree;
  #router: Router;
  #tools: BuildTools;
  /** Appended and not yet synced. */
  #batch: Pending[] = [];
  #batchSince = 0;
  /** Built, but refused by the disk, with when they may be tried again. */
  #stalled: SpooledExchange[] = [];
  #retryAt = 0;
  #torn = 0;
  #unconfirmed = false;
  #degraded: string | null = null;
  readonly #counts = {
    filed: 0,
    interrupted: 0,
    quarantined: 0,
    poisoned: 0,
    lost: 0,
    redactions: 0,
  };

  constructor(options: FilerOptions) {
    this.#options = options;
    const { config, spoolDir } = options;
    this.#checkpoint = new Checkpoint(config.state);
    this.#reader = new SpoolReader(spoolDir, this.#checkpoint.from);
    this.#bytes = new SpoolBytes(spoolDir);
    this.#current = new CurrentExchange(config.state);
    this.#poison = new Set(options.poison ?? []);
    const torn = new TornBytes(config.state, (message) => this.#say(message));
    this.#store = new CaptureStore(config.writer, torn);
    [this.#tree, this.#router, this.#tools] = this.#configured(config);
    this.#lookAtAttempts();
  }

  /** Takes a reloaded configuration for everything from the next exchange on. */
  configure(config: FilerConfig): void {
    [this.#tree, this.#router, this.#tools] = this.#configured(config);
  }

  /**
   * Files all that has ended by now. True where nothing is left to be done; false where the disk
   * refused something or it was told to stop. Not to be called while it runs.
   */
  async run(): Promise<boolean> {
    let turnAt = performance.now() + TURN_MS;
    await this.#retryStalled();
    while (this.#mayRead()) {
      const frame = this.#reader.next();
      const { run } = this.#reader;
      const ended = frame ? this.#open.take(frame) : run === null ? [] : this.#open.enter(run);
      for (const exchange of ended) await this.#file(exchange);
      if (frame === null && ended.length === 0) break;
      const now = performance.now();
      if (this.#batchIsDue(now)) this.#confirm();
      if (now > turnAt) {
        await turn();
        turnAt = performance.now() + TURN_MS;
      }
    }
    this.#confirm();
    this.#noteTorn();
    return this.#stalled.length === 0 && !this.#unconfirmed && this.#goesOn();
  }

  /** When `run` should be called again after it gave false; milliseconds from now. */
  get retryMs(): number {
    return RETRY_MS;
  }

  stats(): FilerStats {
    return {
      ...this.#counts,
      open: this.#open.count,
      stalled: this.#stalled.length,
      degraded: this.#degraded,
    };
  }

  close(): void {
    this.#confirm();
    this.#current.close();
    this.#checkpoint.close();
    this.#reader.close();
    this.#bytes.close();
  }

  #configured(config: FilerConfig): [CaptureTree, Router, BuildTools] {
    const tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
    const tools: BuildTools = {
      bytes: this.#bytes,
      redact: (this.#options.redaction ?? createRedaction)(config),
      understand: this.#options.understand,
      upstreamUrl: (name) => upstreamUrl(config, name),
      bodyLimitBytes: config.limits.bodyBytes,
      decodeLimitBytes: config.limits.decodeBytes,
    };
    return [tree, new Router(tree, config), tools];
  }

  #goesOn(): boolean {
    return this.#options.mayGoOn?.() ?? true;
  }

  #mayRead(): boolean {
    return this.#goesOn() && !this.#unconfirmed && this.#stalled.length < LIMITS.filerStalledCount;
  }

  /** Appends that were begun and not confirmed: is the exchange there, or torn? */
  #lookAtAttempts(): void {
    for (const { key, id, file } of this.#checkpoint.attempts) {
      try {
        if (this.#store.mend(file, basename(file)).has(id)) this.#found.add(key);
      } catch (error) {
        this.#say(`${file}: ${(error as Error).message}`);
      }
    }
  }

  async #file(x: SpooledExchange): Promise<void> {
    if (x.begin === null || this.#checkpoint.isDone(x.key)) return;
    if (!this.#goesOn()) {
      this.#stalled.push(x);
      return;
    }
    if (this.#found.delete(x.key)) this.#done(x, []);
    else if (this.#poison.has(x.key)) this.#putAside(x, "poison", "the filer died of it");
    else await this.#build(x);
  }

  async #build(x: SpooledExchange): Promise<void> {
    this.#current.set(x.key);
    try {
      const whole = x.forgotten ? rememberAgain(this.#options.spoolDir, x) : x;
      const records = isSocket(whole)
        ? await buildSocket(whole, this.#tools)
        : [await buildRecord(whole, this.#tools)];
      const lastId = records.at(-1)?.line.id ?? "";
      const notices = records.map((record) => this.#append(x, record, lastId));
      this.#done(x, notices);
    } catch (error) {
      this.#refused(x, error as NodeJS.ErrnoException);
    } finally {
      this.#current.set(null);
    }
  }

  #append(x: SpooledExchange, record: BuiltRecord, lastId: string): FiledNotice {
    const place = this.#router.route({ number: x.begin?.number ?? null, line: record.line });
    if (place.refused !== null) record.line.labels.number ??= place.refused;
    let { number } = place;
    let file: string;
    try {
      file = this.#write(x, record, place, lastId);
    } catch (error) {
      if (!isRefused(error) || number === SYSTEM_INBOX) throw error;
      // Something that is no folder or file stands where it belongs: the inbox is for such cases.
      this.#say((error as Error).message);
      record.line.labels.number ??= number;
      number = SYSTEM_INBOX;
      file = this.#write(x, record, { ...place, number, title: null, by: "inbox" }, lastId);
    }
    const { line } = record;
    this.#counts.filed++;
    for (const { count } of line.redactions ?? []) this.#counts.redactions += count;
    if (line.outcome === "interrupted") this.#counts.interrupted++;
    return {
      id: line.id,
      number,
      file,
      started: line.started,
      upstream: line.upstream,
      model: line.llm?.model ?? null,
      status: line.response?.status ?? null,
      outcome: line.outcome,
      totalMs: line.timing.total_ms ?? null,
    };
  }

  /** `lastId`: all that comes of this exchange is in the tree when that is. */
  #write(x: SpooledExchange, record: BuiltRecord, place: Place, lastId: string): string {
    const folder = this.#tree.folder(place.number, place.title, place.by);
    return this.#store.append(folder, record, (file) => {
      this.#checkpoint.begin({ key: x.key, id: lastId, file });
    });
  }

  /** The disk's refusals are waited out; anything else will not get better by waiting. */
  #refused(x: SpooledExchange, error: NodeJS.ErrnoException): void {
    if (error.code === "ENOENT" && error.path?.startsWith(this.#options.spoolDir)) {
      this.#counts.lost++;
      this.#say(`${x.begin?.id}: its part of the spool is gone`);
      this.#done(x, []);
    } else if (isDiskTrouble(error)) {
      this.#degraded = `${error.code}: ${error.message}`;
      this.#stalled.push(x);
      this.#retryAt = performance.now() + RETRY_MS;
    } else if (error.code === "redaction-deadline" || error.name === "UnsealError") {
      this.#putAside(x, "quarantine", error.message);
    } else this.#putAside(x, "poison", error.stack ?? error.message);
  }

  #putAside(x: SpooledExchange, folder: "poison" | "quarantine", why: string): void {
    try {
      const path = setAside(
        this.#options.spoolDir,
        x,
        join(this.#options.config.state, folder),
        why,
      );
      this.#say(`${x.begin?.id} is not filed but kept in ${path}: ${why.split("\n")[0]}`);
      this.#counts[folder === "poison" ? "poisoned" : "quarantined"]++;
      this.#done(x, []);
    } catch (error) {
      this.#degraded = (error as Error).message;
      this.#stalled.push(x);
      this.#retryAt = performance.now() + RETRY_MS;
    }
  }

  #done(x: SpooledExchange, notices: readonly FiledNotice[]): void {
    if (this.#batch.length === 0) this.#batchSince = performance.now();
    this.#batch.push({ key: x.key, start: x.start, notices });
  }

  async #retryStalled(): Promise<void> {
    if (this.#stalled.length === 0 || performance.now() < this.#retryAt) return;
    const waiting = this.#stalled;
    this.#stalled = [];
    this.#degraded = null;
    for (const [i, x] of waiting.entries()) {
      await this.#file(x);
      // Still refused: spare the others the work, they would most likely fail as well.
      if (this.#stalled.length > 4) {
        this.#stalled.push(...waiting.slice(i + 1));
        return;
      }
    }
  }

  #batchIsDue(now: number): boolean {
    const { length } = this.#batch;
    return (
      length >= LIMITS.filerBatchCount ||
      (length > 0 && now - this.#batchSince > LIMITS.filerBatchMs)
    );
  }

  /** Syncs the tree, then confirms, then removes what the spool no longer needs to hold. */
  #confirm(): void {
    const from = this.#lowWater();
    if (this.#batch.length === 0 && !this.#unconfirmed) return;
    try {
      this.#store.sync();
      this.#checkpoint.finish(this.#batch, from);
      this.#unconfirmed = false;
      if (this.#stalled.length === 0) this.#degraded = null;
    } catch (error) {
      this.#unconfirmed = true;
      this.#degraded = (error as Error).message;
      return;
    }
    const filed = this.#batch.flatMap(({ notices }) => notices);
    this.#batch = [];
    this.#retire(from);
    if (filed.length > 0) this.#options.onFiled?.(filed);
  }

  /** Reading has to start again here: nothing before it is still needed. */
  #lowWater(): Position {
    let low = this.#open.lowWater(this.#reader.position);
    for (const { start } of this.#stalled) if (comparePositions(start, low) < 0) low = start;
    return low;
  }

  #retire(from: Position): void {
    const { spoolDir } = this.#options;
    const segments = listSegments(spoolDir);
    const last = segments.at(-1);
    for (const number of segments) {
      // The last one is the writer's, and its number must not be given out again.
      if (number >= from.segment || number === last) break;
      this.#bytes.close();
      fs.rmSync(join(spoolDir, segmentName(number)), { force: true });
    }
  }

  #noteTorn(): void {
    const { torn } = this.#reader;
    for (; this.#torn < torn.length; this.#torn++) {
      const end = torn[this.#torn];
      this.#say(`spool segment ${end?.segment}: ${end?.bytes} torn bytes at ${end?.offset}`);
    }
  }

  #say(message: string): void {
    this.#options.say?.(message);
  }
}

function isRefused(error: unknown): boolean {
  return (error as { code?: string }).code === "tree-refused";
}

/** What the operating system refuses may be granted later; so may a place that is taken. */
function isDiskTrouble(error: NodeJS.ErrnoException): boolean {
  return isRefused(error) || error.syscall !== undefined || /^E[A-Z]+$/.test(error.code ?? "");
}

/** Origin and base path as a client would write them; empty for playback and unknown names. */
function upstreamUrl({ upstreams }: FilerConfig, name: string | null): string {
  const upstream = name !== null && Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
  if (upstream === undefined || upstream.url.protocol === "playback:") return "";
  const { protocol, hostname, port, basePath } = upstream.url;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const isDefault = port === (protocol === "https:" ? 443 : 80);
  return `${protocol}//${host}${isDefault ? "" : `:${port}`}${basePath}`;
}
