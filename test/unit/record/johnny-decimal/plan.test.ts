import assert from "node:assert/strict";
import test from "node:test";
import {
  mergePlans,
  missingParents,
  planFromConfig,
  plannedTitle,
  planOf,
} from "../../../../record/johnny-decimal/plan.ts";

const row = (number: string, title: string, description = "") => ({ number, title, description });

test("a plan is in index order and has one row a number, the first", () => {
  const plan = planOf([row("11", "B"), row("11.11", "C"), row("10-19", "A"), row("11", "other")]);
  assert.deepEqual(
    plan.rows.map(({ title }) => title),
    ["A", "B", "C"],
  );
});

test("the configured title wins, a description and further rows come from the table", () => {
  const config = planFromConfig({
    areas: [
      {
        number: "10-19",
        title: "Agents",
        categories: [{ number: "11", title: "Cline", ids: [{ number: "11.11", title: "" }] }],
      },
    ],
  });
  const table = planOf([row("11", "生產", "排程"), row("11.11", "路由"), row("12", "品管")]);
  assert.deepEqual(mergePlans(config, table).rows, [
    row("10-19", "Agents"),
    row("11", "Cline", "排程"),
    row("11.11", "路由"),
    row("12", "品管"),
  ]);
});

test("a row without a title plans none, and parents without rows are named once", () => {
  const plan = planOf([row("11", ""), row("21.11", "x"), row("21.12", "y")]);
  assert.equal(plannedTitle(plan, "11"), null);
  assert.equal(plannedTitle(plan, "12"), null);
  assert.deepEqual(
    missingParents(plan).map(({ text }) => text),
    ["10-19", "20-29", "21"],
  );
});
