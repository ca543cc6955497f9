/**
 * Kinds of credentials: how many of the cases that were tried reach what would be written.
 *
 *   node test/secrets-report/kinds.ts [--rules RULES.toml] [--full]
 *
 * prints rows of the table in docs/security.md. `--rules` names a public rule set of gitleaks' form,
 * which is no part of this repository; `--full` takes every pair of neighbours and 500 MB of base64.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRedactor } from "../../record/secrets/redactor.ts";
import { countFalseHits } from "./false-hits.ts";
import { lineOf, type Row } from "./live.ts";
import { tallyNeighbours } from "./neighbours.ts";
import { chanceHits } from "./random-base64.ts";
import { expressionsOf, tallySamples } from "./samples.ts";

const SEED = 15;
const SAMPLES = 20;
const TEXT_BYTES = 150_000_000;
const MB = 1_000_000;

const { values } = parseArgs({
  options: { rules: { type: "string" }, full: { type: "boolean", default: false } },
});
const redactor = createRedactor({ fingerprint: () => "00c0ffee" });

const times = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts].flatMap(([name, count]) => Array.from({ length: count }, () => name));

function* rows(): Generator<Row> {
  const { cases, misses } = tallyNeighbours(redactor, [SEED], values.full ? 1 : 29);
  yield { tried: "kinds × left × right neighbours", cases, missed: times(misses) };
  if (values.rules !== undefined) {
    const expressions = expressionsOf(readFileSync(values.rules, "utf8"));
    const { samples, rules, misses: unmet } = tallySamples(redactor, expressions, SAMPLES);
    const missed = unmet.flatMap(({ id, missed: n }) => Array.from({ length: n }, () => id));
    yield { tried: "samples of a public rule set's expressions", cases: samples, missed };
    yield {
      tried: "its rules (not found always)",
      cases: rules,
      missed: unmet.map(({ id }) => id),
    };
  }
  const { bytes, hits } = chanceHits(redactor, values.full ? 500 * MB : 100 * MB, SEED);
  const base64 = `MB of random base64 (hits by chance)`;
  yield { tried: base64, cases: Math.round(bytes / MB), missed: times(hits) };
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const found = countFalseHits(root, TEXT_BYTES);
  const text = "MB of installed packages and git history (false hits)";
  yield { tried: text, cases: Math.round(found.bytes / MB), missed: found.hits };
}

for (const row of rows()) {
  console.log(lineOf(row));
  for (const line of row.missed.slice(0, 80)) console.error(`  ${line}`);
}
