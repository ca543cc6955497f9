import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence, Place } from "../../../../record/findings/model.ts";
import { anchorOf } from "../../../../site/view/anchors.ts";

const at = (section: Place["section"], position: number | null, exchange = "X"): Evidence => ({
  place: { exchange, section, position, path: "" },
  before: null,
  after: null,
});

test("evidence in a message leads to that message", () => {
  assert.equal(anchorOf("X", [at("messages", 4)]), "m4");
  assert.equal(anchorOf("X", [at("system", 0)]), "m0");
});

test("evidence in the tools or the answer leads there", () => {
  assert.equal(anchorOf("X", [at("tools", 2)]), "tools");
  assert.equal(anchorOf("X", [at("answer", null)]), "answer");
});

test("evidence in another exchange is passed over: this turn's page cannot show it", () => {
  assert.equal(anchorOf("X", [at("messages", 1, "W"), at("messages", 4)]), "m4");
  assert.equal(anchorOf("X", [at("messages", 1, "W")]), "");
});

test("a model, which stands at the head of the turn, leads to the turn", () => {
  assert.equal(anchorOf("X", [at("parameters", null)]), "");
  assert.equal(anchorOf("X", []), "");
});
