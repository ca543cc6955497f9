/**
 * Two lists of messages: identity first, words second.
 *
 * What always holds: every message of either side is in exactly one pair or one change. Two messages
 * are the same where all their pieces are; rewritten where one stands in the other's place and says
 * something like it, or the same without the model's reasoning.
 */

import { itemsOf, likeness, shortHash, sketchOf } from "../conversation/items.ts";
import type { NormalMessage, Piece } from "../dialects/normal.ts";
import { alignLists } from "./align.ts";
import type { MessageChange, Pair } from "./model.ts";
import { textChange } from "./words.ts";

export interface MessagesDiff {
  readonly same: readonly Pair[];
  readonly changes: readonly MessageChange[];
}

const ids = new WeakMap<NormalMessage, string>();

/** Identity of a whole message, reasoning and call ids included. */
export function messageId(message: NormalMessage): string {
  const known = ids.get(message);
  if (known !== undefined) return known;
  const id = shortHash(JSON.stringify([message.role, message.pieces]));
  ids.set(message, id);
  return id;
}

/** A message as one text, for comparison and for evidence. */
export function messageText(message: NormalMessage, reasoning = true): string {
  return message.pieces
    .filter(({ kind }) => reasoning || kind !== "reasoning")
    .map(pieceText)
    .join("\n");
}

function pieceText(piece: Piece): string {
  switch (piece.kind) {
    case "text":
    case "reasoning":
      return piece.text;
    case "tool_call":
      return `${piece.name}(${piece.arguments})`;
    case "tool_result":
      return piece.text;
    case "unknown":
      return piece.json;
    default:
      return `[${piece.kind} ${piece.media ?? ""} ${piece.ref ?? `${piece.bytes ?? 0} bytes`}]`;
  }
}

/** Estimated tokens: UTF-8 bytes over four. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/** @param loose compare what is said only: for requests of different APIs */
export function messageChanges(
  before: readonly NormalMessage[],
  after: readonly NormalMessage[],
  loose = false,
): MessagesDiff {
  const idOf = loose ? saidId : messageId;
  const same = alignMessages(before, after, idOf);
  const removed = rest(before.length, new Set(same.map((pair) => pair.before)));
  const added = rest(after.length, new Set(same.map((pair) => pair.after)));
  const moved = takePairs(removed, added, (i, j) => idOf(before[i]!) === idOf(after[j]!));
  const rewritten = [
    ...takePairs(removed, added, (i, j) => saidId(before[i]!) === saidId(after[j]!)),
    ...inPlace(before, after, same, removed, added),
  ];
  const changes: MessageChange[] = [
    ...moved.map((pair) => change("moved", pair.before, pair.after)),
    ...rewritten.map((pair) => change("rewritten", pair.before, pair.after)),
    ...[...removed].map((i) => change("removed", i, null)),
    ...[...added].map((j) => change("added", null, j)),
  ];
  return { same, changes: changes.sort((x, y) => position(x) - position(y)) };

  function change(
    kind: MessageChange["change"],
    i: number | null,
    j: number | null,
  ): MessageChange {
    const [old, now] = [i === null ? null : before[i]!, j === null ? null : after[j]!];
    const message = (now ?? old)!;
    const full = kind === "rewritten";
    const bare = full && messageText(old!, false) === messageText(now!, false);
    return {
      change: kind,
      role: message.role,
      before: i,
      after: j,
      key: message.key,
      index: message.index,
      text: full ? textChange(messageText(old!, bare), messageText(now!, bare)) : null,
      reasoningOnly: bare && saidId(old!) === saidId(now!),
      tokens: tokensOf(messageText(message)),
    };
  }
}

const position = (x: MessageChange): number =>
  (x.before ?? x.after ?? 0) * 2 + (x.before === null ? 1 : 0);

/** Identity of what is said, as conversations see it. */
function saidId(message: NormalMessage): string {
  const items = itemsOf(message).map(({ id }) => id);
  return message.role === "system" || items.length === 0 ? messageId(message) : items.join();
}

/** Turns share the messages that they repeat: what both begin with needs no other look. */
function alignMessages(
  before: readonly NormalMessage[],
  after: readonly NormalMessage[],
  idOf: (message: NormalMessage) => string,
): Pair[] {
  const pairs: Pair[] = [];
  while (pairs.length < before.length && before[pairs.length] === after[pairs.length]) {
    pairs.push({ before: pairs.length, after: pairs.length });
  }
  const shared = pairs.length;
  if (shared === before.length || shared === after.length) return pairs;
  const rests = [before, after].map((side) => side.slice(shared).map(idOf));
  for (const pair of alignLists(rests[0]!, rests[1]!)) {
    pairs.push({ before: pair.before + shared, after: pair.after + shared });
  }
  return pairs;
}

function rest(length: number, taken: ReadonlySet<number>): Set<number> {
  const left = new Set<number>();
  for (let i = 0; i < length; i++) if (!taken.has(i)) left.add(i);
  return left;
}

/** Pairs up what matches, in order, and takes it out of both sets. */
function takePairs(
  removed: Set<number>,
  added: Set<number>,
  matches: (i: number, j: number) => boolean,
): Pair[] {
  const pairs: Pair[] = [];
  if (removed.size * added.size > 1_000_000) return pairs;
  for (const i of [...removed]) {
    for (const j of added) {
      if (!matches(i, j)) continue;
      pairs.push({ before: i, after: j });
      removed.delete(i);
      added.delete(j);
      break;
    }
  }
  return pairs;
}

/** Results and the user's words may share a message, which is then the user's. */
const side = ({ role }: NormalMessage): string => (role === "tool" ? "user" : role);

/** Between two kept messages: the same role in the same place, or texts that are alike. */
function inPlace(
  before: readonly NormalMessage[],
  after: readonly NormalMessage[],
  same: readonly Pair[],
  removed: Set<number>,
  added: Set<number>,
): Pair[] {
  const gapOf = (side: "before" | "after", at: number): number =>
    same.findLastIndex((pair) => pair[side] < at);
  const pairs: Pair[] = [];
  for (const i of [...removed]) {
    const gap = gapOf("before", i);
    const open = [...added].filter(
      (j) => gapOf("after", j) === gap && side(before[i]!) === side(after[j]!),
    );
    const old = messageText(before[i]!);
    const sketch = sketchOf(old);
    const closed = gap + 1 < same.length;
    const alike = open.find((j) => {
      const now = messageText(after[j]!);
      return now.startsWith(old) || likeness(sketch, sketchOf(now)) >= 0.3;
    });
    // Where kept messages stand on both sides, what took a message's place is its rewriting.
    const j = alike ?? (closed ? open[0] : undefined);
    if (j === undefined) continue;
    pairs.push({ before: i, after: j });
    removed.delete(i);
    added.delete(j);
  }
  return pairs;
}
