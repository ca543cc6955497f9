/**
 * How fast the filer files, on one core: decode, redact, understand, carve, append, sync.
 *
 *   node test/bench/filing.ts [SESSION.jsonl.zst …]
 *
 * Each line of a session is the body of one request; without any, a session is made up in which an
 * agent reads files. Exchanges are put into a spool as the byte path does, then the filer empties it
 * in this process. Invariants: each number is the best of three runs on an empty tree; exit
 * code 1 where repeated contexts stay below 50 MB/s of request bodies, or small exchanges below
 * 200 a second.
 */
import fs from "node:fs";
import os from "node:os";
import { basename, join } from "node:path";
import { constants, zstdDecompressSync } from "node:zlib";
import { Filer } from "../../daemon/filing/filer.ts";
import type { FilerConfig } from "../../daemon/filing/filer-options.ts";
import { FrameKind } from "../../daemon/frames.ts";
import { openSpool } from "../../daemon/spool/writer.ts";
import { understand } from "../../record/dialects/understand.ts";

const RUNS = 3;
const MIN_MB_PER_S = 50;
const MIN_EXCHANGES_PER_S = 200;
const SMALL_COUNT = 3000;
/** What a socket gives at once. */
const READ_BYTES = 65_536;

const HEADERS = [
  ["host", "127.0.0.1:4141"],
  ["user-agent", "OpenAI/JS 7.57.0"],
  ["authorization", "Bearer [redacted fp:1a2b3c4d]"],
  ["content-type", "application/json"],
  ["accept", "application/json"],
];
const ANSWER = JSON.stringify({
  id: "a",
  object: "chat.completion",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1000, completion_tokens: 1, total_tokens: 1001 },
});

/** Lines of a compressed file. */
function recorded(path: string): Buffer[] {
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const text = zstdDecompressSync(fs.readFileSync(path), { params });
  const bodies: Buffer[] = [];
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = text.indexOf(10, from);
    if (to < 0) to = text.length;
    if (to > from) bodies.push(text.subarray(from, to));
  }
  return bodies;
}

/** Each turn repeats all before it and adds a call and what came of it, 2.5 kB of text. */
function madeUp(turns: number): Buffer[] {
  const messages: object[] = [{ role: "system", content: "You mend programs. ".repeat(60) }];
  return Array.from({ length: turns }, (_, n) => {
    const call = { name: "read", arguments: `{"path":"src/file-${n}.ts"}` };
    messages.push({ role: "assistant", tool_calls: [{ id: `c${n}`, function: call }] });
    const lines = Array.from({ length: 40 }, (_, i) => `const line${i} = "${n} and ${i * n}";`);
    messages.push({ role: "tool", tool_call_id: `c${n}`, content: lines.join("\n") });
    return Buffer.from(JSON.stringify({ model: "m", messages, temperature: 0 }));
  });
}

function small(count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => {
    const messages = [
      { role: "system", content: "You are a benchmark. ".repeat(20) },
      { role: "user", content: `Question ${n}: what has changed?` },
    ];
    return Buffer.from(JSON.stringify({ model: "m", messages, temperature: 0.2 }));
  });
}

function fillSpool(dir: string, bodies: readonly Buffer[]): Promise<void> {
  const spool = openSpool(dir, { durability: "os", limitBytes: 2 ** 40 });
  bodies.forEach((body, i) => {
    const n = i + 1;
    const begin = {
      id: `01KBENCH${String(n).padStart(18, "0")}`,
      started: "2026-11-23T10:00:00.000Z",
      method: "POST",
      url: "/v1/chat/completions",
      http: "1.1",
      headers: HEADERS,
      upstream: "openrouter",
      client: { name: null, agent: "OpenAI/JS 7.57.0", address: "127.0.0.1" },
      labels: {},
      number: "11.01",
      session: null,
      sealed: null,
    };
    const head = { status: 200, reason: "OK", http: "1.1", headers: HEADERS.slice(3, 4) };
    const times = { connect_ms: 1, request_sent_ms: 2, headers_ms: 5, total_ms: 9 };
    const end = { outcome: "complete", error: null, ...times, verbatim: true };
    spool.append(FrameKind.begin, n, 0, JSON.stringify(begin));
    for (let at = 0; at < body.length; at += READ_BYTES) {
      spool.append(FrameKind.requestData, n, 1, body.subarray(at, at + READ_BYTES));
    }
    spool.append(FrameKind.requestEnd, n, 1, '{"trailers":[]}');
    spool.append(FrameKind.responseHead, n, 5, JSON.stringify(head));
    spool.append(FrameKind.responseData, n, 7, ANSWER);
    spool.append(FrameKind.responseEnd, n, 8, '{"trailers":[]}');
    spool.append(FrameKind.end, n, 9, JSON.stringify(end));
  });
  return spool.close();
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly stored: number;
}

async function run(bodies: readonly Buffer[]): Promise<Run> {
  const root = fs.mkdtempSync(join(os.tmpdir(), "callnumber-filing-"));
  try {
    const [state, captures] = [join(root, "state"), join(root, "captures")];
    const spoolDir = join(state, "spool");
    await fillSpool(spoolDir, bodies);
    const limits = { bodyBytes: 2 ** 28, decodeBytes: 2 ** 28, spoolBytes: 1, inFlightCount: 1 };
    const redact = { rules: [], headers: [], pii: false, identifiers: false };
    const place = { captures, state, writer: null, tree: { areas: [] }, autofile: true };
    const config: FilerConfig = { ...place, upstreams: {}, redact, limits };
    let stored = 0;
    const cpu = process.cpuUsage();
    const began = performance.now();
    const filer = new Filer({
      config,
      spoolDir,
      understand,
      onFiled: (filed) => {
        stored = fs.statSync(filed[0]?.file ?? "").size;
      },
    });
    await filer.run();
    filer.close();
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const { filed, partial, poisoned } = filer.stats();
    if (filed !== bodies.length) throw new Error(`${filed} filed, ${partial}, ${poisoned}`);
    return { seconds, cpuSeconds: (user + system) / 1e6, stored };
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

async function best(bodies: readonly Buffer[]): Promise<Run> {
  const runs: Run[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run(bodies));
  return runs.sort((a, b) => a.cpuSeconds - b.cpuSeconds)[0] as Run;
}

const sessions = process.argv.slice(2).map((path) => [basename(path), recorded(path)] as const);
if (sessions.length === 0) sessions.push(["made up, 300 turns", madeUp(300)]);
let good = true;
for (const [name, bodies] of sessions) {
  const { seconds, cpuSeconds, stored } = await best(bodies);
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const rate = bytes / 1e6 / cpuSeconds;
  good &&= rate >= MIN_MB_PER_S;
  console.log(
    `${name}: ${bodies.length} exchanges, ${(bytes / 1e6).toFixed(1)} MB of request bodies in ` +
      `${seconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s: ${rate.toFixed(0)} MB/s of CPU, ` +
      `1 : ${(bytes / stored).toFixed(0)}`,
  );
}
const { seconds, cpuSeconds } = await best(small(SMALL_COUNT));
good &&= SMALL_COUNT / cpuSeconds >= MIN_EXCHANGES_PER_S;
console.log(
  `small: ${SMALL_COUNT} exchanges in ${seconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s: ` +
    `${(SMALL_COUNT / cpuSeconds).toFixed(0)} exchanges/s of CPU`,
);
process.exitCode = good ? 0 : 1;
