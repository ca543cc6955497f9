import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import type { Options } from "../../../cli/command.ts";
import { scan } from "../../../cli/scan.ts";
import { encodeChunks } from "../../../record/bodies/chunks.ts";
import { LIMITS } from "../../../record/limits.ts";
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
  const [, fingerprint] = /^a\.jsonl:2:16: openrouter-key sk-o… ([0-9a-f]{16})\n$/.exec(out)!;
  assert.ok(!out.includes(KEY.slice(0, 12)));
  const json = await runScan(cwd, ["."], { json: true });
  assert.deepEqual(JSON.parse(json.out), {
    file: "a.jsonl",
    rule: "openrouter-key",
    line: 2,
    range: [15, 15 + KEY.length],
    preview: "sk-o…",
    fingerprint,
  });
});

test("a compressed part that cannot be looked into is no clean one", async (t) => {
  const cwd = folder(t);
  mkdirSync(join(cwd, "captures"));
  const head = (n: number) => `{"type":"part","n":${n},"sha256":"${"a".repeat(64)}"`;
  const zstd = (bytes: Buffer) => zstdCompressSync(bytes).toString("base64");
  const bomb = zstd(Buffer.alloc(LIMITS.partDecodeBytes + 1, "a"));
  const chunks = zstd(encodeChunks([[1, Buffer.from(`say ${KEY} twice`)]]));
  const escaped = `\\u00${chunks.charCodeAt(0).toString(16)}${chunks.slice(1)}`;
  const lines = [
    `${head(1)},"zstd":"${bomb}"}`,
    `${head(2)},"zstd":"no base64 of zstd"}`,
    `{ "type" : "part","zstd":"${chunks}"}`,
    // What readers decompress is looked into, however it is written.
    `${head(4)},"later":"${"x".repeat(300)}","zstd":"${chunks}"}`,
    `${head(5)},"zstd":"${escaped}"}`,
    `${head(6)},"zstd":"${zstd(Buffer.from(`no chunks, ${KEY}`))}"}`,
  ];
  writeFileSync(join(cwd, "captures/a.jsonl"), `${lines.join("\n")}\n`);
  const { code, out, err } = await runScan(cwd, []);
  assert.equal(code, 1);
  assert.match(err, /3 parts that nobody could look into/);
  assert.deepEqual(
    out.split("\n").map((line) => /:(\d+): (\S+)/.exec(line)?.slice(1).join(" ")),
    [
      ...[1, 2, 3].map((n) => `${n} unreadable-part`),
      ...[4, 5, 6].map((n) => `${n} openrouter-key`),
      undefined,
    ],
  );
  assert.equal((await runScan(cwd, ["captures"], { json: true })).code, 1);
});

test("a file of many pieces is looked through whole, each find once and on its line", async (t) => {
  const cwd = folder(t);
  const line = `${"x".repeat(999)}\n`;
  const every = Math.ceil(LIMITS.scanOverlapBytes / 2 / line.length);
  const count = Math.ceil((LIMITS.scanPieceBytes * 1.2) / line.length);
  const wanted: number[] = [];
  const lines = Array.from({ length: count }, (_, n) => {
    if (n % every !== 0 && n !== count - 1) return line;
    wanted.push(n + 1);
    return `${KEY} ${line}`;
  });
  // One that is longer than a piece.
  const last = `${"y ".repeat(LIMITS.scanPieceBytes)}${KEY}`;
  writeFileSync(join(cwd, "a.txt"), `${lines.join("")}${"\n".repeat(1e6)}${last}`);
  const { out } = await runScan(cwd, ["a.txt"]);
  const found = out
    .trimEnd()
    .split("\n")
    .map((said) => Number(said.split(":")[1]));
  assert.deepEqual(found, [...wanted, count + 1e6 + 1]);
});

test("a find that is allowed with a reason is no find any more, in no file that has it", async (t) => {
  const cwd = folder(t);
  const part = (n: number, sha256: string, text: string) =>
    `${JSON.stringify({ type: "part", n, sha256, json: text })}\n`;
  const [sum, other] = ["a".repeat(64), "b".repeat(64)];
  mkdirSync(join(cwd, "captures"));
  writeFileSync(join(cwd, "captures/a.jsonl"), part(1, sum, KEY));
  writeFileSync(join(cwd, "captures/b.jsonl"), part(123, sum, KEY) + part(9, other, KEY));
  const found = (await runScan(cwd, [])).out.trimEnd().split("\n");
  const prints = found.map((line) => line.split(" ").at(-1)!);
  assert.equal(prints.length, 3);
  assert.equal(new Set(prints).size, 2, "the same part has the same fingerprint in every file");
  const refused = (options: Options) =>
    assert.rejects(runScan(cwd, [], options), { code: "allow-refused" });
  await refused({ allow: prints[0]! });
  await refused({ allow: "0123456789abcdef", reason: "a guess" });
  await refused({ allow: prints[0]!, reason: `it is ${KEY}` });
  const { code, out } = await runScan(cwd, [], { allow: prints[0]!, reason: "made up" });
  assert.equal(code, 0);
  assert.match(out, /review and commit captures\/.*allowed\.jsonl$/m);
  const list = readFileSync(join(cwd, out.slice(out.indexOf("captures/")).trimEnd()), "utf8");
  assert.ok(!list.includes(KEY.slice(0, 8)));
  const left = await runScan(cwd, []);
  assert.equal(left.code, 1);
  assert.equal(left.out.trimEnd().split("\n").length, 1);
  assert.match(left.err, /2 allowed/);
  const last = await runScan(cwd, [], { allow: prints[2]!, reason: "made up too" });
  assert.equal(last.code, 0);
  assert.equal((await runScan(cwd, [])).code, 0);
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
  assert.match(out, /^day\.jsonl:2: openrouter-key sk-o… \(in a stored stream\) [0-9a-f]{16}\n$/);
});

test("--staged warns of a file that git hosts refuse, with what to do, and lets it pass", async (t) => {
  const cwd = folder(t);
  execFileSync("git", ["init", "--quiet"], { cwd });
  writeFileSync(join(cwd, "big.jsonl"), Buffer.alloc(LIMITS.gitFileBytes + 1, " "));
  execFileSync("git", ["-c", "core.compression=0", "add", "big.jsonl"], { cwd });
  const { code, err } = await runScan(cwd, [], { staged: true });
  assert.equal(code, 0);
  assert.match(err, /^warning: big\.jsonl: .*100 MiB that GitHub takes.*git lfs/m);
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
