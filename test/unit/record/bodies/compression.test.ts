/**
 * What storing every message once is worth, on real agent sessions. Runs where the shared corpus
 * is; prints the table that the issue asks for. `stored` is everything that a request costs in the
 * file: part lines, and the body object in the exchange line; `file` adds the rest of the line.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, zstdDecompressSync } from "node:zlib";
import { CaptureWriter } from "../../../../record/bodies/capture-writer.ts";
import { sampleId, writeSample } from "../sample-capture.ts";

const folder = new URL("../../../../../shared/corpus/sessions/", import.meta.url);
const skip = existsSync(folder) ? false : "the shared corpus is not here";

function session(name: string): Buffer[] {
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const packed = readFileSync(new URL(`${name}.jsonl.zst`, folder));
  const all = zstdDecompressSync(packed, { params });
  const bodies: Buffer[] = [];
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0x0a, start);
    bodies.push(all.subarray(start, end < 0 ? all.length : end));
    start = end < 0 ? all.length : end + 1;
  }
  return bodies.filter((body) => body.length > 0);
}

/** Puts a marker on the last block of the last two user messages, as Claude Code does. */
function marked(body: Buffer): Buffer {
  const request = JSON.parse(body.toString());
  // biome-ignore lint/suspicious/noExplicitAny: whatever the session holds
  const users = request.messages.filter((m: any) => m.role === "user" && Array.isArray(m.content));
  for (const message of users.slice(-2)) {
    const block = message.content.at(-1);
    if (block) block.cache_control = { type: "ephemeral" };
  }
  return Buffer.from(JSON.stringify(request));
}

interface Cost {
  name: string;
  requests: number;
  whole: number;
  stored: number;
  file: number;
  parts: number;
  payload: number;
}

function costOf(name: string, bodies: readonly Buffer[]): Cost {
  const cost = {
    name,
    requests: bodies.length,
    whole: 0,
    stored: 0,
    file: 0,
    parts: 0,
    payload: 0,
  };
  const append = (lines: Buffer) => {
    cost.file += lines.length;
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(0x0a, start);
      const line = lines.subarray(start, end);
      if (line.indexOf('{"type":"part"') === 0) {
        cost.parts++;
        cost.stored += line.length + 1;
        const { n, sha256 } = JSON.parse(line.toString());
        cost.payload +=
          line.length - `{"type":"part","n":${n},"sha256":"${sha256}","json":}`.length;
      } else if (line.indexOf('{"type":"exchange"') === 0) {
        cost.stored += JSON.stringify(JSON.parse(line.toString()).request.body).length;
      }
      start = end + 1;
    }
  };
  const writer = new CaptureWriter({ day: "2026-11-23", created: "now", writer: null, append });
  bodies.forEach((request, i) => {
    cost.whole += request.length;
    writeSample(writer, { id: sampleId(i), request });
  });
  return cost;
}

function row(cost: Cost): string {
  const { name, requests, whole, stored, file, parts, payload } = cost;
  const times = (part: number) => `${(whole / part).toFixed(1)}×`.padStart(8);
  const overhead = ((stored - payload) / parts).toFixed(0);
  return [
    name.padEnd(34),
    String(requests).padStart(4),
    String(whole).padStart(10),
    String(stored).padStart(8),
    times(stored),
    times(file),
    `${overhead} B`.padStart(7),
  ].join(" ");
}

test("real sessions shrink as promised, also with moving markers and interleaved", {
  skip,
}, (t) => {
  const names = ["openhands-1", "openhands-2", "pi-large-session", "swe-marshmallow", "tau-52"];
  const sessions = new Map(names.map((name) => [name, session(name)]));
  const pi = sessions.get("pi-large-session")!;
  const hands = sessions.get("openhands-2")!;
  const costs = names.map((name) => costOf(name, sessions.get(name)!));
  const moving = costOf("pi-large-session, moving markers", pi.map(marked));
  // The same session with something else in every message: nothing is shared with the first.
  const twin = pi.map((body) =>
    Buffer.from(body.toString().replaceAll('{"role":', '{"t":1,"role":')),
  );
  const twins = costOf(
    "pi-large-session × 2, interleaved",
    pi.flatMap((body, i) => [body, twin[i]!]),
  );
  const mixed = costOf(
    "pi-large + openhands-2",
    pi.flatMap((body, i) => [body, hands[i] ?? []].flat()),
  );
  const head =
    "session                             turns      whole   stored    ratio  in file  per part";
  for (const line of [head, ...[...costs, moving, twins, mixed].map(row)]) t.diagnostic(line);
  const ratio = ({ whole, stored }: Cost) => whole / stored;
  const of = (name: string) => costs.find((cost) => cost.name === name)!;
  assert.ok(ratio(of("pi-large-session")) >= 150);
  assert.ok(ratio(of("openhands-2")) >= 20);
  assert.ok(ratio(moving) >= 100);
  const twinAlone = costOf("twin", twin);
  for (const [together, first, second] of [
    [twins, of("pi-large-session"), twinAlone],
    [mixed, of("pi-large-session"), of("openhands-2")],
  ] as const) {
    const alone = (first.whole + second.whole) / (first.stored + second.stored);
    const kept = ratio(together) / alone;
    t.diagnostic(`${together.name}: ${(100 * (1 - kept)).toFixed(1)} % lost by sharing a file`);
    assert.ok(kept > 0.8);
  }
});

test("filing repeated contexts runs at 50 MB/s and more", { skip }, (t) => {
  const bodies = session("pi-large-session");
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const append = () => {};
  const writer = new CaptureWriter({ day: "2026-11-23", created: "now", writer: null, append });
  const before = process.cpuUsage();
  bodies.forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request });
  });
  // CPU time and not the clock: other work on the machine is not this code's.
  const { user, system } = process.cpuUsage(before);
  const rate = bytes / (user + system);
  t.diagnostic(`carve, hash, list and line: ${rate.toFixed(0)} MB/s of request bodies`);
  assert.ok(rate >= 50);
});
