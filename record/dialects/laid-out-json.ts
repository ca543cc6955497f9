/**
 * Parses a JSON object whose layout is known, element by element, so that values which an earlier
 * body had as well (see record/bodies/layout-memory.ts) are not parsed again.
 *
 * What always holds: the value is the one that parseJson gives for the whole text (a test compares).
 * Values are shared between bodies: nobody may change them.
 */
import type { Member, Span } from "../bodies/layout.ts";
import { LIMITS } from "../limits.ts";
import { type JsonObject, type Parsed, parseJson, put } from "./json.ts";

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
      const failed = readValue(bytes, value, 1);
      if (failed !== null) return failed;
      put(object, String(key.value), value.memo.value);
      continue;
    }
    const list: unknown[] = [];
    for (const element of elements) {
      const failed = readValue(bytes, element, 2);
      if (failed !== null) return failed;
      list.push(element.memo.value);
    }
    put(object, String(key.value), list);
  }
  return { ok: true, value: object };
}

/** Sees to it that the value is known; what failed, or null. */
function readValue(bytes: Buffer, span: Span, below: number): Parsed | null {
  const { memo } = span;
  // No JSON value is undefined.
  if (memo.value !== undefined) return null;
  const parsed = parseSpan(bytes, span, below);
  if (!parsed.ok) return parsed;
  memo.value = parsed.value;
  return null;
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
