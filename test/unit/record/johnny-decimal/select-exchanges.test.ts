import assert from "node:assert/strict";
import test from "node:test";
import { CodedError } from "../../../../record/errors.ts";
import type { ExchangeLine } from "../../../../record/format/schema.ts";
import { isFailed, parseWhere } from "../../../../record/johnny-decimal/select-exchanges.ts";

const X = {
  id: "01K",
  upstream: "openrouter",
  client: { name: "cline", agent: null, address: null },
  session: null,
  labels: { task: "review (1)" },
  request: { method: "POST", url: "/v1/chat?x=1" },
  response: { status: 200 },
  outcome: "complete",
  llm: { model: "Claude-Opus", served_model: "anthropic/claude", api: "anthropic.messages" },
} as unknown as ExchangeLine;

test("conditions hold by glob, capitals aside, and all of them must", () => {
  for (const where of [
    "model=claude-*",
    "model=*/claude",
    "client=cline,upstream=open*",
    "label.task=review (1)",
    "status=2??",
    "url=/v1/*?x=1",
    " id = 01k ",
  ]) {
    assert.equal(parseWhere(where)(X), true, where);
  }
  for (const where of ["model=claude", "client=cline,upstream=x", "session=*", "label.other=*"]) {
    assert.equal(parseWhere(where)(X), false, where);
  }
});

test("an unknown name or no condition is refused, not a condition that matches nothing", () => {
  for (const where of ["", "colour=red", "model", "label.=x", "toString=*", "model=a,,"]) {
    assert.throws(
      () => parseWhere(where),
      (error) => error instanceof CodedError && error.code === "bad-argument",
      where,
    );
  }
});

test("an exchange failed by its outcome, its status, or an error inside a 200", () => {
  assert.equal(isFailed(X), false);
  assert.equal(isFailed({ ...X, outcome: "client_aborted" }), true);
  assert.equal(isFailed({ ...X, response: { ...X.response!, status: 429 } }), true);
  assert.equal(isFailed({ ...X, llm: { ...X.llm!, error: "overloaded" } }), true);
  assert.equal(isFailed({ ...X, response: null }), false);
});
