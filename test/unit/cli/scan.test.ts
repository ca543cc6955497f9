import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import type { Options } from "../../../cli/command.ts";
import { scan } from "../../../cli/scan.ts";
import { encodeChunks } from "../../../record/bodies/chunks.ts";
import { credentialKinds } from "../record/secrets/credential-kinds.ts";
import { runCommand } from "./run-command.ts";

const KEY = credentialKinds(7).find((kind) => kind.name === "openrouter")!.secret;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "callnumber-scan-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const runScan = (cwd: string, args: string[], options: Options = {}) =>
  runCommand(scan, cwd, args, options, process.env);

test("a clean tree ends with 0 and nothing on stdout", async (t) => {
  const cwd = folder(t);
  mkdirSync(join(cwd, "captures/10-19 A"), { recursive: true });
  writeFileSync(join(cwd, "captures/10-19 A/x.jsonl"), '{"type":"file"}\n');
  const { code, out, err } = await runScan(cwd, []);
  assert.deepEqual([code, out, err], [0, "", "1 file, no credentials found\n"]);
});

test("a credential is named by file, line, column and rule, never shown, and ends with 1", async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, "a.jsonl"), `{}\n{"content":"x\\n${KEY}"}\n`);
  const { code, out } = await runScan(cwd, ["a.jsonl"]);
  assert.equal(code, 1);
  assert.equal(out, "a.jsonl:2:16: openrouter-key sk-o…\n");
  assert.ok(!out.includes(KEY.slice(0, 12)));
  const json = await runScan(cwd, ["."], { json: true });
  assert.deepEqual(JSON.parse(json.out), {
    file: "a.jsonl",
    rule: "openrouter-key",
    line: 2,
    range: [15, 15 + KEY.length],
    preview: "sk-o…",
  });
});

test("a stored stream is looked into, also where a key is split over two events", async (t) => {
  const cwd = folder(t);
  const event = (content: string): Buffer =>
    Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
  const pieces = [KEY.slice(0, 9), KEY.slice(9, 40), KEY.slice(40)];
  const lines = encodeChunks(pieces.map((piece, i) => [i, event(piece)] as const));
  const zstd = zstdCompressSync(lines).toString("base64");
  const part = JSON.stringify({ type: "part", n: 1, sha256: "0".repeat(64), zstd });
  writeFileSync(join(cwd, "day.jsonl"), `{"type":"file"}\n${part}\n`);
  const { code, out } = await runScan(cwd, ["day.jsonl"]);
  assert.equal(code, 1);
  assert.equal(out, "day.jsonl:2: openrouter-key sk-o… (in a stored stream)\n");
});

test("--staged looks at what git will commit, not at what lies in the folder", async (t) => {
  const cwd = folder(t);
  const git = (...args: string[]) => execFileSync("git", args, { cwd, stdio: "pipe" });
  git("init", "-q");
  writeFileSync(join(cwd, "with space.txt"), `key ${KEY}\n`);
  git("add", ".");
  writeFileSync(join(cwd, "with space.txt"), "taken out again, but not staged\n");
  const staged = await runScan(cwd, [], { staged: true });
  assert.equal(staged.code, 1);
  assert.match(staged.out, /^with space\.txt:1:5: openrouter-key/);
  assert.equal((await runScan(cwd, ["elsewhere"], { staged: true })).code, 0);
  git("add", ".");
  assert.equal((await runScan(cwd, [], { staged: true })).code, 0);
});

test("a path that does not exist and a folder without git are errors with a code", async (t) => {
  const cwd = folder(t);
  await assert.rejects(runScan(cwd, ["nowhere"]), { code: "no-such-path" });
  await assert.rejects(runScan(cwd, [], { staged: true }), { code: "git-failed" });
});
