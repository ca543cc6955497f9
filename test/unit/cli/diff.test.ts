import assert from "node:assert/strict";
import { test } from "node:test";
import { diff } from "../../../cli/diff.ts";
import { findings } from "../../../cli/findings.ts";
import { ls } from "../../../cli/ls.ts";
import { runCommand, sampleFolder } from "./run-command.ts";

async function idOf(cwd: string, rule: string): Promise<string> {
  const found = (await runCommand(findings, cwd, ["91.11"], { json: true, rule })).json();
  return found[0].exchange;
}

test("a turn is compared with the one before it, and the lost tools are named", async (t) => {
  const cwd = sampleFolder(t);
  const { code, out } = await runCommand(diff, cwd, [await idOf(cwd, "tools-missing")]);
  assert.equal(code, 0);
  assert.match(out, /− read_file removed/);
  assert.match(out, /first divergence: tools\[0\]/);
  assert.match(out, /paid again: \d+ tokens \(by the provider's count\)/);
});

test("two exchanges are compared in the order given, also of different APIs", async (t) => {
  const cwd = sampleFolder(t);
  const rows = async (number: string) =>
    (await runCommand(ls, cwd, [number], { json: true })).json();
  const [chat] = await rows("91.11");
  const [messages] = await rows("91.12");
  const [found] = (await runCommand(diff, cwd, [chat.id, messages.id], { json: true })).json();
  assert.deepEqual([found.before.api, found.after.api], ["openai.chat", "anthropic.messages"]);
  assert.equal(found.tools.length, 4);
  assert.ok(found.system.after.includes("台北"));
});

test("a first turn has none before it, and an unknown id is an error", async (t) => {
  const cwd = sampleFolder(t);
  const [first] = (await runCommand(ls, cwd, ["91.12"], { json: true })).json();
  const { code, err } = await runCommand(diff, cwd, [first.id]);
  assert.equal(code, 1);
  assert.match(err, /follows no captured turn/);
  await assert.rejects(runCommand(diff, cwd, ["01ZZZZ"]), { code: "no-such-exchange" });
});
