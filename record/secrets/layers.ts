/**
 * Text beneath text: JSON escapes (also JSON in a string in JSON) and percent-encoding, undone with
 * a map back to where each character came from. So a secret is found in its plain form and hidden
 * in its written one, and no other byte is touched.
 *
 * All text here is latin1: one character is one byte; what is not ASCII is its UTF-8 bytes.
 */

export interface Layer {
  readonly text: string;
  /** Offset in the source of the character (or end) at `at`. */
  origin(at: number): number;
}

/** Piecewise map: between two breaks characters stand one to one. */
function layerOf(pieces: string[], starts: number[], origins: number[]): Layer {
  const text = pieces.join("");
  const origin = (at: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (starts[mid]! <= at) low = mid;
      else high = mid - 1;
    }
    return origins[low]! + (at - starts[low]!);
  };
  return { text, origin };
}

const SHORT: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  "/": "/",
  '"': '"',
  "\\": "\\",
};

function hexUnit(text: string, at: number): number {
  const hex = text.slice(at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(hex) ? Number.parseInt(hex, 16) : -1;
}

/** The bytes that `\uXXXX` (or a pair of them) at `at` stands for, and its length; null if broken. */
function codePoint(text: string, at: number): { bytes: string; length: number } | null {
  const unit = hexUnit(text, at + 2);
  if (unit < 0) return null;
  if (unit < 0x80) return { bytes: String.fromCharCode(unit), length: 6 };
  const low = text.startsWith("\\u", at + 6) ? hexUnit(text, at + 8) : -1;
  const isPair = unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000;
  const char = isPair ? String.fromCharCode(unit, low) : String.fromCharCode(unit);
  return { bytes: Buffer.from(char, "utf8").toString("latin1"), length: isPair ? 12 : 6 };
}

/** Undoes one level of JSON escaping wherever it stands; null where there is none. */
export function unescapeJson(source: string): Layer | null {
  let slash = source.indexOf("\\");
  if (slash < 0) return null;
  const pieces: string[] = [];
  const starts = [0];
  const origins = [0];
  let from = 0;
  let length = 0;
  const put = (upTo: number, bytes: string, next: number): void => {
    pieces.push(source.slice(from, upTo), bytes);
    length += upTo - from;
    starts.push(length, length + bytes.length);
    origins.push(upTo, next);
    length += bytes.length;
    from = next;
  };
  while (slash >= 0) {
    const kind = source[slash + 1] ?? "";
    const short = SHORT[kind];
    const point = kind === "u" ? codePoint(source, slash) : null;
    if (short !== undefined) put(slash, short, slash + 2);
    else if (point !== null) put(slash, point.bytes, slash + point.length);
    slash = source.indexOf("\\", Math.max(from, slash + 1));
  }
  if (from === 0) return null;
  pieces.push(source.slice(from));
  return layerOf(pieces, starts, origins);
}

/** Undoes one level of percent-encoding; null where there is none. */
export function decodePercent(source: string): Layer | null {
  return decodeEach(source, /%[0-9A-Fa-f]{2}/g, (written) =>
    String.fromCharCode(Number.parseInt(written.slice(1), 16)),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  sol: "/",
  equals: "=",
  plus: "+",
};

/** Undoes HTML's entities of what is ASCII; null where there are none. */
export function decodeEntities(source: string): Layer | null {
  if (!source.includes("&")) return null;
  const entity = /&(?:#\d{2,3}|#[xX][0-9A-Fa-f]{2}|amp|lt|gt|quot|apos|sol|equals|plus);/g;
  return decodeEach(source, entity, (written) => {
    const name = written.slice(1, -1);
    if (!name.startsWith("#")) return ENTITIES[name] as string;
    const hex = /^#x/i.test(name);
    return String.fromCharCode(Number.parseInt(name.slice(hex ? 2 : 1), hex ? 16 : 10) & 0xff);
  });
}

/** Base64 as JSON and URLs write its signs, in its own; null where there are none. */
export function decodeBase64Signs(source: string): Layer | null {
  return decodeEach(source, /\\\/|%2[BbFf]|%3[Dd]/g, (written) =>
    written === "\\/" ? "/" : String.fromCharCode(Number.parseInt(written.slice(1), 16)),
  );
}

/** Each match is one character. */
function decodeEach(
  source: string,
  pattern: RegExp,
  decode: (written: string) => string,
): Layer | null {
  const pieces: string[] = [];
  const starts = [0];
  const origins = [0];
  let from = 0;
  let length = 0;
  for (const { 0: written, index: at } of source.matchAll(pattern)) {
    pieces.push(source.slice(from, at), decode(written));
    length += at - from;
    from = at + written.length;
    starts.push(length, length + 1);
    origins.push(at, from);
    length += 1;
  }
  if (from === 0) return null;
  pieces.push(source.slice(from));
  return layerOf(pieces, starts, origins);
}

/** The text without these parts, which are in order and do not overlap. */
export function layerWithout(source: string, parts: readonly (readonly [number, number])[]): Layer {
  const pieces: string[] = [];
  const starts = [0];
  const origins = [0];
  let from = 0;
  let length = 0;
  for (const [start, end] of parts) {
    pieces.push(source.slice(from, start));
    length += start - from;
    starts.push(length);
    origins.push(end);
    from = end;
  }
  pieces.push(source.slice(from));
  return layerOf(pieces, starts, origins);
}

/** The layer `upper`, found within `lower`, as a layer of what `lower` came from. */
export function compose(lower: Layer, upper: Layer): Layer {
  return { text: upper.text, origin: (at) => lower.origin(upper.origin(at)) };
}
