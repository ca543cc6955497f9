/**
 * 64 bits as 16 hex digits: how items, lines and beginnings of lists are named. Thousands of names
 * are made and kept for a day, so each is written as one flat string: a slice of a longer text would
 * keep all of that, and what is joined keeps its pieces.
 */
const DIGIT = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** The two halves, 32 bits each, whatever their sign. */
export function hex64(high: number, low: number): string {
  return String.fromCharCode(
    DIGIT[high >>> 28]!,
    DIGIT[(high >>> 24) & 15]!,
    DIGIT[(high >>> 20) & 15]!,
    DIGIT[(high >>> 16) & 15]!,
    DIGIT[(high >>> 12) & 15]!,
    DIGIT[(high >>> 8) & 15]!,
    DIGIT[(high >>> 4) & 15]!,
    DIGIT[high & 15]!,
    DIGIT[low >>> 28]!,
    DIGIT[(low >>> 24) & 15]!,
    DIGIT[(low >>> 20) & 15]!,
    DIGIT[(low >>> 16) & 15]!,
    DIGIT[(low >>> 12) & 15]!,
    DIGIT[(low >>> 8) & 15]!,
    DIGIT[(low >>> 4) & 15]!,
    DIGIT[low & 15]!,
  );
}

/** 32 bits out of four units of a text that holds a byte in each, from `start` on. */
export function bitsAt(bytes: string, start: number): number {
  return (
    (bytes.charCodeAt(start) << 24) |
    (bytes.charCodeAt(start + 1) << 16) |
    (bytes.charCodeAt(start + 2) << 8) |
    bytes.charCodeAt(start + 3)
  );
}
