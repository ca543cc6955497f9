import assert from "node:assert/strict";
import { test } from "node:test";
import { type StatsRow, statsTable } from "../../../cli/stats-table.ts";

const row = (key: string, tokens: number, cost: number | null = 0.5): StatsRow => ({
  key,
  calls: 1234,
  errors: 3,
  input_tokens: tokens,
  cache_read_input_tokens: tokens / 2,
  output_tokens: 4321,
  cost_usd: cost,
  unpriced: 0,
  first_token_p50_ms: 812.4,
  total_p50_ms: 2345,
  total_p95_ms: null,
  body_bytes: 1,
});

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

test("where there is room counts are exact and each row is one line", () => {
  const text = statsTable([row("m", 1_234_567_890)], "model", 120);
  assert.match(text, /^model +calls +errors +in +cached +out +cost +TTFT p50 +time p50 +p95\n/);
  assert.match(text, /^m +1234 +3 +1234567890 +617283945 +4321 +\$0\.5000 +812 ms +2\.3 s +—\n$/m);
});

test("in 80 columns counts are written short before a name loses its line", () => {
  const text = statsTable([row("gpt-9", 1_234_567_890)], "model", 80);
  assert.match(text, /^model +calls +errors +in +cached +out +cost +TTFT +p50 +p95\n/);
  assert.ok(widest(text) <= 80, text);
  assert.match(text, /^gpt-9 +1\.2k +3 +1\.2G +617M +4\.3k +\$0\.5000 +812 ms +2\.3 s +—\n$/m);
});

test("a long name stands on a line of its own, whole, above all its figures", () => {
  const long = "a-provider/a-model-with-a-very-long-name-2026-11-23";
  const text = statsTable([row(long, 1_234_567_890), row("m", 7, null)], "model", 80);
  assert.ok(widest(text) <= 80, text);
  const lines = text.split("\n");
  assert.equal(lines[2], long);
  assert.match(lines[3] ?? "", /^ +1\.2k +3 +1\.2G +617M +4\.3k +\$0\.5000 +812 ms +2\.3 s +—$/);
  assert.match(lines[5] ?? "", /^ +1\.2k +3 +7 +4 +4\.3k +— +812 ms +2\.3 s +—$/);
});

test("no rows, no table; a sum that lacks something is starred", () => {
  assert.equal(statsTable([], "all", 80), "");
  const text = statsTable([{ ...row("m", 1), unpriced: 2 }], "all", 80);
  assert.match(text, /\$0\.5000\*/);
  assert.match(text, /^\* some calls have no known price/m);
});
