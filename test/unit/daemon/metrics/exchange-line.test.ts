/** The log's line for an exchange: what it says, and that nobody can forge one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeLine } from "../../../../daemon/metrics/exchange-line.ts";

const notice = {
  id: "01KAQ0000000000000000000AA",
  number: "11.12",
  file: "/captures/11.12 X/2026-11-23.jsonl",
  started: "2026-11-23T00:00:00.000Z",
  upstream: "openrouter",
  model: "qwen/qwen3:free",
  status: 200,
  outcome: "complete",
  totalMs: 1234.567,
};

test("one line says what happened", () => {
  assert.equal(
    exchangeLine(notice),
    "filed id=01KAQ0000000000000000000AA number=11.12 upstream=openrouter model=qwen/qwen3:free status=200 outcome=complete ms=1235",
  );
  assert.doesNotMatch(exchangeLine({ ...notice, model: null, status: null }), /model|status/);
});

test("a model's name cannot begin a line, a field or a terminal sequence, nor fill the log", () => {
  const forged = exchangeLine({
    ...notice,
    model: 'x\n<3>filed id="y" \u001b[2J\u202e\u2028\u009b',
  });
  assert.doesNotMatch(forged, /[\n\u001b\u202e\u2028\u009b]/);
  assert.match(forged, / model="x\\n<3>filed id=\\"y\\"/);
  assert.ok(exchangeLine({ ...notice, model: "m".repeat(10_000) }).length < 400);
});
