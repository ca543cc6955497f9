/**
 * Parses a JSON object whose layout is known. An element of a list is parsed when somebody looks at
 * it, since most facts of an exchange do not need what was said in it; values which an earlier body
 * had as well (see record/bodies/layout-memory.ts) are not parsed again.
 *
 * What always holds: the value is the one that parseJson gives for the whole text (a test compares),
 * but that an element with too many members is null where parseJson gives up on all. Values are
 * shared between bodies: nobody may change them.
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
    const key = keyOf(bytes.toString("utf8", keyStart + 1, keyEnd - 1));
    if (key === null) return { ok: false, why: "not JSON: a key that cannot be read" };
    if (elements !== null) {
      if (elements.some(({ depth }) => depth + 2 > LIMITS.jsonDepthCount)) return TOO_DEEP;
      put(object, key, lazyList(bytes, elements));
      continue;
    }
    if (value.depth + 1 > LIMITS.jsonDepthCount) return TOO_DEEP;
    const parsed = parsedValue(bytes, value);
    if (!parsed.ok) return parsed;
    put(object, key, parsed.value);
  }
  return { ok: true, value: object };
}

const TOO_DEEP: Parsed = {
  ok: false,
  why: `JSON nested deeper than ${LIMITS.jsonDepthCount} levels`,
};

const isParsed = ({ memo }: Span): boolean => memo.value !== undefined;

/** An array for all who read it; each element is parsed when it is first asked for. */
function lazyList(bytes: Buffer, elements: readonly Span[]): unknown[] {
  // What is new stands at the end mostly.
  const last = elements.at(-1);
  if (last === undefined || (isParsed(last) && elements.every(isParsed))) {
    return elements.map(({ memo }) => memo.value);
  }
  return new Proxy(new Array<unknown>(elements.length).fill(null), {
    get(list, key) {
      if (key === "length" || !Object.hasOwn(list, key)) return Reflect.get(list, key);
      const parsed = parsedValue(bytes, elements[Number(key)]!);
      return parsed.ok ? parsed.value : null;
    },
  });
}

/** A key as it is meant; null where it is none. */
function keyOf(text: string): string | null {
  if (!text.includes("\\")) return text;
  const parsed = parseJson(`"${text}"`);
  return parsed.ok ? String(parsed.value) : null;
}

function parsedValue(bytes: Buffer, span: Span): Parsed {
  const { memo } = span;
  // No JSON value is undefined.
  if (memo.value !== undefined) return { ok: true, value: memo.value };
  const parsed = parseSpan(bytes, span);
  if (parsed.ok) memo.value = parsed.value;
  return parsed;
}

function parseSpan(bytes: Buffer, { start, end }: Span): Parsed {
  const text = bytes.toString("utf8", start, end);
  if (!isNumber(bytes[start] ?? 0)) return parseJson(text);
  // Whether a number is too big for its digits is seen where it stands in something.
  const parsed = parseJson(`[${text}]`);
  return parsed.ok ? { ok: true, value: (parsed.value as unknown[])[0] } : parsed;
}

function isNumber(first: number): boolean {
  return first === 0x2d || (first >= 0x30 && first <= 0x39);
}
