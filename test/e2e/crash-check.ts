/** Compares a tree with what the outside world of the crash suite knows. */
import assert from "node:assert/strict";
import fs from "node:fs";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";
import type { Known } from "./crash-oracle.ts";

/** Throws with the first difference; else gives how many exchanges there are by outcome. */
export function checkTree(
  captures: string,
  known: ReadonlyMap<number, Known>,
): Record<string, number> {
  const outcomes: Record<string, number> = {};
  const seen = new Set<number>();
  const tree = openTree(captures);
  for (const { path } of tree.files()) {
    assert.deepEqual(verifyFile(path), [], "verify is clean");
    assert.equal(fs.readFileSync(path).at(-1), 10, "no torn line is left");
    using day = tree.openDay(path);
    for (const x of day.exchanges()) {
      const n = Number(x.request.headers.find(([name]) => name === "x-oracle")?.[1]);
      const truth = known.get(n);
      assert.ok(truth, `exchange ${x.id} was never sent`);
      assert.ok(!seen.has(n), `request ${n} is filed twice`);
      seen.add(n);
      outcomes[x.outcome] = (outcomes[x.outcome] ?? 0) + 1;
      compare(truth, x, day.requestBody(x), day.responseBody(x));
    }
  }
  for (const { n, finished, received, arrived } of known.values()) {
    if (finished) assert.ok(seen.has(n), `request ${n} ended at its client and is not filed`);
    if (received.length > 0) assert.ok(seen.has(n), `request ${n} was answered and is not filed`);
    if (arrived) assert.ok(seen.has(n), `request ${n} reached the upstream and is not filed`);
  }
  return outcomes;
}

function compare(
  truth: Known,
  { outcome, error }: ExchangeLine,
  request: Buffer | null,
  response: Buffer | null,
): void {
  const { n, finished, received, arrived, answer } = truth;
  const sent = request ?? Buffer.alloc(0);
  const got = response ?? Buffer.alloc(0);
  assert.notEqual(outcome, "rejected", `request ${n} of a healthy client: ${error?.code}`);
  assert.ok(truth.request.subarray(0, sent.length).equals(sent), `request ${n} differs`);
  if (arrived) assert.equal(sent.length, truth.request.length, `request ${n} is cut`);
  if (outcome === "complete") assert.ok(got.equals(answer), `answer ${n} is not whole`);
  // Then the answer is the daemon's own.
  if (outcome === "upstream_error") return;
  assert.ok(answer.subarray(0, got.length).equals(got), `answer ${n} differs`);
  assert.ok(got.length >= received.length, `answer ${n} lacks bytes that its client had got`);
  if (finished) assert.ok(got.equals(answer), `answer ${n} is not whole`);
}
