/**
 * Events that each frame of a stream wraps in base64 of its own, as Amazon's
 * `invoke-with-response-stream` does: `{"bytes":"eyJ0eXBlIjoi…","p":"abc"}`. No frame shows a key
 * that two share, so they are opened, looked through as one stream, and wrapped again.
 *
 * Invariants: what is wrapped again has the length that it had, since frames count theirs; where
 * nothing was found nothing changes.
 */
import { applyEdits, keepLength } from "./edits.ts";
import type { Found } from "./finds.ts";

interface Wrapped {
  /** The base64 in the stream. */
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

// The last one may be cut off.
const WRAPPED = /"bytes"\s?:\s?"([A-Za-z0-9+/]{4,}={0,2})(?="|$)/dg;

function wrappedIn(text: string): Wrapped[] {
  return [...text.matchAll(WRAPPED)].map((match) => {
    const [start, end] = match.indices![1]!;
    const whole = end - ((end - start) % 4);
    return { start, end: whole, bytes: Buffer.from(text.slice(start, whole), "base64") };
  });
}

/**
 * What `find` finds in the events of `stream` put together, as finds in `stream`: a frame's base64
 * gives way to one with `marker` in it. `outside` is the stream with blanks in the place of all
 * that was wrapped. Null where nothing is.
 */
export function foundInWrapped(
  stream: Buffer,
  find: (events: Buffer) => readonly Found[],
  marker: (found: Found) => string,
): { found: Found[]; outside: Buffer } | null {
  const events = wrappedIn(stream.toString("latin1"));
  if (events.length === 0) return null;
  const outside = Buffer.from(stream);
  for (const { start, end } of events) outside.fill(0x20, start, end);
  const inside = find(Buffer.concat(events.flatMap(({ bytes }) => [bytes, LINE_END])));
  const found: Found[] = [];
  let at = 0;
  for (const { start, end, bytes } of events) {
    const begin = at;
    at += bytes.length + LINE_END.length;
    const here = inside.filter((f) => f.start < begin + bytes.length && f.end > begin);
    const [first] = here;
    if (first === undefined) continue;
    const texts = here.map((f) => (f.start < begin ? "" : f.text(marker(f))));
    const edits = here.map((f, i) =>
      keepLength({
        start: Math.max(0, f.start - begin),
        end: Math.min(bytes.length, f.end - begin),
        text: texts[i] ?? "",
      }),
    );
    const wrapped = applyEdits(bytes, edits).toString("base64");
    const hits = texts.filter((t) => t !== "").length;
    found.push({ ...first, start, end, hits, text: () => wrapped });
  }
  return { found, outside };
}

const LINE_END = Buffer.from("\n");
