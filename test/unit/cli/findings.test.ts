import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "../../../cli/findings.ts";
import { runCommand, sampleFolder } from "./run-command.ts";

test("the sample agent's story is told: the date, the lost tools, the other model", async (t) => {
  const cwd = sampleFolder(t);
  const { code, json, err } = await runCommand(findings, cwd, ["91.11"], { json: true });
  assert.equal(code, 0);
  assert.deepEqual(
    json().map(({ rule }) => rule),
    ["system-changed", "cache-broken", "tools-missing", "cache-broken", "other-model"],
  );
  assert.ok(
    json().every(
      ({ number, conversation }) => number === "91.11" && /^[0-9a-f]{16}$/.test(conversation),
    ),
  );
  assert.match(err, /2 errors, 2 warnings, 1 notice$/m);
});

test("an exchange means its whole conversation, and a healthy one has no findings", async (t) => {
  const cwd = sampleFolder(t);
  const [first] = (await runCommand(findings, cwd, ["91.11"], { json: true })).json();
  const again = await runCommand(findings, cwd, [first.exchange], { json: true });
  assert.equal(again.json().length, 5);
  const healthy = await runCommand(findings, cwd, ["91.12"], {});
  assert.deepEqual([healthy.out, healthy.err], ["", "no findings\n"]);
});

test("text comes in the language asked for, with its evidence, and one rule alone can be asked", async (t) => {
  const cwd = sampleFolder(t);
  const options = { lang: "zh-Hant", rule: "tools-missing" };
  const { out } = await runCommand(findings, cwd, ["91.11"], options);
  assert.match(out, /少了對話原本有的工具 \[tools-missing\]/);
  assert.match(out, /− read_file/);
  assert.doesNotMatch(out, /cache-broken/);
});
