/**
 * The captures as one thread has them open during a build: a task finds parsed what the one before
 * it in this thread has read.
 *
 * Invariants: one build at a time in a thread, told apart by its name; what an earlier build
 * had open is closed. Digests are never shared between tasks: another thread may have written them.
 */
import { openTree, type Tree } from "../../record/reader/tree.ts";
import { DigestStore } from "../digest/day-digest.ts";
import { ExchangeSource } from "../digest/exchange-source.ts";

/** Which build of which folder. */
export interface BuildName {
  readonly build: string;
  readonly captures: string;
  /** Of the digests. */
  readonly folder: string;
  /** By path of a capture file that is read anew: how far it was scanned. */
  readonly ends: Readonly<Record<string, number>>;
}

export interface AtHand {
  readonly tree: Tree;
  readonly source: ExchangeSource;
}

let known: (AtHand & { readonly build: string }) | null = null;

/** The captures as this thread has them open. */
export function capturesAtHand({ build, captures, folder, ends }: BuildName): AtHand {
  if (known?.build === build) return known;
  closeAtHand();
  const tree = openTree(captures);
  known = { build, tree, source: new ExchangeSource(tree, new DigestStore(folder), ends) };
  return known;
}

/** Closes what this thread has open. */
export function closeAtHand(): void {
  known?.source.close();
  known = null;
}
