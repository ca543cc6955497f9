/**
 * Kinds of credentials between neighbours: each kind with each pair of what may stand in front of it
 * and behind it, in a tool's output within a request, through the redactor as the filer uses it.
 */
import type { Redactor } from "../../record/secrets/redactor.ts";
import { credentialKinds } from "../unit/record/secrets/credential-kinds.ts";
import { shows } from "../unit/record/secrets/hiding-places.ts";
import { LEFT, RIGHT } from "../unit/record/secrets/neighbours.ts";

export interface Tally {
  readonly cases: number;
  readonly missed: number;
  /** What was missed, and how often. */
  readonly misses: ReadonlyMap<string, number>;
}

const plainText = (text: string): string =>
  text.replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g, "");

/** All that would be written of a tool's output, also for who takes the colours out. */
export function writtenOf(redactor: Redactor, text: string): string[] {
  const request = { messages: [{ role: "tool", tool_call_id: "c", content: text }] };
  const written = redactor.redactBody(Buffer.from(JSON.stringify(request))).value.toString();
  const { content } = JSON.parse(written).messages[0];
  return [written, content, plainText(content)];
}

/** Every kind × every `step`th pair of neighbours, another one of them for each kind. */
export function tallyNeighbours(redactor: Redactor, seeds: readonly number[], step: number): Tally {
  const misses = new Map<string, number>();
  let cases = 0;
  let missed = 0;
  for (const seed of seeds) {
    for (const [index, kind] of credentialKinds(seed).entries()) {
      for (let pair = index % step; pair < LEFT.length * RIGHT.length; pair += step) {
        const [left, before] = LEFT[pair % LEFT.length]!;
        const [right, after] = RIGHT[Math.floor(pair / LEFT.length)]!;
        cases += 1;
        const written = writtenOf(redactor, `$ run\nsee ${before}${kind.text}${after} there\n`);
        if (!shows(written, kind.secret)) continue;
        missed += 1;
        const name = `${kind.name}: behind ${left}, before ${right}`;
        misses.set(name, (misses.get(name) ?? 0) + 1);
      }
    }
  }
  return { cases, missed, misses };
}
