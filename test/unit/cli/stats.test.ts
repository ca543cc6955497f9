import assert from "node:assert/strict";
import { test } from "node:test";
import { stats } from "../../../cli/stats.ts";
import { runCommand, sampleFolder } from "./run-command.ts";

test("all captures in one line, and by stream, add up to the same", async (t) => {
  const cwd = sampleFolder(t);
  const [all] = (await runCommand(stats, cwd, [], { json: true })).json();
  const by = (await runCommand(stats, cwd, [], { json: true, by: "number" })).json();
  assert.equal(by.length, 4);
  for (const key of ["calls", "errors", "input_tokens", "output_tokens", "body_bytes"]) {
    assert.equal(
      by.reduce((sum, row) => sum + row[key], 0),
      all[key],
      key,
    );
  }
  assert.equal(all.key, "all");
});

test("models are told apart by what served, cost only where it is known", async (t) => {
  const cwd = sampleFolder(t);
  const rows = (await runCommand(stats, cwd, [], { json: true, by: "model" })).json();
  const row = (key: string) => rows.find((found) => found.key === key);
  assert.equal(row("sample/careful-1-mini").calls, 1);
  assert.ok(row("sample/careful-1-mini").cost_usd > 0);
  assert.equal(row("sample/guide-1").cost_usd, null);
  assert.equal(row("sample/guide-1").unpriced, 3);
});

test("a new price keeps the provider's own figure and invents none for an unknown model", async (t) => {
  const cwd = sampleFolder(t);
  const [old] = (await runCommand(stats, cwd, ["91.11"], { json: true })).json();
  const [now] = (await runCommand(stats, cwd, ["91.11"], { json: true, reprice: true })).json();
  assert.ok(Math.abs(old.cost_usd - now.cost_usd) < 1e-9);
  const [unknown] = (await runCommand(stats, cwd, ["91.12"], { json: true, reprice: true })).json();
  assert.equal(unknown.cost_usd, null);
});

test("a table for people has a heading, and says what was saved on stderr", async (t) => {
  const cwd = sampleFolder(t);
  const { out, err } = await runCommand(stats, cwd, [], { by: "day" });
  assert.match(out, /^day +calls +errors/);
  assert.match(err, /^bodies .* stored in /);
});
