import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findings } from "../../../cli/findings.ts";
import { ls } from "../../../cli/ls.ts";
import { printable } from "../../../cli/printable.ts";
import { show } from "../../../cli/show.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../record/sample-capture.ts";
import { runCommand, sampleFolder } from "./run-command.ts";

test("an exchange shows what stands out in it and what changed since the turn before", async (t) => {
  const cwd = sampleFolder(t);
  const options = { json: true, rule: "tools-missing" };
  const [{ exchange }] = (await runCommand(findings, cwd, ["91.11"], options)).json();
  const { code, out } = await runCommand(show, cwd, [exchange]);
  assert.equal(code, 0);
  assert.match(out, /── findings ──\nerror: Tools missing .*\[tools-missing\]/);
  assert.match(
    out,
    /tools removed: list_files, read_file, edit_file, run_tests\nmessages: 6 the same, 2 added\nprompt cache: broken/,
  );
  assert.match(out, new RegExp(`all of it: callnumber diff ${exchange}`));
  assert.match(out, /── request ──[\s\S]*\[system\][\s\S]*── response ──/);
});

test("a first turn follows none, and a good one has no findings", async (t) => {
  const cwd = sampleFolder(t);
  const [first] = (await runCommand(ls, cwd, ["91.12"], { json: true })).json();
  const { out } = await runCommand(show, cwd, [first.id]);
  assert.doesNotMatch(out, /findings|since the turn before/);
  assert.match(out, /tools offered: none/);
});

test("nothing that was captured reaches the terminal as a command, wherever it stands", async (t) => {
  const evil = "\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\u009b31m";
  const cwd = scratchFolder(t);
  const folder = join(cwd, "captures", "10-19 Agents", "11 Chat", "11.11 Any");
  mkdirSync(folder, { recursive: true });
  const body = JSON.stringify({
    model: evil,
    [evil]: evil,
    messages: [
      { role: "user", content: evil },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: evil, type: "function", function: { name: evil, arguments: evil } }],
      },
    ],
    tools: [{ type: "function", function: { name: evil, parameters: { [evil]: evil } } }],
  });
  writeSample(writerTo(join(folder, "2026-11-23.jsonl")), {
    id: sampleId(1),
    request: body,
    response: JSON.stringify({ choices: [{ message: { role: "assistant", content: evil } }] }),
    line: {
      upstream: "up",
      session: evil,
      client: { name: "openai-sdk", agent: evil, address: null },
      llm: {
        api: "openai.chat",
        operation: "chat",
        model: evil,
        served_model: `${evil}2`,
        served_by: evil,
        stream: false,
        finish_reasons: [evil],
        usage: null,
        cost_usd: 1,
        price_source: evil,
        tools_offered: [evil],
        tool_calls: [evil],
        error: evil,
        notes: [evil],
      },
      outcome: "upstream_aborted",
      error: { code: "upstream-closed", message: evil },
    },
  });
  for (const command of [show, findings]) {
    const { out, err } = await runCommand(command, cwd, command === show ? [sampleId(1)] : []);
    assert.match(out, /owned/);
    assert.equal(printable(out + err), out + err);
  }
});
