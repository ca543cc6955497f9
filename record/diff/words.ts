/**
 * Texts word by word, and whether only something that changes by itself (a clock) changed.
 *
 * What always holds: equal ends are cut off first, effort is bounded (LIMITS.diffEdits), and where a
 * comparison would cost more the whole middle counts as replaced: never an error, never a hang.
 */
import { diffLines, diffWordsWithSpace } from "diff";
import { LIMITS } from "../limits.ts";
import type { TextChange, Words } from "./model.ts";

/** The change from one text to another; null where they are equal. */
export function textChange(before: string, after: string): TextChange | null {
  if (before === after) return null;
  return { before, after, words: wordsOf(before, after), volatile: isVolatile(before, after) };
}

function wordsOf(before: string, after: string): Words[] {
  const start = sharedStart(before, after);
  const end = sharedEnd(before, after, start);
  const oldPart = before.slice(start, before.length - end);
  const newPart = after.slice(start, after.length - end);
  const words: Words[] = [];
  if (start > 0) words.push({ kind: "same", text: before.slice(0, start) });
  words.push(...middle(oldPart, newPart));
  if (end > 0) words.push({ kind: "same", text: before.slice(before.length - end) });
  return words;
}

function middle(before: string, after: string): Words[] {
  const options = { maxEditLength: LIMITS.diffEdits };
  const large = before.length + after.length > LIMITS.diffWordChars;
  const found =
    before === "" || after === ""
      ? undefined
      : large
        ? diffLines(before, after, options)
        : diffWordsWithSpace(before, after, options);
  const runs = found ?? [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  return runs
    .filter(({ value }) => value !== "")
    .map(({ value, added, removed }) => ({
      kind: added ? "added" : removed ? "removed" : "same",
      text: value,
    }));
}

/** Length of the equal beginning, back to the start of a word and never inside a character. */
function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  while (at > 0 && inWord(a, at)) at--;
  return at;
}

function sharedEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let n = 0;
  while (n < most && a.charCodeAt(a.length - 1 - n) === b.charCodeAt(b.length - 1 - n)) n++;
  while (n > 0 && inWord(a, a.length - n)) n--;
  return n;
}

function inWord(text: string, at: number): boolean {
  const low = text.charCodeAt(at);
  if (low >= 0xdc00 && low <= 0xdfff) return true;
  return /[\w.:-]/.test(text[at - 1] ?? "") && /[\w.:-]/.test(text[at] ?? "");
}

const MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
/** Dates, times, Unix times and UUIDs, as prompts write them. */
const CLOCK = new RegExp(
  [
    String.raw`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?`,
    String.raw`\d{1,4}[/.]\d{1,2}[/.]\d{1,4}`,
    String.raw`\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日`,
    String.raw`\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]\.?m\b\.?)?`,
    String.raw`\b(?:mon|tues?|wednes|thurs?|fri|satur|sun)day\b`,
    String.raw`\b\d{1,2}(?:st|nd|rd|th)?\s+${MONTH}\.?(?:,?\s+\d{4})?\b`,
    String.raw`\b${MONTH}\.?\s+\d{1,2}(?:st|nd|rd|th)?(?:,?\s+\d{4})?\b`,
    String.raw`\b1\d{9}(?:\d{3})?\b`,
    "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  ].join("|"),
  "gi",
);
/** A line that was put in and says little but the time is as volatile as a time that changed. */
const CLOCK_LINE_CHARS = 80;

function isVolatile(before: string, after: string): boolean {
  if (Math.max(before.length, after.length) > LIMITS.diffWordChars * 8) return false;
  const [a, b] = [before, after].map((text) => text.replace(CLOCK, "⧗"));
  if (a === b) return true;
  const start = sharedStart(a!, b!);
  const end = sharedEnd(a!, b!, start);
  const added = b!.slice(start, b!.length - end).trim();
  const removed = a!.slice(start, a!.length - end).trim();
  return (
    added.includes("⧗") !== removed.includes("⧗") &&
    (added === "" || removed === "") &&
    added.length + removed.length <= CLOCK_LINE_CHARS
  );
}
