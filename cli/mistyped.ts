/**
 * What was typed against what there is: a number, a day, a name that nothing has must not look like
 * an empty answer. Every command asks here before it looks for anything.
 *
 * Invariants: what means nothing is `bad-argument` (exit 2) with the nearest that does; what
 * means something and is empty passes.
 */
import { didYouMean } from "../daemon/config/did-you-mean.ts";
import { CodedError } from "../record/errors.ts";
import { parseCaptureName } from "../record/format/capture-name.ts";
import { parseNumber } from "../record/johnny-decimal/numbers.ts";
import { inLine } from "./printable.ts";

/** A number of the tree and its title. */
export interface KnownNumber {
  readonly number: string;
  readonly title: string | null;
}

const LISTED = 12;

/** `value`, which has to be one of `known`; `what` says of what kind it is. */
export function known<T extends string>(value: string, knownOnes: readonly T[], what: string): T {
  const found = knownOnes.find((each) => each === value);
  if (found !== undefined) return found;
  const near = didYouMean(value, knownOnes) ?? knownOnes.find((each) => each.startsWith(value));
  throw mistyped(`no ${what} is called`, value, near ?? null, knownOnes);
}

/** A day, `YYYY-MM-DD`. `now` is for what people say in its place. */
export function dayOf(value: string, option: string, now = new Date()): string {
  if (parseCaptureName(`${value}.jsonl`)?.day === value) return value;
  const message = `${option} takes a UTC day, YYYY-MM-DD, and ${quoted(value)} is none`;
  const near = nearestDay(value, now);
  throw new CodedError(
    "bad-argument",
    near === null ? message : `${message}; did you mean ${near}?`,
  );
}

/** A number that something is or may be filed under: an area, a category, an ID, `11.11+name`. */
export function numberOf(value: string, numbers: Iterable<KnownNumber>): string {
  const all = [...numbers];
  if (all.some(({ number }) => number === value)) return value;
  if (parseNumber(value) !== null) {
    const near = all.findLast(({ number }) => value.startsWith(number));
    const under = near && all.filter(({ number }) => number.startsWith(`${near.number}.`));
    const some = under?.length ? under : all;
    throw new CodedError("bad-argument", `there is no ${value} in the tree; ${listed(some)}`);
  }
  const titles = new Map(all.flatMap(({ number, title }) => (title ? [[title, number]] : [])));
  const wanted = value.toLowerCase();
  const near =
    titles.keys().find((title) => title.toLowerCase() === wanted) ??
    didYouMean(value, titles.keys()) ??
    titles.keys().find((title) => title.toLowerCase().includes(wanted)) ??
    null;
  const hint = near === null ? listed(all) : `did you mean ${titles.get(near)} (${inLine(near)})?`;
  throw new CodedError("bad-argument", `${quoted(value)} is no number of the tree; ${hint}`);
}

/** Error for a value that none of `knownOnes` is, with the nearest or some of them. */
export function mistyped(
  what: string,
  value: string,
  near: string | null,
  knownOnes: readonly string[],
): CodedError {
  const some = knownOnes.slice(0, LISTED).map(inLine).join(", ");
  const more = knownOnes.length > LISTED ? ", …" : "";
  const hint =
    near !== null
      ? `; did you mean ${inLine(near)}?`
      : some === ""
        ? ""
        : `; there are ${some}${more}`;
  return new CodedError("bad-argument", `${what} ${quoted(value)}${hint}`);
}

const quoted = (value: string) => JSON.stringify(inLine(value.slice(0, 200)));

function listed(numbers: readonly KnownNumber[]): string {
  if (numbers.length === 0) return "nothing is filed yet";
  const some = numbers.slice(0, LISTED).map(({ number, title }) => {
    return title === null ? number : `${number} (${inLine(title)})`;
  });
  return `there are ${some.join(", ")}${numbers.length > LISTED ? ", …" : ""}`;
}

const DAY_MS = 86_400_000;

function nearestDay(value: string, now: Date): string | null {
  const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const word = value.trim().toLowerCase();
  const back = { today: 0, now: 0, yesterday: 1 }[word];
  if (back !== undefined) return isoDay(now.getTime() - back * DAY_MS);
  const [, year, month, day] =
    /^(\d{4})\D?(\d{1,2})\D(\d{1,2})/.exec(word) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(word) ?? [];
  const [, day2, month2, year2] = /^(\d{1,2})\D(\d{1,2})\D(\d{4})$/.exec(word) ?? [];
  const parts = [year ?? year2, month ?? month2, day ?? day2];
  if (parts.includes(undefined)) return null;
  const [y, m, d] = parts as [string, string, string];
  const near = `${y}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
  return parseCaptureName(`${near}.jsonl`) === null ? null : near;
}
