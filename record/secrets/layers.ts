/**
 * Text beneath text: JSON escapes (also JSON in a string in JSON), percent-encoding, HTML's character
 * references and the codes that colour a terminal, undone with a map back to where each character
 * came from. So a secret is found in its plain form and hidden in its written one, and no other byte
 * is touched.
 *
 * All text here is latin1: one character is one byte; what is not ASCII is its UTF-8 bytes.
 */

export interface Layer {
  readonly text: string;
  /** Offset in the source of the character (or end) at `at`. */
  origin(at: number): number;
  /** Offset in the source of the end at `at`: not past what was left out there. */
  end(at: number): number;
}

/** Text in which some pieces of the source are written otherwise. */
class Rewriting {
  readonly #source: string;
  #text = "";
  /** Where a piece begins, in the new text and in the source: between two, one to one. */
  readonly #starts = [0];
  readonly #origins = [0];
  #from = 0;
  #length = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** The source from `start` to `end` stands for `text`. In order. */
  put(start: number, end: number, text: string): void {
    this.#text += this.#source.slice(this.#from, start) + text;
    this.#length += start - this.#from;
    this.#starts.push(this.#length, this.#length + text.length);
    this.#origins.push(start, end);
    this.#length += text.length;
    this.#from = end;
  }

  layer(): Layer | null {
    if (this.#starts.length === 1) return null;
    const text = this.#text + this.#source.slice(this.#from);
    const starts = this.#starts;
    const origins = this.#origins;
    /** The last piece that begins at or before `at` (before it, for an end). */
    const map = (at: number, isEnd: boolean): number => {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const mid = (low + high + 1) >> 1;
        if (starts[mid]! < at || (!isEnd && starts[mid] === at)) low = mid;
        else high = mid - 1;
      }
      if (isEnd && starts[low + 1] === at) low += 1;
      return origins[low]! + (at - starts[low]!);
    };
    return { text, origin: (at) => map(at, false), end: (at) => map(at, true) };
  }
}

/** The source as it stands. */
export const written = (text: string): Layer => ({ text, origin: (at) => at, end: (at) => at });

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

/** Number of the character that source code writes `\x2d` or `\055` at `at`; -1 if it does not. */
function sourceUnit(text: string, at: number): number {
  if (!/[x01]/.test(text[at + 1] ?? "")) return -1;
  const digits = text.slice(at + 1, at + 4);
  if (/^x[0-9a-fA-F]{2}$/.test(digits)) return Number.parseInt(digits.slice(1), 16);
  return /^[01][0-7]{2}$/.test(digits) ? Number.parseInt(digits, 8) : -1;
}

/** Value of a hexadecimal digit's character; 16 of any other. */
const HEX = Uint8Array.from({ length: 256 }, (_, c) => {
  const value = Number.parseInt(String.fromCharCode(c), 16);
  return Number.isNaN(value) ? 16 : value;
});

function hexUnit(text: string, at: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i += 1) {
    const digit = i < text.length ? HEX[text.charCodeAt(i)]! : 16;
    if (digit === 16) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
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

/**
 * Undoes one level of JSON escaping wherever it stands, and what source code escapes by the number
 * of a character (`\x0a`, `\012`); null where there is none.
 */
export function unescapeJson(source: string): Layer | null {
  let slash = source.indexOf("\\");
  if (slash < 0) return null;
  const rewriting = new Rewriting(source);
  while (slash >= 0) {
    const kind = source[slash + 1] ?? "";
    const short = SHORT[kind];
    const point = kind === "u" ? codePoint(source, slash) : null;
    const unit = short === undefined && point === null ? sourceUnit(source, slash) : -1;
    let next = slash + 1;
    if (short !== undefined) next = slash + 2;
    else if (point !== null) next = slash + point.length;
    else if (unit >= 0) next = slash + 4;
    const bytes = short ?? point?.bytes ?? (unit < 0 ? undefined : String.fromCharCode(unit));
    if (bytes !== undefined) rewriting.put(slash, next, bytes);
    slash = source.indexOf("\\", next);
  }
  return rewriting.layer();
}

/** Every match of `pattern` stands for `meaning(match)`; null of it leaves the match as it is. */
function rewrite(
  source: string,
  pattern: RegExp,
  meaning: (match: string) => string | null,
): Layer | null {
  const rewriting = new Rewriting(source);
  for (const { 0: match, index } of source.matchAll(pattern)) {
    const text = meaning(match);
    if (text !== null) rewriting.put(index, index + match.length, text);
  }
  return rewriting.layer();
}

/** Undoes one level of percent-encoding; null where there is none. */
export function decodePercent(source: string): Layer | null {
  if (!source.includes("%")) return null;
  return rewrite(source, /%[0-9A-Fa-f]{2}/g, (hex) =>
    String.fromCharCode(Number.parseInt(hex.slice(1), 16)),
  );
}

/**
 * ESC as a byte, as source code of many languages, logs, `cat -v` and Unicode write it, or 8-bit
 * CSI; JSON's, percent's and HTML's escapes are undone before.
 */
const ESC = String.raw`(?:\x1b|\\x1[bB]|\\?0x1[bB]|\\0?33|\\27|\\e|\\[uN]\{(?:0{0,4}1[bB]|ESC)\}|#033|<(?:1[bB]|ESC|esc)>|ESC(?=\[)|\^\[|\xe2\x90\x9b)`;
const CSI = String.raw`(?:${ESC}\[|\xc2\x9b|\\x9[bB]\[?)`;
/** A colour code whose ESC was lost on the way to a log, not one whose ESC is still encoded. */
const BARE_COLOUR = String.raw`(?<!u00[19][bB]|1[bB][}>;]?|9[bB]|33|27;?|\\e|ESC[>}]?)(?:\[\d{1,3}(?:[;:]\d{0,3}){0,8}m(?:\[K)?|\[m\[K|\[m(?=\[\d))`;
// No code takes a quote or a brace: one that was cut off would take the end of its string along.
const TERMINAL_CODE = new RegExp(
  `${CSI}[0-?]{0,24}[ !$]?[@-Z^-z~]|${ESC}(?:\\][^\\x00-\\x1f"\\\\^]{0,400}(?:\\x07|\\\\(?:x07|u0007|0?07|a)|${ESC}\\\\{1,2})|[()][0-9A-Z]|[=>78cDEHMPX^_\\\\])|${BARE_COLOUR}`,
  "g",
);
const MAYBE_ESC =
  /[\x1b\x9b]|\\(?:x[19]|0?33|e|27|0x1|u\{|N\{)|\[(?:\d{1,3}[;:m]|m\[)|(?<=0x1[bB]|#033|<1[bB]>|<ESC>|<esc>|ESC|\^)\[/;

/** Leaves out what colours, moves and links on a terminal; null where there is none. */
export function withoutTerminalCodes(source: string): Layer | null {
  if (!MAYBE_ESC.test(source)) return null;
  return rewrite(source, TERMINAL_CODE, () => "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  amp: "&",
  lt: "<",
  gt: ">",
  nbsp: " ",
  equals: "=",
  colon: ":",
  sol: "/",
  plus: "+",
  lowbar: "_",
  hyphen: "-",
  period: ".",
  commat: "@",
};

/** Undoes HTML's entities; null where there is none. */
export function decodeEntities(source: string): Layer | null {
  if (!source.includes("&")) return null;
  return rewrite(source, /&(?:[a-z]{2,6}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});/g, (entity) => {
    const name = entity.slice(1, -1);
    if (!name.startsWith("#")) return ENTITIES[name] ?? null;
    const isHex = /^#x/i.test(name);
    const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
    if (code > 0x10ffff) return null;
    return Buffer.from(String.fromCodePoint(code), "utf8").toString("latin1");
  });
}

/** Base64 as JSON and URLs write its signs, in its own; null where there are none. */
export function decodeBase64Signs(source: string): Layer | null {
  return rewrite(source, /\\\/|%2[BbFf]|%3[Dd]/g, (sign) =>
    sign === "\\/" ? "/" : String.fromCharCode(Number.parseInt(sign.slice(1), 16)),
  );
}

/** The text without these parts, which are in order and do not overlap. */
export function layerWithout(source: string, parts: readonly (readonly [number, number])[]): Layer {
  const rewriting = new Rewriting(source);
  for (const [start, end] of parts) rewriting.put(start, end, "");
  return rewriting.layer() ?? written(source);
}

/** The layer `upper`, found within `lower`, as a layer of what `lower` came from. */
export function compose(lower: Layer, upper: Layer): Layer {
  return {
    text: upper.text,
    origin: (at) => lower.origin(upper.origin(at)),
    end: (at) => lower.end(upper.end(at)),
  };
}
