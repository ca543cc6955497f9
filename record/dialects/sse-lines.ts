/**
 * Server-sent events (WHATWG HTML, 9.2) of a recorded body whose lines end with LF alone, as those of
 * nearly all servers do: taken out of the whole text, so that an event costs two looks for a line end
 * and one slice.
 *
 * What always holds: for the bodies that `hasPlainLines` lets through it gives the events that the
 * eventsource-parser library gives (a test compares); all others are that library's. Linear in the
 * text; never throws.
 */

/**
 * Called with each event: its name, its data, the offset behind the line that ended it, and whether
 * the data is of one line.
 */
export type OnEvent = (name: string | null, data: string, end: number, oneLine: boolean) => void;

const LF = 10;
const SPACE = 32;
const COLON = 58;
/** Units that a byte order mark may begin with, decoded or not. */
const MARKS = new Set([0xfeff, 0xef]);

/** Whether the text has no byte order mark, and no line that ends with anything but LF. */
export function hasPlainLines(text: string): boolean {
  return !MARKS.has(text.charCodeAt(0)) && !text.includes("\r");
}

/** Reads the events; one that the text ends in counts, and ends nowhere (Infinity). */
export function readPlainLines(text: string, onEvent: OnEvent): void {
  let name: string | null = null;
  let data: string | null = null;
  let oneLine = true;
  let start = 0;
  while (start < text.length) {
    if (text.charCodeAt(start) === LF) {
      start++;
      if (data !== null) onEvent(name, data, start, oneLine);
      name = null;
      data = null;
      oneLine = true;
      continue;
    }
    const lf = text.indexOf("\n", start);
    const end = lf < 0 ? text.length : lf;
    if (isField(text, start, end, "data")) {
      const value = lineValue(text, start + 4, end);
      oneLine = data === null;
      data = data === null ? value : `${data}\n${value}`;
    } else if (isField(text, start, end, "event")) {
      name = lineValue(text, start + 5, end) || null;
    }
    start = end + 1;
  }
  if (data !== null) onEvent(name, data, Number.POSITIVE_INFINITY, oneLine);
}

/** Whether the line is of this field: its name, and a colon unless there is no value. */
function isField(text: string, start: number, end: number, name: string): boolean {
  const colon = start + name.length;
  if (colon > end || (colon < end && text.charCodeAt(colon) !== COLON)) return false;
  for (let i = 0; i < name.length; i++) {
    if (text.charCodeAt(start + i) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** What stands behind the colon, and behind one space if there is one. */
function lineValue(text: string, colon: number, end: number): string {
  const spaced = colon + 1 < end && text.charCodeAt(colon + 1) === SPACE;
  return text.slice(spaced ? colon + 2 : colon + 1, end);
}
