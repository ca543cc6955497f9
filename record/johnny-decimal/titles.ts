/**
 * Titles as folder names: what may stand after the number, and the standard titles of what is
 * reserved.
 *
 * What always holds: a sanitised title is NFC, at most 120 bytes cut between characters, has no
 * character that a file system of any platform refuses, none that is invisible or turns the reading
 * direction, no dot or space at its ends; sanitising twice changes nothing. The author's own
 * wording is kept in the plan; only the folder name is made of this.
 */
import { type JdNumber, parseNumber, reservedRole, SYSTEM_AREA } from "./numbers.ts";

/** Longest title in a folder name, in bytes of UTF-8. */
export const TITLE_BYTES = 120;

/** Stands where a folder is needed and nobody wrote a title. */
export const UNTITLED = "Untitled";

// Marks that change the reading direction, break lines, or are not seen at all. The joiners
// U+200C and U+200D stay: emoji and several scripts are spelled with them.
const UNSEEN =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;

/** What the folder of a title is called. May be empty where nothing of it can stay. */
export function sanitiseTitle(title: string): string {
  const clean = title
    .toWellFormed()
    .normalize("NFC")
    .replace(UNSEEN, "")
    .replace(CONTROLS, " ")
    .replace(/[/\\|:]/g, (sign, at: number, all: string) => {
      // "Notes: drafts" reads as "Notes - drafts", "Import/Export" as "Import-Export".
      return sign === ":" && all[at + 1] === " " && all[at - 1] !== " " ? " -" : "-";
    })
    .replace(/"/g, "'")
    .replace(/</g, "(")
    .replace(/>/g, ")")
    .replace(/[*?]/g, "")
    .replace(/ {2,}/g, " ");
  return trimEnds(cutToBytes(trimEnds(clean), TITLE_BYTES)).normalize("NFC");
}

/** True where a title can be a folder name as it is. */
export function isSafeTitle(title: string): boolean {
  return title !== "" && sanitiseTitle(title) === title;
}

/** `11`, `Cline` → `11 Cline`. The title is sanitised; an empty one becomes `Untitled`. */
export function folderName(number: string, title: string): string {
  return `${number} ${sanitiseTitle(title) || UNTITLED}`;
}

/**
 * Reads a folder's name by its number. `title` is null where the name is the number alone or where
 * anything but one space and a title follows it; the number counts all the same.
 */
export function parseFolderName(name: string): { number: JdNumber; title: string | null } | null {
  const match = /^([0-9]0-[0-9]9|[0-9]{2}\.[0-9]{2}|[0-9]{2})(?:$|\s)/su.exec(name);
  const number = match === null ? null : parseNumber(match[1]!);
  if (match === null || number === null) return null;
  const rest = name.slice(number.text.length);
  return { number, title: /^ \S/u.test(rest) ? rest.slice(1).normalize("NFC") : null };
}

/** The title of what is reserved, or null for an ordinary number. */
export function standardTitle(number: JdNumber): string | null {
  if (number.level === "area") return number.area === SYSTEM_AREA ? "System" : null;
  if (number.level === "category") return number.category === "00" ? "System management" : null;
  const role = number.id === null ? null : reservedRole(number.id);
  if (role === null) return null;
  const name = { jdex: "JDex", inbox: "Inbox", archive: "Archive" }[role];
  return number.category === "00"
    ? `${name} for the system`
    : `${name} for category ${number.category}`;
}

/** The longest beginning of whole characters (as a reader sees them) within so many bytes. */
export function cutToBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const whole = takeWhile(new Intl.Segmenter("und").segment(text), bytes);
  if (whole !== "") return whole;
  // A single character longer than the limit (a letter under a tower of accents): cut inside it.
  return takeWhile(
    Array.from(text, (segment) => ({ segment })),
    bytes,
  );
}

function takeWhile(pieces: Iterable<{ segment: string }>, bytes: number): string {
  let kept = "";
  let left = bytes;
  for (const { segment } of pieces) {
    left -= Buffer.byteLength(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept;
}

function trimEnds(text: string): string {
  return text.replace(/^[\s.]+|[\s.]+$/gu, "");
}
