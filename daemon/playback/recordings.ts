/**
 * Looks for the recorded exchange that answers a playback request.
 *
 * Invariants: the answer is one that was given to the same request (request-identity.ts):
 * an equal body first, else one that asks the same; never to another. Where one was recorded several
 * times its answers come in the order in which they were recorded, and the last one stays. Captures
 * are read through record/reader and never changed; files are looked at again only when they have
 * grown. Synchronous and at times slow: it runs in a worker, never on the byte path.
 */
import { hash } from "node:crypto";
import { statSync } from "node:fs";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { LIMITS } from "../../record/limits.ts";
import type { DayReader } from "../../record/reader/day-reader.ts";
import { openTree, type Tree } from "../../record/reader/tree.ts";
import type { PlaybackRequest, Recording } from "./playback-upstream.ts";
import { addressOf, askedDigest, EMPTY_SHA256 } from "./request-identity.ts";

interface Entry {
  readonly files: readonly string[];
  readonly id: string;
  readonly bytes: number;
  /** Of the bytes that were sent, before anything was redacted in them. */
  readonly digest: string;
  /** Of what they ask; absent until somebody asked. */
  asked?: string | null;
}

export class Recordings {
  readonly #captures: string;
  /** By address, in recorded order. */
  #entries = new Map<string, Entry[]>();
  #seen = new Map<string, string>();
  #ids = new Set<string>();
  /** How many answers of one request were played. */
  readonly #played = new Map<string, number>();

  /** `captures`: absolute path of a tree, which need not exist yet. */
  constructor(captures: string) {
    this.#captures = captures;
  }

  /** The recording that answers the request, or null. Throws where the tree cannot be read. */
  find(request: PlaybackRequest): Recording | null {
    this.#refresh();
    const address = addressOf(request.method, request.path);
    const known = this.#entries.get(address) ?? [];
    const digest = hash("sha256", request.body, "hex");
    const equal = known.filter((entry) => entry.digest === digest);
    const same = equal.length > 0 ? equal : this.#asking(known, request);
    if (same.length === 0) return null;
    const key = `${address} ${same[0]!.id}`;
    const played = this.#played.get(key) ?? 0;
    this.#played.set(key, played + 1);
    return this.#read(same[Math.min(played, same.length - 1)]!);
  }

  /** Those that ask the same in other bytes. */
  #asking(known: readonly Entry[], { body, headers }: PlaybackRequest): Entry[] {
    const at = headers.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name));
    const asked = askedDigest(body, headers[at + 1] ?? null);
    if (asked === null) return [];
    return known.filter((entry) => {
      // What may differ is short, as is what redaction puts in the place of a secret.
      if (Math.abs(entry.bytes - body.length) > LIMITS.playbackDifferenceBytes) return false;
      entry.asked ??= this.#askedOf(entry);
      return entry.asked === asked;
    });
  }

  #askedOf({ files, id }: Entry): string | null {
    using day = openTree(this.#captures).openDay(files);
    try {
      const x = day.exchange(id);
      const type = x.request.headers.find(([name]) => /^content-type$/i.test(name))?.[1] ?? null;
      return askedDigest(day.requestBody(x) ?? Buffer.alloc(0), type);
    } catch {
      // A damaged body is no request that anybody sends.
      return null;
    }
  }

  #refresh(): void {
    const tree = openTree(this.#captures);
    const states = new Map<string, { files: readonly string[]; state: string }>();
    for (const { number } of tree.streams()) {
      for (const { files } of tree.days(number)) {
        const state = files.map((file) => `${file}:${sizeOf(file)}`).join("\n");
        states.set(files[0] ?? "", { files, state });
      }
    }
    if (this.#seen.keys().some((key) => !states.has(key))) {
      // Moved or deleted: what was known of them leads nowhere.
      this.#entries = new Map();
      this.#seen = new Map();
      this.#ids = new Set();
    }
    for (const [key, { files, state }] of states) {
      if (this.#seen.get(key) === state) continue;
      this.#seen.set(key, state);
      this.#index(tree, files);
    }
  }

  #index(tree: Tree, files: readonly string[]): void {
    using day = tree.openDay(files);
    const grown = new Set<Entry[]>();
    for (const x of day.exchanges()) {
      if (!isAnswer(x) || this.#ids.has(x.id)) continue;
      this.#ids.add(x.id);
      const address = addressOf(x.request.method, x.request.url);
      const { body } = x.request;
      const bytes = body?.bytes ?? 0;
      const digest = body?.wire?.sha256 ?? body?.sha256 ?? EMPTY_SHA256;
      const list = this.#entries.get(address) ?? [];
      this.#entries.set(address, list);
      list.push({ files, id: x.id, bytes, digest });
      grown.add(list);
    }
    for (const list of grown) list.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #read(entry: Entry): Recording | null {
    using day = openTree(this.#captures).openDay(entry.files);
    const x = day.exchange(entry.id);
    const { response } = x;
    if (response === null) return null;
    const chunks = day.chunks(x);
    const whole = chunks === null ? wholeOf(day, x) : null;
    const ms = x.timing.headers_ms ?? x.timing.first_chunk_ms ?? 0;
    return {
      status: response.status,
      headers: headersFor(response.headers, whole?.length ?? null),
      chunks:
        whole === null ? chunks!.map(([at, bytes]) => ({ ms: at, bytes })) : [{ ms, bytes: whole }],
      broken: x.outcome === "upstream_aborted",
    };
  }
}

const wholeOf = (day: DayReader, x: ExchangeLine) => day.responseBody(x) ?? Buffer.alloc(0);

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What a client could have been given: not our own refusals, nor what we cut short ourselves. */
function isAnswer(x: ExchangeLine): boolean {
  return (
    x.response !== null &&
    x.upstream !== "playback" &&
    (x.outcome === "complete" || x.outcome === "upstream_aborted")
  );
}

const OF_THE_CONNECTION =
  /^(?:content-encoding|content-length|transfer-encoding|connection|keep-alive|set-cookie|x-callnumber-.*)$/i;

/** Stored bodies are decoded, and framing is of this connection: those headers are not played. */
function headersFor(headers: readonly (readonly [string, string])[], length: number | null) {
  const flat = headers.filter(([name]) => !OF_THE_CONNECTION.test(name)).flat();
  flat.push("x-callnumber-playback", "recorded");
  if (length !== null) flat.push("content-length", String(length));
  return flat;
}
