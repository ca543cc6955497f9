/**
 * Which strings of a stream belong together. What tells places apart (`index`, `item_id`, `type` …)
 * is often said in the first delta alone, or comes with a later one, so that no single reading of
 * it is safe: the strings are joined in three ways, and what is hidden in any of them is found.
 *
 * - by place: the same members on the way and the same labels there;
 * - by member: the same last name (`text` in `content_block_start` and in `content_block_delta`),
 *   unless two labels contradict each other; what is missing contradicts nothing;
 * - in order of time: everything that changes from event to event, whatever it is called. Only
 *   credentials that are known literally are looked for there; patterns would see keys in chance
 *   neighbours.
 *
 * Invariants: array positions do not count; linear but for the few places of one name; no throws.
 */
import { type Layer, unescapeJson } from "./layers.ts";
import { type Frame, type Leaf, leavesOf, withoutSeams } from "./stream-strings.ts";

/** One string of a channel. */
export interface Segment {
  /** Offset and length of this segment's decoded text in the channel's text. */
  readonly at: number;
  readonly length: number;
  /** Byte in the stream at which the character (of the decoded text) `at` begins. */
  startOf(at: number): number;
  /** Byte behind the character before `at`. */
  endOf(at: number): number;
}

export interface Channel {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** Only for credentials that are known literally. */
  readonly literal: boolean;
}

/** Deeper strings than this are no deltas. */
const PATH_DEPTH = 24;
/** Places of one name that are kept apart. */
const PLACES_MAX = 64;
/** Longer strings are no deltas but whole texts. */
const DELTA_CHARS_MAX = 16 * 1024;

/** Members that are never a part of what a model says. */
const METADATA =
  /^(?:type|id|.*_id|object|model|role|name|status|finish_reason|finishReason|stop_reason|system_fingerprint|obfuscation|signature|token|p|provider|native_finish_reason|service_tier|created_at|format)$/;

interface Place {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly leaves: Leaf[];
}

/** Keys and labels down to a frame. */
function pathOf(frame: Frame | null): string {
  if (frame === null) return "";
  frame.path ??= `${pathOf(frame.parent)}/${frame.key}{${frame.label}}`;
  return frame.path;
}

/** The last name on the way, and what tells this place from others of that name. */
function placeOf(leaf: Leaf): Place {
  let name = leaf.key;
  const labels = new Map<string, string>();
  for (let f: Frame | null = leaf.frame; f !== null; f = f.parent) {
    if (name === "") name = f.key;
    // In a list the list's name stands for its elements.
    const holder = f.key === "" ? (f.parent?.key ?? "") : f.key;
    for (const label of f.label.split(";")) {
      const [key = "", value = ""] = label.split("=", 2);
      // Types change from a start to its deltas.
      if (key === "" || key === "type" || value === "" || value === "null") continue;
      labels.set(`${holder}.${key}`, value);
    }
  }
  return { name, labels, leaves: [] };
}

function agrees(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of b) if ((a.get(key) ?? value) !== value) return false;
  return true;
}

function placesOf(leaves: readonly Leaf[]): Place[] {
  const places: Place[] = [];
  const tables = new Map<string, Map<string, Place>>();
  for (const leaf of leaves) {
    if (leaf.frame !== null && leaf.frame.depth > PATH_DEPTH) continue;
    const path = pathOf(leaf.frame);
    let table = tables.get(path);
    if (table === undefined) {
      table = new Map();
      tables.set(path, table);
    }
    let place = table.get(leaf.key);
    if (place === undefined) {
      place = placeOf(leaf);
      table.set(leaf.key, place);
      places.push(place);
    }
    place.leaves.push(leaf);
  }
  return places;
}

/** False for what every event repeats: an id, a model's name. */
function changes(text: string, leaves: readonly Leaf[]): boolean {
  const [first] = leaves;
  if (first === undefined) return false;
  const length = first.end - first.start;
  const value = text.slice(first.start, first.end);
  return leaves.some((l) => l.end - l.start !== length || !text.startsWith(value, l.start));
}

interface Group {
  readonly labels: Map<string, string>;
  readonly leaves: Leaf[];
  places: number;
  last: Place | null;
}

/** The strings of one name, as long as their labels agree; each goes to where the last one went. */
function joinByName(places: readonly Place[]): Leaf[][] {
  const all = places
    .flatMap((place) => place.leaves.map((leaf) => ({ place, leaf })))
    .sort((a, b) => a.leaf.start - b.leaf.start);
  const groups: Group[] = [];
  for (const { place, leaf } of all) {
    // The one that was used last is the first.
    const at = groups.findIndex((g) => g.last === place || agrees(g.labels, place.labels));
    const group: Group = groups[at] ?? { labels: new Map(), leaves: [], places: 0, last: null };
    if (at >= 0) groups.splice(at, 1);
    groups.unshift(group);
    if (groups.length > PLACES_MAX) groups.pop();
    for (const [key, value] of place.labels) group.labels.set(key, value);
    if (group.last !== place) group.places += 1;
    group.last = place;
    group.leaves.push(leaf);
  }
  return groups.filter((g) => g.places > 1).map((g) => g.leaves);
}

function byName(places: readonly Place[]): Leaf[][] {
  const names = new Map<string, Place[]>();
  for (const place of places) {
    const list = names.get(place.name);
    if (list === undefined) names.set(place.name, [place]);
    else list.push(place);
  }
  return [...names.values()].filter((list) => list.length > 1).flatMap(joinByName);
}

/** What is said from event to event, in order; what one event says twice counts once. */
function inOrder(text: string, places: readonly Place[]): Leaf[] {
  const said = places.flatMap(({ name, leaves }) => {
    const isSaid = !METADATA.test(name) && (leaves.length === 1 || changes(text, leaves));
    return isSaid ? leaves.filter((l) => l.end - l.start <= DELTA_CHARS_MAX) : [];
  });
  said.sort((a, b) => a.start - b.start);
  return said.filter((leaf, i) => {
    const before = said[i - 1];
    if (before === undefined || before.event !== leaf.event) return true;
    return text.slice(before.start, before.end) !== text.slice(leaf.start, leaf.end);
  });
}

/** Channels of a stream (latin1 text): what is made of at least two pieces that differ. */
export function channelsOf(stream: string): Channel[] {
  const seams = withoutSeams(stream);
  const text = seams?.text ?? stream;
  const places = placesOf(leavesOf(text));
  const groups = places.map((p) => p.leaves).filter((l) => l.length > 1 && changes(text, l));
  const telling = places.filter((p) => !METADATA.test(p.name));
  const channels = [...groups, ...byName(telling).filter((l) => changes(text, l))].map((leaves) =>
    join(text, seams, leaves, false),
  );
  if (telling.length > 1) {
    const all = inOrder(text, telling);
    if (all.length > 1) channels.push(join(text, seams, all, true));
  }
  return channels;
}

function join(
  text: string,
  seams: Layer | null,
  leaves: readonly Leaf[],
  literal: boolean,
): Channel {
  const segments: Segment[] = [];
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of leaves) {
    const raw = text.slice(start, end);
    // Data that is plain text has no quote in front.
    const layer = text[start - 1] === '"' ? unescapeJson(raw) : null;
    const piece = layer?.text ?? raw;
    const written = layer === null ? (i: number) => i : (i: number) => layer.origin(i);
    segments.push({
      at,
      length: piece.length,
      startOf: (i) => place(seams, start + written(i)),
      endOf: (i) => (i === 0 ? place(seams, start) : place(seams, start + written(i) - 1) + 1),
    });
    pieces.push(piece);
    at += piece.length;
  }
  return { text: pieces.join(""), segments, literal };
}

const place = (seams: Layer | null, at: number): number => (seams === null ? at : seams.origin(at));
