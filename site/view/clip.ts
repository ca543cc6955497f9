/**
 * Long captured text cut for a first view: its beginning and its end stay readable in the page, the
 * middle is fetched when asked for. Where a cut falls never splits a character.
 */

export interface Clipped {
  readonly head: string;
  /** Characters left out between head and tail; 0 where nothing was. */
  readonly omitted: number;
  readonly tail: string;
  /** Where the middle is kept, to be fetched; null where nothing was left out or nobody keeps it. */
  readonly rest: number | null;
}

/** Takes the middle of a clipped text and says under which number it can be had, null if it cannot. */
export type Keep = (middle: string) => number | null;

/** `text` whole where it has at most `charsMax` UTF-16 units, else its first 3/4 and last 1/4 of that. */
export function clip(text: string, charsMax: number, keep?: Keep): Clipped {
  if (text.length <= charsMax) return { head: text, omitted: 0, tail: "", rest: null };
  const head = wholeCharacters(text.slice(0, Math.floor(charsMax * 0.75)), "end");
  const tail = wholeCharacters(text.slice(text.length - Math.floor(charsMax * 0.25)), "start");
  const rest = keep?.(text.slice(head.length, text.length - tail.length)) ?? null;
  return { head, omitted: text.length - head.length - tail.length, tail, rest };
}

/** The first words of `text` on one line, at most `charsMax` long, with an ellipsis where cut. */
export function firstWords(text: string, charsMax: number): string {
  const line = text
    .slice(0, charsMax * 4)
    .replace(/\s+/g, " ")
    .trim();
  if (line.length <= charsMax) return line;
  const cut = wholeCharacters(line.slice(0, charsMax - 1), "end");
  const space = cut.lastIndexOf(" ");
  return `${space > charsMax * 0.7 ? cut.slice(0, space) : cut}…`;
}

function wholeCharacters(text: string, side: "start" | "end"): string {
  if (side === "end") return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
  return /^[\udc00-\udfff]/.test(text) ? text.slice(1) : text;
}
