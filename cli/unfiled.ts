/** What readers of the tree are told of calls that are not in it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import {
  isUnfiled,
  parseUnfiled,
  readUnfiled,
  type Unfiled,
} from "../record/johnny-decimal/unfiled.ts";

/**
 * A line for each recorder of which something is missing; none where the tree is complete. Read from
 * the tree, and for this machine's own recorder from its state folder, where that can be read.
 */
export function unfiledLines(config: Pick<Config, "captures" | "state" | "writer">): string[] {
  const { captures, state, writer } = config;
  const own = ownUnfiled(state, writer);
  const inTree = readUnfiled(new CaptureTree({ captures }).find("00.00"));
  const others = inTree.filter((x) => own === null || x.writer !== writer);
  return [...(own === null ? [] : [own]), ...others].filter(isUnfiled).map(describeUnfiled);
}

/** As the daemon left it, with what is set aside by now; null where there is no state to read. */
function ownUnfiled(state: string, writer: string | null): Unfiled | null {
  const names = namesIn(state);
  if (names === null) return null;
  const [told] = parseUnfiled(textOf(join(state, "unfiled.json")));
  const nothing = { not_recorded: 0, filing: "works", recording: "works" } as const;
  const aside = ["poison", "quarantine"].flatMap((folder) =>
    (namesIn(join(state, folder)) ?? [])
      .filter((name) => name.endsWith(".seg"))
      .map((name) => statSync(join(state, folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
  );
  const at = new Date(Math.min(Date.now(), ...aside)).toISOString();
  return { ...nothing, writer, at, ...told, set_aside: aside.length };
}

function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}

function describeUnfiled({
  writer,
  at,
  set_aside,
  not_recorded,
  filing,
  recording,
}: Unfiled): string {
  const facts = [
    ...(set_aside > 0 ? [`${calls(set_aside)} set aside, not filed (callnumber retry)`] : []),
    ...(not_recorded > 0 ? [`${calls(not_recorded)} not recorded whole`] : []),
    ...(filing === "fails" ? ["filing fails"] : []),
    ...(recording === "fails" ? ["recording fails"] : []),
  ];
  const by = writer === null ? "" : ` of ${writer}`;
  return `! the captures${by} are not complete: ${facts.join(", ")} (since ${at})`;
}

function calls(n: number): string {
  return n === 1 ? "1 call is" : `${n} calls are`;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
