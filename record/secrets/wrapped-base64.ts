/**
 * Base64 that is broken into lines of one width, as `base64`, MIME and PEM write it: put together
 * again, since a key in a file is longer than what stands in a line and begins anywhere in one.
 *
 * Invariants: pure and linear; looks at one byte in sixty where nothing is base64; a block begins
 * with a whole line of at least sixty characters and holds nothing but base64.
 */
import { type Layer, layerWithout } from "./layers.ts";

/** Lines of 60, 64, 72 and 76 characters are what programs write. */
const WIDTH_MIN = 60;
/** A line's end, written or escaped at any depth, with what may stand in front of the next line. */
const BREAK = /(?:\\{1,16}r|\r)?(?:\\{1,16}n|\n)(?:[ \t>+-]|\\{1,16}t){0,24}/y;
const BREAK_MAX = 96;

const IS_BASE64 = Uint8Array.from({ length: 256 }, (_, c) =>
  /[A-Za-z0-9+/]/.test(String.fromCharCode(c)) ? 1 : 0,
);

/** A block as it stands in the bytes from `at`: its lines without the breaks between them. */
export interface Block {
  readonly at: number;
  readonly layer: Layer;
}

function runEnd(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  const is = IS_BASE64;
  let end = from;
  // Four at a time: a picture is one run of megabytes.
  while (
    end + 4 <= length &&
    (is[bytes[end]!]! & is[bytes[end + 1]!]! & is[bytes[end + 2]!]! & is[bytes[end + 3]!]!) === 1
  ) {
    end += 4;
  }
  while (end < length && is[bytes[end]!] === 1) end += 1;
  return end;
}

/** Where the line behind the break at `at` begins; -1 where none does. */
function nextLine(bytes: Buffer, at: number): number {
  const c = bytes[at];
  if (c !== 0x5c && c !== 0x0a && c !== 0x0d) return -1;
  BREAK.lastIndex = 0;
  const length = BREAK.exec(bytes.toString("latin1", at, at + BREAK_MAX))?.[0].length ?? 0;
  return length === 0 ? -1 : at + length;
}

/** The block whose first line is this one; null where no second line follows. */
function blockAt(bytes: Buffer, start: number, firstEnd: number): (Block & { end: number }) | null {
  const breaks: [number, number][] = [];
  let end = firstEnd;
  for (;;) {
    const from = nextLine(bytes, end);
    const to = from < 0 ? from : runEnd(bytes, from);
    if (from < 0 || to === from) break;
    breaks.push([end - start, from - start]);
    const isLast = to - from !== firstEnd - start;
    end = to;
    if (isLast) break;
  }
  if (breaks.length === 0) return null;
  while (bytes[end] === 0x3d) end += 1;
  return { at: start, end, layer: layerWithout(bytes.toString("latin1", start, end), breaks) };
}

/** The blocks of base64 in more than one line, in order. */
export function* wrappedBase64(bytes: Buffer): Generator<Block> {
  // Behind `done` all has been looked at; a line of the least width must hold the byte at `at`.
  let done = 0;
  for (let at = WIDTH_MIN - 1; at < bytes.length; ) {
    let start = at + 1;
    while (start > done && IS_BASE64[bytes[start - 1]!] === 1) start -= 1;
    if (at + 1 - start < WIDTH_MIN) {
      const run = start > at ? 0 : at + 1 - start;
      at += WIDTH_MIN - run;
      continue;
    }
    // An escape in front (`\n`, `\u00e9`) is no part of the line.
    if (start > 0 && bytes[start - 1] === 0x5c) start += bytes[start] === 0x75 ? 5 : 1;
    const end = runEnd(bytes, at);
    const block = blockAt(bytes, start, end);
    if (block !== null) yield block;
    done = block?.end ?? end;
    at = done + WIDTH_MIN - 1;
  }
}
