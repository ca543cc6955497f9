/**
 * A few kilobytes of captures that stand for gigabytes: every command passes over them within
 * memory that any machine has, measured as the peak of its own process.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Body } from "../../../record/format/schema.ts";
import { scratchFolder } from "../record/sample-capture.ts";
import {
  captureIn,
  exchangeWith,
  fullLine,
  jsonPart,
  lineOf,
  packedPart,
  sha256,
} from "./hostile-tree.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const RSS_MIB_MAX = 600;
const MiB = 1024 * 1024;

const idOf = (n: number) => `01KAQ${String(n).padStart(21, "0")}`;
const claimed = (bytes: number, parts: unknown[]): Body =>
  ({ bytes, sha256: sha256(Buffer.from("?")), parts }) as Body;

/** Lines that stand for far more than they are; the first exchange is a sound one. */
function bombs(): Buffer[] {
  const big = `"${"x".repeat(64 * 1024)}"`;
  const zeros = Buffer.alloc(16 * MiB);
  const chunks = Buffer.from('[0,"a"]\n'.repeat(MiB));
  const objects = Buffer.from(`${"{},".repeat(5 * MiB)}`);
  const deep = `${"[".repeat(1e6)}${"]".repeat(1e6)}`;
  const line = (json: string) => lineOf(json);
  const plain = JSON.stringify(fullLine(idOf(0)));
  const honest = Buffer.alloc(200 * MiB, `"${"x".repeat(64 * 1024)}"`);
  return [
    line(JSON.stringify(fullLine(idOf(1)))),
    ...Array.from({ length: 200 }, (_, i) => jsonPart(i + 1, big)),
    // 0.5 MB of ranges: 14 GB of parts, twelve million entries.
    exchangeWith(idOf(2), claimed(14e9, new Array(50_000).fill([1, 200]))),
    exchangeWith(idOf(3), claimed(30 * MiB, new Array(50_000).fill([1, 200]))),
    exchangeWith(idOf(4), claimed(3e9, new Array(30_000).fill({ part: 1, insert: [[0, "y"]] }))),
    exchangeWith(idOf(5), {
      ...claimed(honest.length, new Array(3200).fill(1)),
      sha256: sha256(honest),
    }),
    // Zstd: 2 GiB of zeros, a hundred million chunks, objects; as stream, as request, as message.
    packedPart(201, zeros, 128),
    exchangeWith(idOf(6), claimed(2 ** 31, [201]), { chunks: 201, bytes: 2 ** 31 }),
    packedPart(202, chunks, 100),
    exchangeWith(idOf(7), claimed(2 ** 31, [202]), { chunks: 202, bytes: 1e8 }),
    packedPart(203, objects, 1),
    exchangeWith(idOf(8), claimed(objects.length, ["[", 203, "{}]"]), { chunks: 203 }),
    // The same once more, small enough to be read.
    packedPart(204, chunks, 3),
    exchangeWith(idOf(9), claimed(3 * MiB, [204]), {
      chunks: 204,
      bytes: 3 * MiB,
      sha256: sha256(Buffer.alloc(3 * MiB, "a")),
    }),
    // A million levels: in a part, in a member that nobody knows, in one that is known.
    jsonPart(205, deep),
    exchangeWith(idOf(10), { ...claimed(deep.length, [205]), sha256: sha256(Buffer.from(deep)) }),
    line(`${plain.slice(0, -1).replace(idOf(0), idOf(11))},"later":${deep}}`),
    line(plain.replace(idOf(0), idOf(12)).replace('"labels":{', `"labels":{"x":${deep},`)),
    // Links: to itself, to a later one, around in a ring.
    exchangeWith(idOf(13), claimed(1, [{ as: idOf(13), take: 1 }])),
    exchangeWith(idOf(14), claimed(1, [{ as: idOf(15), take: 1 }])),
    exchangeWith(idOf(15), claimed(1, [{ as: idOf(14), take: 2 ** 53 }])),
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d, 0x0a]),
  ];
}

/** Peak resident memory of a command and of every process that it starts, in MiB, and what it said. */
async function measured(t: TestContext, argv: readonly string[], cwd: string) {
  const folder = join(cwd, "rss");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const probe =
    "import{writeFileSync as w}from'node:fs';process.on('exit',()=>" +
    "w(process.env.RSS_FOLDER+'/'+process.pid,String(process.resourceUsage().maxRSS)))";
  const env = {
    ...process.env,
    HOME: cwd,
    RSS_FOLDER: folder,
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(probe)}`,
  };
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd, env });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-MiB)));
  }
  const exit = await new Promise((ended) => child.on("close", ended));
  const peaks = readdirSync(folder).map((pid) => Number(readFileSync(join(folder, pid), "utf8")));
  return { exit, said, mib: Math.max(...peaks) / 1024 };
}

test("captures that stand for gigabytes are named, passed over, and stay below 600 MB", async (t) => {
  const cwd = scratchFolder(t);
  captureIn(join(cwd, "captures"), bombs());
  const commands = process.env.HOSTILE_COMMANDS?.split(",") ?? [
    "ls",
    "stats --by model --reprice",
    "findings",
    "grep x",
    "cat --expand",
    "verify",
    ...[4, 9].map((n) => `show ${idOf(n)}`),
  ];
  for (const command of commands) {
    const { exit, said, mib } = await measured(t, command.split(" "), cwd);
    t.diagnostic(`${command}: ${Math.round(mib)} MiB, exit ${exit}`);
    assert.doesNotMatch(said, /internal error|heap|FATAL/, command);
    assert.ok(mib < RSS_MIB_MAX, `${command}: ${mib} MiB`);
    assert.ok([0, 1, 65].includes(exit as number), `${command}: ${exit} ${said.slice(-2000)}`);
    if (/^(ls|stats|findings|grep|cat|verify)/.test(command)) assert.match(said, /:\d+: /);
  }
});

test("a line of a hundred megabytes is named by its number and costs no more than itself", async (t) => {
  const cwd = scratchFolder(t);
  const path = captureIn(join(cwd, "captures"), [lineOf(JSON.stringify(fullLine(idOf(1))))]);
  const piece = Buffer.alloc(10 * MiB, "\u4e2d");
  appendFileSync(path, '{"type":"exchange","id":"');
  for (let i = 0; i < 10; i++) appendFileSync(path, piece);
  appendFileSync(path, `"}\n${JSON.stringify(fullLine(idOf(2)))}\n`);
  for (const command of ["ls", "verify"]) {
    const { said, mib } = await measured(t, [command], cwd);
    t.diagnostic(`${command}: ${Math.round(mib)} MiB`);
    assert.ok(mib < RSS_MIB_MAX, `${command}: ${mib} MiB`);
    if (command === "ls") assert.match(said, /:3: a line of \d+ bytes, longer than any record/);
  }
});
