/**
 * Parses a JSON object whose layout is known, element by element, so that elements which an earlier
 * body had as well (the very same Span objects, see record/bodies/layout-memory.ts) are not parsed
 * again.
 *
 * What always holds: the value is the one that parseJson gives for the whole text (a test compares).
 * Values are shared between bodies: nobody may change them.
 */
import type { Member, Span } from "../bodies/layout.ts";
import { LIMITS } from "../limits.ts";
import { type JsonObject, type Parsed, parseJson, put } from "./json.ts";

const VALUES = new WeakMap<Span, unknown>();

/** Never throws. */
export function parseLaidOut(bytes: Buffer, members: readonly Member[]): Parsed {
  // A call for each of so many numbers or words takes longer than one for all.
  if (members.some((member) => (member.elements?.length ?? 0) > LIMITS.bodyPartCount)) {
    return parseJson(bytes.toString("utf8"));
  }
  const object: JsonObject = {};
  for (const { keyStart, keyEnd, value, elements } of members) {
    const key = parseJson(bytes.toString("utf8", keyStart, keyEnd));
    if (!key.ok) return key;
    if (elements === null) {
      const parsed = parseSpan(bytes, value, 1);
      if (!parsed.ok) return parsed;
      put(object, String(key.value), parsed.value);
      continue;
    }
    const list: unknown[] = [];
    for (const element of elements) {
      if (VALUES.has(element)) {
        list.push(VALUES.get(element));
        continue;
      }
      const parsed = parseSpan(bytes, element, 2);
      if (!parsed.ok) return parsed;
      VALUES.set(element, parsed.value);
      list.push(parsed.value);
    }
    put(object, String(key.value), list);
  }
  return { ok: true, value: object };
}

function parseSpan(bytes: Buffer, { start, end, depth }: Span, below: number): Parsed {
  if (depth + below > LIMITS.jsonDepthCount) {
    return { ok: false, why: `JSON nested deeper than ${LIMITS.jsonDepthCount} levels` };
  }
  const text = bytes.toString("utf8", start, end);
  if (!isNumber(bytes[start] ?? 0)) return parseJson(text);
  // Whether a number is too big for its digits is seen where it stands in something.
  const parsed = parseJson(`[${text}]`);
  return parsed.ok ? { ok: true, value: (parsed.value as unknown[])[0] } : parsed;
}

function isNumber(first: number): boolean {
  return first === 0x2d || (first >= 0x30 && first <= 0x39);
}
