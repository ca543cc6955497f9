/**
 * Which exchanges show what a scan has found: the one on whose line it stands, those that refer to
 * the part, and those whose list of parts goes on from either.
 *
 * Invariants: fails closed. A find on a line that is neither an exchange nor a part, or on one that
 * cannot be read, ends the build; an exchange whose parts cannot be told counts as one that has it.
 */
import { relative } from "node:path";
import { isLink } from "../../record/bodies/part-list.ts";
import { CodedError } from "../../record/errors.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";
import type { CaptureFile } from "../../record/reader/capture-file.ts";
import type { DayReader } from "../../record/reader/day-reader.ts";
import { eachLine } from "../../record/reader/file-lines.ts";
import type { HeldNote } from "../view/held.ts";
import type { DirtyDay } from "./dirty-days.ts";

/** By exchange, what was found in what it shows and is not allowed. Throws site-secret-found. */
export function heldExchanges(
  open: () => DayReader,
  captures: string,
  { files, marks, hits, allowed }: DirtyDay,
): Map<string, HeldNote[]> {
  const held = new Map<string, HeldNote[]>();
  const passed = new Set(allowed);
  const left = hits.filter(({ fingerprint }) => !passed.has(fingerprint));
  if (left.length === 0) return held;
  const reader = open();
  for (const [index, path] of files.entries()) {
    const { name, inode } = marks[index]!;
    const file = reader.files.find((candidate) => candidate.path === path)!;
    const notes = left
      .filter((hit) => hit.name === name && hit.inode === inode)
      .map(({ line, rule, preview, fingerprint }): HeldNote => {
        return { file: relative(captures, path), line, rule, preview, fingerprint };
      });
    if (notes.length > 0)
      holdIn(
        file,
        Map.groupBy(notes, ({ line }) => line),
        held,
      );
  }
  return held;
}

function holdIn(
  file: CaptureFile,
  notes: ReadonlyMap<number, readonly HeldNote[]>,
  held: Map<string, HeldNote[]>,
): void {
  const lines = new Set<number>();
  for (const exchange of file.exchanges()) {
    const own = file.line(exchange);
    lines.add(own);
    const found = [
      ...(notes.get(own) ?? []),
      ...linesOf(file, exchange, notes).flatMap((line) => notes.get(line) ?? []),
      ...linked(exchange).flatMap((id) => held.get(id) ?? []),
    ];
    if (found.length > 0) held.set(exchange.id, found);
  }
  assertKnown(file, notes, lines);
}

/** Lines of the parts that an exchange refers to; all with a find where they cannot be told. */
function linesOf(
  file: CaptureFile,
  exchange: ExchangeLine,
  notes: ReadonlyMap<number, unknown>,
): number[] {
  try {
    const { request, response } = exchange;
    const numbers = new Set(
      [request.body?.chunks, response?.body?.chunks, response?.assembled].filter(
        (n) => typeof n === "number",
      ),
    );
    for (const side of ["request", "response"] as const) {
      for (const atom of file.atoms(exchange, side) ?? []) {
        if (typeof atom === "number") numbers.add(atom);
        else if (typeof atom !== "string") numbers.add(atom.part);
      }
    }
    return [...numbers].flatMap((n) => file.stored(n, exchange)?.line ?? []);
  } catch {
    return [...notes.keys()];
  }
}

/** The exchange whose list of parts a body's list goes on from. */
function linked({ request, response }: ExchangeLine): string[] {
  return [request.body, response?.body].flatMap((body) => {
    const head = body?.parts?.[0];
    return head !== undefined && isLink(head) ? [head.as] : [];
  });
}

function assertKnown(
  file: CaptureFile,
  notes: ReadonlyMap<number, readonly HeldNote[]>,
  exchanges: ReadonlySet<number>,
): void {
  let line = 0;
  eachLine(file.path, (bytes) => {
    line += 1;
    const found = notes.get(line)?.[0];
    if (found === undefined || exchanges.has(line)) return;
    if (bytes.toString("latin1", 0, 20).startsWith('{"type":"part","n":')) return;
    throw new CodedError(
      "site-secret-found",
      `not published: ${found.file}:${line}: ${found.rule} (${found.preview}), and no telling which call shows it`,
    );
  });
}
