/**
 * JSON that may come from anywhere, parsed only where that is cheap: an empty object costs three
 * bytes of text and sixty of memory, so that 32 MiB of them would take two gigabytes.
 *
 * Invariants: what is short is parsed as it is; text and pictures of any length are, too.
 */
import { LIMITS } from "../limits.ts";

/** The value; undefined where the text is no JSON or holds more values than any message. */
export function parseLean(text: string): unknown {
  if (text.length > LIMITS.leanJsonChars && isCrowded(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCrowded(text: string): boolean {
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === COMMA || c === OPEN_ARRAY || c === OPEN_OBJECT) values++;
  }
  return values > LIMITS.leanJsonCount;
}

const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
