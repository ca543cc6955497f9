import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { scan } from "../../../cli/scan.ts";
import { isScanned } from "../../../cli/scanned.ts";
import { acquireLock } from "../../../daemon/lock.ts";
import type { Chunk } from "../../../record/bodies/chunks.ts";
import { journaledIds, readJournal } from "../../../record/johnny-decimal/journal.ts";
import { CaptureFile } from "../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../record/reader/verify.ts";
import {
  resumedWriter,
  type SampleExchange,
  sampleId,
  writeSample,
} from "../record/sample-capture.ts";
import { credentialKinds } from "../record/secrets/credential-kinds.ts";
import { runCommand } from "./run-command.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const PRELOAD = new URL("../../e2e/cut-at-write.mjs", import.meta.url).href;
const kinds = credentialKinds(7).filter(({ secret }) => !secret.includes("\n"));
const secretOf = (name: string) => kinds.find((kind) => kind.name === name)!.secret;
const [ROUTER, GROQ] = [secretOf("openrouter"), secretOf("groq")];
/** Of no known form: only a name tells. */
const OPAQUE = "Zq8vL2mKp0Tx7Rw4Bn6J";
const FOLDER = "captures/10-19 Agents/11 Made up/11.11 Chat";

interface World {
  readonly cwd: string;
  readonly file: (day: string) => string;
  readonly run: (options: Record<string, string | boolean>) => ReturnType<typeof runCommand>;
}

function world(t: TestContext): World {
  const cwd = mkdtempSync(join(tmpdir(), "callnumber-fix-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  mkdirSync(join(cwd, FOLDER), { recursive: true });
  const env = { ...process.env, HOME: cwd, XDG_STATE_HOME: join(cwd, "state") };
  return {
    cwd,
    file: (day) => join(cwd, FOLDER, `${day}.jsonl`),
    run: (options) => runCommand(scan, cwd, [], options, env),
  };
}

const user = (content: unknown) => ({ role: "user", content });
const request = (...messages: object[]) => JSON.stringify({ model: "m", messages });

/** Exchanges as an older version may have filed them: secrets in every place. */
function leaky(): SampleExchange[] {
  const nested = [1, 2, 3].reduce((text) => JSON.stringify({ text }), `key ${ROUTER} end`);
  const encoded = Buffer.from(`GROQ_API_KEY=${GROQ}\n`.repeat(3)).toString("base64");
  const event = (content: string) =>
    Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
  const pieces = [ROUTER.slice(0, 9), ROUTER.slice(9, 30), ROUTER.slice(30)];
  const stream = pieces.map((piece, i): Chunk => [i * 10, event(piece)]);
  const turns = [stream[0]!, [5, Buffer.from(`{"ask":"${GROQ}"}`), "client"] as Chunk];
  const history = [user(`first ${ROUTER}`), user(nested), user(encoded)];
  return [
    { id: sampleId(1), request: request(user("nothing in here")), response: "fine" },
    { id: sampleId(2), request: request(history[0]!), response: `{"echo":"${ROUTER}"}` },
    { id: sampleId(3), request: request(...history), response: "ok" },
    {
      id: sampleId(4),
      request: request(...history, user("and on")),
      stream,
      assembled: `{"text":"${ROUTER}"}`,
    },
    { id: sampleId(5), request: null, stream: turns },
    {
      id: sampleId(6),
      request: request(user("headers")),
      response: "ok",
      labels: { task: `use ${GROQ}` },
      line: {
        request: {
          method: "POST",
          url: `/v1/x?access_token=${OPAQUE}&a=1`,
          http: "1.1",
          headers: [
            ["x-rapidapi-key", OPAQUE],
            ["x-note", `see ${ROUTER}`],
          ],
          body: null,
        },
        error: { code: "upstream", message: `bad key ${GROQ}` },
      },
    },
  ];
}

function write(path: string, samples: readonly SampleExchange[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const { writer } = resumedWriter(path);
  for (const sample of samples) writeSample(writer, sample);
}

/** All that a reader can see of a file, streams unpacked. */
function textOf(path: string): string {
  using file = CaptureFile.open(path);
  return [...file.exchanges()]
    .flatMap((x) => [
      JSON.stringify(x),
      file.requestBody(x)?.toString() ?? "",
      file.responseBody(x)?.toString() ?? "",
      file.assembled(x) ?? "",
    ])
    .join("\n");
}

function bodiesOf(path: string, id: string) {
  using file = CaptureFile.open(path);
  const x = file.exchange(id);
  return {
    line: x,
    sent: file.requestBody(x),
    received: file.responseBody(x),
    chunks: file.chunks(x),
  };
}

test("what an older version wrote is redacted in place, whole and verified", async (t) => {
  const { cwd, file, run } = world(t);
  const path = file("2026-11-20");
  write(path, leaky());
  const before = bodiesOf(path, sampleId(1));
  const leaked = bodiesOf(path, sampleId(3));
  const bytes = readFileSync(path);
  const dry = await run({ fix: true, dryRun: true });
  assert.equal(dry.code, 1);
  assert.match(dry.out, /2026-11-20\.jsonl: would be redacted: 5 exchanges: .*credential-header 1/);
  assert.ok(readFileSync(path).equals(bytes));
  const { code, out, err } = await run({ fix: true });
  assert.equal(code, 0, out + err);
  assert.match(out, /redacted: 5 exchanges/);
  for (const secret of [ROUTER, GROQ, OPAQUE]) {
    assert.ok(!textOf(path).includes(secret.slice(0, 16)) && !out.includes(secret.slice(0, 8)));
    const encoded = [0, 1, 2].map((n) =>
      Buffer.from(" ".repeat(n) + secret)
        .toString("base64")
        .slice(4, 16),
    );
    for (const text of encoded) assert.ok(!textOf(path).includes(text), "nor in base64");
  }
  assert.deepEqual(verifyFile(path), []);
  assert.equal((await run({})).code, 0);
  assert.deepEqual(bodiesOf(path, sampleId(1)), before, "what held nothing is as it was");
  const clean = bodiesOf(path, sampleId(3));
  assert.deepEqual(clean.line.request.body?.wire, {
    bytes: leaked.line.request.body!.bytes,
    sha256: leaked.line.request.body!.sha256,
  });
  assert.ok(clean.line.redactions.some(({ rule }) => rule === "openrouter-key"));
  assert.ok(JSON.parse(clean.sent!.toString()).messages.length === 3, "JSON stays JSON");
  const stream = bodiesOf(path, sampleId(4));
  assert.deepEqual(
    stream.chunks!.map(([ms]) => ms),
    [0, 10, 20],
  );
  assert.equal(bodiesOf(path, sampleId(5)).chunks![1]![2], "client");
  const { line } = bodiesOf(path, sampleId(6));
  assert.match(line.request.url, /^\/v1\/x\?access_token=\[redacted.*&a=1$/);
  // Every message is still stored once.
  const part = /"type":"part"/g;
  assert.ok(readFileSync(path, "utf8").match(part)!.length <= bytes.toString().match(part)!.length);
  const journal = readdirSync(join(cwd, "captures"), { recursive: true, encoding: "utf8" }).find(
    (name) => name.endsWith("journal.jsonl"),
  )!;
  const { entries, badLines } = readJournal(join(cwd, "captures", journal));
  assert.deepEqual(badLines, []);
  const entry = entries.find(({ kind }) => kind === "redact")!;
  assert.deepEqual([entry.id, entry.from, entry.to], ["11.11", "2026-11-20.jsonl", "5 exchanges"]);
  assert.ok(journaledIds(entries).has("11.11"));
  const again = await run({ fix: true });
  assert.deepEqual([again.code, again.out], [0, ""]);
});

test("what is allowed stays, beside what is redacted", async (t) => {
  const { file, run } = world(t);
  const path = file("2026-11-20");
  write(path, [{ id: sampleId(1), request: request(user(`a picture: ${GROQ}`)), response: "ok" }]);
  const [found] = (await run({ json: true })).json();
  assert.equal((await run({ allow: found.fingerprint, reason: "pixels" })).code, 0);
  write(path, [
    {
      id: sampleId(2),
      request: request(user(`a picture: ${GROQ}`), user(ROUTER)),
      response: "ok",
    },
  ]);
  assert.equal((await run({ fix: true })).code, 0);
  const text = textOf(path);
  assert.ok(text.includes(GROQ) && !text.includes(ROUTER));
});

test("while a daemon has the tree, open days wait and closed ones are redacted", async (t) => {
  const { cwd, file, run } = world(t);
  const [old, open] = [file("2026-11-20"), file(new Date().toISOString().slice(0, 10))];
  for (const path of [old, open]) write(path, leaky());
  const lock = await acquireLock(join(cwd, "captures"));
  try {
    const before = readFileSync(open);
    const { code, out, err } = await run({ fix: true });
    assert.equal(code, 1);
    assert.match(out, /: waits: 5 exchanges/);
    assert.match(err, /1 of days that the daemon still writes to: stop it and run this again/);
    assert.ok(readFileSync(open).equals(before));
    assert.ok(!textOf(old).includes(ROUTER));
  } finally {
    await lock.release();
  }
  assert.equal((await run({ fix: true })).code, 0);
  assert.ok(!textOf(open).includes(ROUTER));
});

test("killed or out of disk at any write, every file is the old or the new one", async (t) => {
  const { cwd, file, run } = world(t);
  const days = ["2026-11-19", "2026-11-20"];
  const env = { ...process.env, HOME: cwd, XDG_STATE_HOME: join(cwd, "state") };
  const leave = (day: string) => {
    rmSync(file(day), { force: true });
    write(file(day), leaky());
  };
  let cuts = 0;
  // EVERY_WRITE=1 for all of them.
  const step = process.env.EVERY_WRITE === undefined ? 4 : 1;
  for (let at = 2; ; at += step) {
    const by = at % 3 === 0 ? "ENOSPC" : "SIGKILL";
    for (const day of days) leave(day);
    const { status } = spawnSync(process.execPath, ["--import", PRELOAD, MAIN, "scan", "--fix"], {
      cwd,
      env: { ...env, CUT_AT: String(at), CUT_BY: by },
    });
    for (const day of days) {
      assert.deepEqual(verifyFile(file(day)), [], `write ${at}`);
      using read = CaptureFile.open(file(day));
      assert.equal(read.count, 6);
    }
    if (status === 0) break;
    assert.ok(status === null || by === "ENOSPC", `${by}: ${status}`);
    cuts += 1;
  }
  assert.ok(cuts * step > 20, `${cuts} writes`);
  for (const day of days) leave(day);
  assert.equal((await run({ fix: true })).code, 0);
  for (const day of days) assert.ok(!textOf(file(day)).includes(ROUTER));
  assert.deepEqual(
    readdirSync(join(cwd, FOLDER)).sort(),
    days.map((day) => `${day}.jsonl`),
  );
});

test("a file that cannot be rewritten is named, and the others are redacted", async (t) => {
  const { file, run } = world(t);
  const [whole, damaged] = [file("2026-11-19"), file("2026-11-20")];
  for (const path of [whole, damaged]) write(path, leaky());
  execFileSync("sed", ["-i", "2s/nothing/n0thing/", damaged]);
  const { code, out } = await run({ fix: true });
  assert.equal(code, 1);
  assert.match(out, /2026-11-20\.jsonl: failed: /);
  assert.ok(!textOf(whole).includes(ROUTER));
});

test("doctor learns with which rules the tree was scanned", async (t) => {
  const { cwd, file, run } = world(t);
  write(file("2026-11-20"), leaky());
  const state = join(cwd, ".callnumber");
  assert.equal((await run({})).code, 1);
  assert.equal(isScanned(state), null);
  assert.equal((await run({ fix: true })).code, 0);
  const folder = [state, join(cwd, "state", "callnumber")].find((path) => existsSync(path))!;
  assert.equal(isScanned(folder), true);
});
