/**
 * The beginning of a live credential at the end of a text: the stream was cut off while it was
 * being said. Rules need a whole key; of what the request itself carried a part is evidence enough.
 */
import { publicPrefix } from "./credential-headers.ts";
import { isReadable } from "./credential-spans.ts";

const CHARS_MIN = 8;
/** Of what could be words. */
const READABLE_CHARS_MIN = 12;
/** Beyond the prefix that all keys of a provider share. */
const SECRET_CHARS_MIN = 4;

export interface CutOff {
  readonly start: number;
  readonly end: number;
  readonly secret: string;
}

/** The longest beginning of one of the credentials that `text` ends with; null where there is none. */
export function cutOffSecret(text: string, live: readonly string[]): CutOff | null {
  let longest: CutOff | null = null;
  for (const secret of live) {
    const least = Math.max(CHARS_MIN, publicPrefix(secret).length + SECRET_CHARS_MIN);
    const last = text.length - Math.max(least, longest === null ? 0 : longest.end - longest.start);
    for (let start = Math.max(0, text.length - secret.length + 1); start <= last; start += 1) {
      if (text.charCodeAt(start) !== secret.charCodeAt(0)) continue;
      const part = text.slice(start);
      if (!secret.startsWith(part)) continue;
      if (part.length >= READABLE_CHARS_MIN || !isReadable(part)) {
        longest = { start, end: text.length, secret };
      }
      break;
    }
  }
  return longest;
}
