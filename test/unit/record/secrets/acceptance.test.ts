/**
 * Acceptance 4 of "the record": every kind of credential in every place where it can hide, and how
 * many of these cases reach the tree. The table of what is missed is printed; docs/redaction.md
 * lists it.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { credentialKinds, type Kind } from "./credential-kinds.ts";
import { PLACES, shows } from "./hiding-places.ts";

const fingerprint = (s: string): string =>
  createHmac("sha256", "test").update(s).digest("hex").slice(0, 8);

const redactor = createRedactor({ fingerprint });

/** Without the redactor every place shows every secret; else the table proves nothing. */
const blind = {
  ...redactor,
  redactBody: (value: Buffer) => ({ value, hits: [] }),
  redactChunks: (value: readonly (readonly [number, Buffer])[]) => ({ value, hits: [] }),
  redactUrl: (value: string) => ({ value, hits: [] }),
  redactHeaders: <T>(value: T) => ({ value, hits: [] }),
} as unknown as typeof redactor;

test("at least 40 kinds of credentials in every place: at most 2 % of the cases reach the tree", (t) => {
  const misses = new Map<string, string[]>();
  let cases = 0;
  let missed = 0;
  const seeds = [1, 2, 3];
  for (const seed of seeds) {
    const kinds = credentialKinds(seed);
    assert.ok(kinds.length >= 40);
    for (const place of PLACES) {
      for (const kind of kinds) {
        cases += 1;
        if (!shows(place.written(redactor, kind), kind.secret)) continue;
        missed += 1;
        misses.set(place.name, [...(misses.get(place.name) ?? []), kind.name]);
      }
    }
  }
  const count = credentialKinds(1).length;
  t.diagnostic(`${count} kinds × ${PLACES.length} places × ${seeds.length} seeds = ${cases} cases`);
  t.diagnostic(`reached the tree: ${missed} (${((100 * missed) / cases).toFixed(2)} %)`);
  for (const [place, kinds] of misses)
    t.diagnostic(`  ${place}: ${[...new Set(kinds)].join(", ")}`);
  assert.ok(missed / cases <= 0.02);
});

test("the table can fail: without redaction every place shows every kind", () => {
  const unseen = (kind: Kind): string[] =>
    PLACES.filter((p) => !shows(p.written(blind, kind), kind.secret)).map((p) => p.name);
  for (const kind of credentialKinds(1)) {
    assert.deepEqual(unseen(kind), [], `${kind.name} is not seen although nothing was redacted`);
  }
});

test("a live credential of no known kind is hidden in every place", () => {
  const secret = "correct horse/battery+staple=7é".replaceAll("é", "e");
  const live = redactor.withLive([secret]);
  const kind: Kind = { name: "live", text: secret, secret };
  const seen = PLACES.filter((p) => shows(p.written(live, kind), secret)).map((p) => p.name);
  assert.deepEqual(seen, []);
});
