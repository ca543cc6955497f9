/** The reading commands on the committed sample captures. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { oneLine, printable } from "../../../cli/printable.ts";
import { Follower } from "../../../record/reader/follow.ts";
import { openTree } from "../../../record/reader/tree.ts";
import { copySamples } from "../../samples/sample-tree.ts";
import { runCli } from "./run-cli.ts";

const samples = mkdtempSync(join(tmpdir(), "callnumber-cli-"));
mkdirSync(
  join(copySamples(samples), "00-09 System/00 System management/00.00 JDex for the system"),
  {
    recursive: true,
  },
);
after(() => rmSync(samples, { recursive: true, force: true }));
const cli = (...argv: string[]) => runCli(argv, samples);

test("an unknown command ends with 2 and names the nearest one", async () => {
  const { exit, stderr, stdout } = await cli("veryfi");
  assert.equal(exit, 2);
  assert.match(stderr, /unknown command 'veryfi'/);
  assert.match(stderr, /Did you mean verify\?/);
  assert.equal(stdout, "");
});

test("help names every command with its summary", async () => {
  const { exit, stdout } = await cli("--help");
  assert.equal(exit, 0);
  for (const name of ["up", "serve", "ls", "show", "cat", "verify", "site", "init"]) {
    assert.match(stdout, new RegExp(`^ {2}${name} `, "m"));
  }
});

test("ls prints a line per exchange and filters by number, outcome and model", async () => {
  const all = (await cli("ls")).stdout.trim().split("\n");
  assert.equal(all.length, 11);
  assert.equal((await cli("ls", "91.12")).stdout.trim().split("\n").length, 3);
  assert.match(
    (await cli("ls", "--outcome", "client_aborted")).stdout,
    /^01\S+ {2}91\.13 [^\n]*\n$/,
  );
  assert.match(
    (await cli("ls", "--model", "careful-1-mini")).stdout,
    /sample\/careful-1 → sample\/careful-1-mini\n$/,
  );
  const none = await cli("ls", "00.00");
  assert.deepEqual([none.exit, none.stdout, none.stderr], [0, "", "no exchange matches\n"]);
});

test("ls --json gives one object a line with the number it is filed under", async () => {
  const lines = (await cli("ls", "91.14", "--json")).stdout.trim().split("\n");
  const { number, outcome, response } = JSON.parse(lines[0]!);
  assert.deepEqual([number, outcome, response.status], ["91.14", "complete", 429]);
});

test("show makes it plain that the tools were gone in the turn that went wrong", async () => {
  const rows = (await cli("ls", "91.11", "--json")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const before = await cli("show", rows[2].id);
  const after = await cli("show", rows[3].id);
  assert.match(before.stdout, /tools offered \(4\): list_files, read_file, edit_file, run_tests/);
  assert.match(after.stdout, /tools offered: none/);
  assert.match(after.stdout, /I cannot change files from here/);
});

test("show --raw gives the exact bytes whose digest the capture holds", async () => {
  const [row] = (await cli("ls", "91.12", "--json")).stdout.split("\n");
  const { id, request } = JSON.parse(row!);
  const { stdout } = await cli("show", id, "--raw", "request");
  assert.equal(Buffer.byteLength(stdout), request.bytes);
  assert.equal(JSON.parse(stdout).model, "sample/guide-1");
});

test("show tells unknown and ambiguous ids apart", async () => {
  const unknown = await cli("show", "7ZZZ");
  assert.equal(unknown.exit, 2);
  assert.match(unknown.stderr, /no-such-exchange/);
  const ambiguous = await cli("show", "01");
  assert.match(ambiguous.stderr, /ambiguous-exchange/);
});

test("show --curl asks for the key instead of showing it, and survives a shell", async () => {
  const [row] = (await cli("ls", "91.11", "--json")).stdout.split("\n");
  const { stdout } = await cli("show", JSON.parse(row!).id, "--curl");
  const script = `curl() { for word in "$@"; do printf '%s\\n' "$word"; done; }; API_KEY=k\n${stdout}`;
  const { stdout: words, status } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(words, /^http:\/\/127\.0\.0\.1:4177\/sample\/v1\/chat\/completions$/m);
  assert.match(words, /^authorization: Bearer k$/m);
});

test("cat gives the files as they are, cat --expand self-contained JSON", async () => {
  const plain = await cli("cat", "91.14");
  const [file] = openTree(join(samples, "captures")).days("91.14")[0]!.files;
  assert.equal(plain.stdout, readFileSync(file!, "utf8"));
  const expanded = (await cli("cat", "91.11", "--expand")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(expanded.length, 6);
  assert.equal(expanded[0].request.body.json.tools.length, 4);
  assert.equal(expanded[3].request.body.json.tools, undefined);
  assert.equal(expanded[5].response.assembled.model, "sample/careful-1-mini");
});

test("verify names the line of a damaged file and ends with 1", async () => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-cli-"));
  try {
    copySamples(folder);
    assert.equal((await runCli(["verify"], folder)).exit, 0);
    const file = openTree(join(folder, "captures")).days("91.11")[0]!.files[0]!;
    const bytes = readFileSync(file);
    const at = bytes.indexOf("careful coding agent");
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(file, bytes);
    const { exit, stdout } = await runCli(["verify"], folder);
    assert.equal(exit, 1);
    const line = bytes.subarray(0, at).toString().split("\n").length;
    assert.ok(stdout.startsWith(`${file}:${line}: `), stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("captures can be named by number, file, folder or glob", async () => {
  const files = async (...args: string[]) => (await cli("verify", ...args)).stderr;
  assert.match(await files("91"), /^4 files/);
  assert.match(
    await files("captures/90-99 Samples/91 Sample conversations/91.1[12]*/*.jsonl"),
    /^2 files/,
  );
  assert.match(
    await files("captures/90-99 Samples/91 Sample conversations/91.13 An aborted stream"),
    /^1 files/,
  );
  assert.equal((await cli("verify", "92")).exit, 2);
});

test("grep finds a word once, although every later turn repeats it", async () => {
  const { exit, stdout } = await cli("grep", "-F", "expected: 2026-03-31");
  assert.equal(exit, 0);
  assert.equal(stdout.trim().split("\n").length, 1);
  assert.match((await cli("grep", "六歲的孩子", "91.12", "-l")).stdout, /^01/);
  const none = await cli("grep", "no such words");
  assert.deepEqual([none.exit, none.stdout, none.stderr], [1, "", "nothing matches\n"]);
  assert.equal((await cli("grep", "(")).exit, 2);
});

test("a follower shows what is appended after it looked, once, and waits for torn lines", () => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-follow-"));
  try {
    copySamples(folder);
    const captures = join(folder, "captures");
    const file = openTree(captures).days("91.13")[0]!.files[0]!;
    const follower = new Follower(captures);
    assert.deepEqual([...follower.look()], []);
    const text = readFileSync(file, "utf8");
    const line = `${text
      .trim()
      .split("\n")
      .at(-1)!
      .replace(/"id":"01/, '"id":"02')}\n`;
    writeFileSync(file, text + line.slice(0, 50));
    assert.deepEqual([...follower.look()], []);
    writeFileSync(file, text + line);
    assert.deepEqual(
      [...follower.look()].map(({ stream }) => stream.number),
      ["91.13"],
    );
    assert.deepEqual([...follower.look()], []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("captured text cannot drive the terminal", () => {
  assert.equal(
    printable("a\u001b]0;title\u0007\u202eb\tc\n"),
    "a\\u{1b}]0;title\\u{7}\\u{202e}b\tc\n",
  );
  assert.equal(printable("👩‍💻 中文"), "👩‍💻 中文");
  assert.equal(oneLine("one\n two   three", 9), "one two …");
});
