/** A finding as readable lines: what `findings` and `show` print. */
import type { Finding } from "../record/findings/model.ts";
import { oneLine, printable } from "./printable.ts";

/** Width of shown evidence: with its indent it fits a terminal of 80 columns. */
const SHOWN = 70;
/** Places shown of one finding; the rest is counted. */
const PLACES = 6;

/** What was seen and where; not the exchange itself, which the caller has named. */
export function* describeFinding(
  { exchange, rule, severity, title, text, evidence }: Finding,
  language: "en" | "zh-Hant" = "en",
): Generator<string> {
  yield `${severity}: ${title[language]} [${rule}]`;
  yield `  ${printable(text[language]).replaceAll("\n", " ")}`;
  let told = "";
  for (const { place, before, after } of evidence.slice(0, PLACES)) {
    const where = place.path === "" ? place.section : place.path;
    const other = place.exchange === exchange ? "" : ` of ${place.exchange}`;
    if (where === "exchange" && other === "" && before === null && after === null) continue;
    const at = `${oneLine(where, SHOWN)}${other}`;
    if (at !== told) yield `  at ${at}`;
    told = at;
    if (before !== null) yield `    − ${oneLine(before, SHOWN)}`;
    if (after !== null) yield `    + ${oneLine(after, SHOWN)}`;
  }
  const rest = evidence.length - PLACES;
  if (rest > 0) yield `  and ${rest} more ${rest === 1 ? "place" : "places"}, see --json`;
}
