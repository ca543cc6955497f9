/**
 * Putting together what the events of a stream bring: members of one event overwrite those of an
 * earlier one, in an object that belongs to the assembler.
 *
 * What always holds: linear in the bytes however an upstream names its members: an object of an event
 * is copied at most once and then grown in place, and gets no more than
 * LIMITS.assembledMemberCount members; what is left out is counted, and understand.ts says so.
 * Never changes an object that came with an event; never throws.
 */
import { LIMITS } from "../limits.ts";
import { get, isObject, type JsonObject, put } from "./json.ts";

/** Objects that were made here and may be grown. */
const own = new WeakSet<JsonObject>();
/** Number of members of those that have many: the others are counted anew, which is cheaper. */
const sizes = new WeakMap<JsonObject, number>();
const MANY = 64;
let leftOut = 0;

/** How much has been left out so far, of all streams: looked at before and after one of them. */
export function countLeftOut(): number {
  return leftOut;
}

/** Counts something that is not taken up, since no API sends that much of it. */
export function leaveOut(): void {
  leftOut++;
}

/** Sets a member, unless the object is full and the member new. */
export function grow(target: JsonObject, key: string, value: unknown): void {
  if (!Object.hasOwn(target, key)) {
    const size = sizes.get(target) ?? Object.keys(target).length;
    if (size >= LIMITS.assembledMemberCount) {
      leftOut++;
      return;
    }
    if (size >= MANY) sizes.set(target, size + 1);
  }
  put(target, key, value);
}

/** Adds the members of `from` that are there and not null; a later stream chunk overwrites. */
export function overwrite(target: JsonObject, from: JsonObject, except: ReadonlySet<string>): void {
  for (const key in from) {
    const value = from[key];
    if (value === null || value === undefined || except.has(key)) continue;
    // Most members say the same in every chunk.
    if (target[key] !== value || !Object.hasOwn(target, key)) grow(target, key, value);
  }
}

/** The object at a member, to be grown in place; one that came with an event is copied first. */
export function ownAt(target: JsonObject, key: string): JsonObject {
  const found = get(target, key);
  if (isObject(found) && own.has(found)) return found;
  const made = isObject(found) ? ownCopy(found) : ownCopy({});
  grow(target, key, made);
  return made;
}

/** A shallow copy that may be grown in place, with all members, null or not. */
export function ownCopy(source: JsonObject): JsonObject {
  const made: JsonObject = {};
  own.add(made);
  return takeAll(made, source);
}

/** Adds all members of `from`, null or not. Gives the target. */
export function takeAll(target: JsonObject, from: JsonObject): JsonObject {
  for (const key of Object.keys(from)) grow(target, key, from[key]);
  return target;
}
