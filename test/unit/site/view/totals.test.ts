import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../../../../site/view/rows.ts";
import {
  add,
  addRow,
  emptyTotals,
  knownCost,
  knownTokens,
  tokensPerSecond,
  ttftMedian,
} from "../../../../site/view/totals.ts";

const row = (more: Partial<Row>): Row => ({
  id: "X",
  started: "2026-11-23T00:00:00Z",
  client: null,
  upstream: null,
  operation: "chat",
  model: "m",
  served: null,
  servedBy: null,
  status: 200,
  outcome: "complete",
  ok: true,
  input: 100,
  cached: 40,
  output: 10,
  cost: 0.5,
  ttft_ms: 400,
  total_ms: 1400,
  labels: [],
  words: "",
  conversation: "c",
  page: 1,
  position: 0,
  tool_calls: [],
  ...more,
});

test("sums of parts are the sum of the whole, in any order", () => {
  const rows = [row({}), row({ ok: false, cost: null }), row({ ttft_ms: 900, output: null })];
  const whole = emptyTotals();
  for (const one of rows) addRow(whole, one);
  const parts = rows.toReversed().map((one) => {
    const part = emptyTotals();
    addRow(part, one);
    return part;
  });
  const sum = emptyTotals();
  for (const part of parts) add(sum, part);
  assert.deepEqual(sum, whole);
});

test("a call without a price is counted as such and adds nothing", () => {
  const totals = emptyTotals();
  addRow(totals, row({ cost: null }));
  assert.equal(totals.unpriced, 1);
  assert.equal(totals.cost, 0);
});

test("the median of first tokens is right within a tenth", () => {
  const totals = emptyTotals();
  for (const ms of [100, 200, 400, 800, 5000]) addRow(totals, row({ ttft_ms: ms }));
  const median = ttftMedian(totals)!;
  assert.ok(Math.abs(median - 400) <= 40, `${median}`);
  assert.equal(ttftMedian(emptyTotals()), null);
});

test("the median of one call is that call's, also where it was added up", () => {
  const one = emptyTotals();
  addRow(one, row({ ttft_ms: 366 }));
  const sum = emptyTotals();
  add(sum, one);
  assert.equal(ttftMedian(one), 366);
  assert.equal(ttftMedian(sum), 366);
});

test("tokens per second count streaming alone", () => {
  const totals = emptyTotals();
  addRow(totals, row({ output: 20, ttft_ms: 400, total_ms: 1400 }));
  assert.equal(tokensPerSecond(totals), 20);
  assert.equal(tokensPerSecond(emptyTotals()), null);
});

test("where no call's tokens or price are known, the sums are not known either", () => {
  const totals = emptyTotals();
  addRow(totals, row({ input: null, cached: null, output: null, cost: null, ok: false }));
  assert.equal(knownTokens(totals, "input"), null);
  assert.equal(knownCost(totals), null);
  addRow(totals, row({ cost: null }));
  assert.equal(knownTokens(totals, "input"), 100);
  assert.equal(knownCost(totals), null, "one call, without a price");
  addRow(totals, row({ cost: 0 }));
  assert.equal(knownCost(totals), 0, "a price of nothing is a price");
});
