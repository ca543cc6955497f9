/**
 * The search index: small posting lists, a segment for each day of a stream, cut into shards by
 * term so that one word costs one small file a day.
 *
 *   _search/index.bin               [["11.11","2026-11-23",2700,16,81234],…]   newest day first
 *   _search/11.11/2026-11-23/3.bin  {"read_file":[0,3,1],…}                   positions as differences
 *   _search/11.11/2026-11-23/d0.bin [["01K…","2026-11-23T…","conversation",1,"words","model","client"],…]
 *
 * Invariants: a closed day's segment is never written again; a query's size is known before
 * it is fetched (the directory holds the bytes of an average shard).
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LIMITS } from "../../record/limits.ts";
import type { DayDigest, DayName } from "../digest/day-digest.ts";
import type { FreshText } from "../digest/make-digest.ts";
import { shardOf, termsOf } from "../scripts/tokens.ts";
import type { Row } from "../view/rows.ts";
import { namesIn, readJson, remove, writeChanged, writeWhole } from "./files.ts";

/** Number, day, documents, shards, bytes of one shard on average. */
export type Segment = [
  number: string,
  day: string,
  documents: number,
  shards: number,
  bytes: number,
];

/** One document in a segment's list: id, started, conversation, page, words, model, client. */
export type Found = [string, string, string, number, string, string | null, string | null];

/** Gathers what is new on a day and writes its segment. */
export class DaySegment {
  readonly #folder: string;
  readonly #at: DayName;
  readonly #terms: string[][];

  /** `known` exchanges of the day were indexed before; their terms are kept in the state folder. */
  constructor(stateFolder: string, at: DayName, known: number) {
    this.#folder = join(stateFolder, "search", at.number, `${at.day}.json`);
    this.#at = at;
    const before = known > 0 ? readJson<string[][]>(this.#folder) : null;
    this.#terms = before?.slice(0, known) ?? [];
  }

  add({ row, text }: FreshText): void {
    const { model, client, tool_calls } = row;
    const named = [model, client, ...tool_calls].filter(Boolean).join(" ");
    this.#terms[row.position] = termsOf(`${named}\n${text.slice(0, LIMITS.siteSearchChars)}`);
  }

  /** Writes shards and documents below `out`; returns the segment's line in the directory. */
  write(out: string, digest: DayDigest): Segment {
    const { number, day } = this.#at;
    this.#terms.length = digest.rows.length;
    for (const { held, position } of digest.rows) if (held) this.#terms[position] = [];
    writeWhole(this.#folder, JSON.stringify(this.#terms));
    const postings = postingsOf(this.#terms);
    let size = 0;
    for (const [term, list] of postings) size += term.length + 4 + list.length * 2;
    const shards = Math.max(
      1,
      Math.min(256, 2 ** Math.ceil(Math.log2(size / LIMITS.siteShardBytes))),
    );
    const files: Record<string, number[]>[] = Array.from({ length: shards }, () =>
      Object.create(null),
    );
    for (const [term, list] of postings) files[shardOf(term, shards)]![term] = list;
    const folder = join(out, "_search", number, day);
    let bytes = 0;
    files.forEach((file, shard) => {
      const packed = gzipSync(JSON.stringify(file));
      bytes += packed.length;
      writeChanged(join(folder, `${shard}.bin`), packed);
    });
    for (const name of namesIn(folder)) {
      const shard = /^(\d+)\.bin$/.exec(name)?.[1];
      if (shard !== undefined && Number(shard) >= shards) remove(join(folder, name));
    }
    writeFound(out, digest);
    return [number, day, digest.rows.length, shards, Math.round(bytes / shards)];
  }
}

/** Writes the documents of a day's segment: what the search shows of each exchange. */
export function writeFound(out: string, { number, day, rows }: DayDigest): void {
  const folder = join(out, "_search", number, day);
  for (let start = 0; start < rows.length; start += LIMITS.siteFoundRows) {
    const found = rows.slice(start, start + LIMITS.siteFoundRows).map(foundOf);
    const file = join(folder, `d${start / LIMITS.siteFoundRows}.bin`);
    writeChanged(file, gzipSync(JSON.stringify(found)));
  }
  for (const name of namesIn(folder)) {
    const list = /^d(\d+)\.bin$/.exec(name)?.[1];
    if (list !== undefined && Number(list) * LIMITS.siteFoundRows >= rows.length) {
      remove(join(folder, name));
    }
  }
}

/** Writes the directory of all segments. */
export function writeDirectory(out: string, segments: Iterable<Segment>): void {
  const list = [...segments].sort((a, b) =>
    a[1] === b[1] ? (a[0] < b[0] ? -1 : 1) : a[1] < b[1] ? 1 : -1,
  );
  writeChanged(join(out, "_search", "index.bin"), gzipSync(JSON.stringify(list)));
}

function postingsOf(documents: readonly string[][]): Map<string, number[]> {
  const postings = new Map<string, number[]>();
  const last = new Map<string, number>();
  documents.forEach((terms, position) => {
    for (const term of terms ?? []) {
      const list = postings.get(term);
      if (list) list.push(position - last.get(term)!);
      else postings.set(term, [position]);
      last.set(term, position);
    }
  });
  return postings;
}

function foundOf(row: Row): Found {
  return [
    row.id,
    row.started,
    row.conversation,
    row.page,
    row.words,
    row.model,
    row.client ?? row.upstream,
  ];
}
