/**
 * Mutated bodies and streams: whatever arrives, reading it never throws, never hangs, and never even
 * needs the net that catches exceptions. Seeded; FUZZ_COUNT sets how many (100000 is the acceptance,
 * the default suits a pull request). Seeds are the shared corpus where it is there, and the
 * self-written streams always.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireExchange } from "../../../../record/dialects/normal.ts";
import { dialectNamed } from "../../../../record/dialects/registry.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { atBest, slowness } from "../../../timing.ts";
import { readCorpus } from "./corpus.ts";
import { exchange, sse } from "./exchange.ts";
import { CHAT, GEMINI, MESSAGES, RESPONSES } from "./hostile-streams.ts";

const COUNT = Number(process.env.FUZZ_COUNT ?? 3000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** Seeds beyond this only make the run slow; big bodies are the speed test's. */
const SEED_BYTES_MAX = 40_000;

const WORDS = [
  '"__proto__":{"x":1},',
  '"constructor":null,',
  "[".repeat(300),
  "\u0000",
  "\ufeff",
  "\r",
  "\n\n",
  "data: ",
  "data: [DONE]\n\n",
  "event: error\n",
  "1e999",
  "-1",
  "99999999999999999999",
  "null",
  '"index":-1,',
  '"index":1e308,',
  '"index":"0",',
  '"content":{},',
  '"choices":{},',
  "\ud800",
  '\\u0000"',
];
const VALUES: unknown[] = [
  null,
  true,
  -1,
  1e300,
  "",
  "x",
  [],
  {},
  [[]],
  [null],
  { type: 1 },
  "__proto__",
];

type Rand = (below: number) => number;

function bytesMutated(body: Buffer, rand: Rand): Buffer {
  const at = rand(body.length + 1);
  const to = Math.min(body.length, at + 1 + rand(200));
  switch (rand(6)) {
    case 0:
      return Buffer.from(body.subarray(0, at));
    case 1:
      return Buffer.concat([body.subarray(0, at), body.subarray(to)]);
    case 2:
      return Buffer.concat([body.subarray(0, to), body.subarray(at)]);
    case 3: {
      const changed = Buffer.from(body);
      for (let i = 0; i < 4 && changed.length > 0; i++) changed[rand(changed.length)] = rand(256);
      return changed;
    }
    case 4: {
      const from = rand(body.length + 1);
      return Buffer.concat([
        body.subarray(0, at),
        body.subarray(from, from + 300),
        body.subarray(at),
      ]);
    }
    default: {
      const word = Buffer.from(WORDS[rand(WORDS.length)]!);
      return Buffer.concat([body.subarray(0, at), word, body.subarray(at)]);
    }
  }
}

/** Replaces a few values of a JSON document, wherever they are, by values of other types. */
function jsonMutated(text: string, rand: Rand): string {
  let left = 1 + rand(3);
  try {
    return JSON.stringify(
      JSON.parse(text, (_key, value) => {
        if (left > 0 && rand(12) === 0) {
          left--;
          return VALUES[rand(VALUES.length)];
        }
        return value;
      }),
    );
  } catch {
    return text;
  }
}

function mutated(body: Uint8Array | null, rand: Rand): Buffer | null {
  if (body === null) return null;
  const buffer = Buffer.from(body);
  if (rand(3) > 0) {
    let out: Buffer = buffer;
    for (let times = rand(3); times >= 0; times--) out = bytesMutated(out, rand);
    return out;
  }
  const text = buffer.toString("utf8");
  if (/^\s*[{[]/.test(text)) return Buffer.from(jsonMutated(text, rand));
  const lines = text.split("\n").map((line) => {
    if (!line.startsWith("data:") || rand(4) > 0) return line;
    return `data: ${jsonMutated(line.slice(5), rand)}`;
  });
  return Buffer.from(lines.join("\n"));
}

function seeds(): WireExchange[] {
  const own = [
    ...Object.values(CHAT).map((events) => ["/v1/chat/completions", events] as const),
    ...Object.values(RESPONSES).map((events) => ["/v1/responses", events] as const),
    ...Object.values(MESSAGES).map((events) => ["/v1/messages", events] as const),
    ...Object.values(GEMINI).map((e) => ["/v1/models/g:streamGenerateContent", e] as const),
  ].map(([url, events]) => exchange({ url, response: sse(...events), request: { model: "m" } }));
  const recorded = readCorpus().map((record) => record.exchange);
  const size = (x: WireExchange) => (x.requestBody?.length ?? 0) + (x.responseBody?.length ?? 0);
  return [...own, ...recorded.filter((x) => size(x) > 0 && size(x) < SEED_BYTES_MAX)];
}

test(`${COUNT} mutated exchanges are read without a throw, a hang or a caught exception`, async () => {
  const random = seededRandom(SEED);
  const rand = (below: number) => Math.floor(random() * below);
  const from = seeds();
  let slowest = 0;
  let bytes = 0;
  let recognised = 0;
  for (let i = 0; i < COUNT; i++) {
    const seed = from[rand(from.length)]!;
    // Now and then the body of one API under the path of another.
    const url = rand(8) === 0 ? from[rand(from.length)]!.url : seed.url;
    const requestBody = rand(2) === 0 ? mutated(seed.requestBody, rand) : seed.requestBody;
    const responseBody = mutated(seed.responseBody, rand);
    const end = responseBody?.length ?? 0;
    const cut = rand(end + 1);
    const chunks =
      rand(2) === 0
        ? null
        : [
            { ms: 1, end: cut },
            { ms: 2, end },
          ];
    const size = (requestBody?.length ?? 0) + end;
    bytes += size;
    const before = performance.now();
    const read = understand({ ...seed, url, requestBody, responseBody, chunks });
    const ms = performance.now() - before;
    const where = `seed ${SEED}, number ${i}, ${url}`;
    const fell = read.notes.find((note) => note.startsWith("not understood"));
    assert.equal(fell, undefined, where);
    if (read.llm !== null) {
      recognised++;
      // The dialect itself, without normalise.ts and its net.
      const dialect = dialectNamed(read.llm.api)!;
      const body = parse(requestBody);
      dialect.messages(body);
      dialect.tools(body);
      dialect.response(parse(responseBody));
      if (read.assembled !== null) dialect.response(JSON.parse(read.assembled));
    }
    // A pause of the machine is no hang: what is slow must be slow again.
    if (ms > allowed(size)) {
      const limit = allowed(size) * slowness();
      const best = await atBest(limit, () => {
        const again = performance.now();
        understand({ ...seed, url, requestBody, responseBody, chunks });
        return performance.now() - again;
      });
      assert.ok(best < limit, `${where}: ${ms} ms, then ${best} ms for ${size} bytes`);
    }
    slowest = Math.max(slowest, ms);
  }
  const mb = (bytes / 1e6).toFixed(1);
  console.log(
    `fuzz: ${COUNT} exchanges, ${mb} MB, ${recognised} recognised, slowest ${slowest.toFixed(1)} ms`,
  );
  assert.equal(({} as Record<string, unknown>).x, undefined, "a prototype was polluted");
});

/** 50 ms a megabyte, and never less than for one. */
function allowed(size: number): number {
  return 50 * Math.max(1, size / 1e6);
}

function parse(body: Uint8Array | null): unknown {
  try {
    return JSON.parse(Buffer.from(body ?? []).toString("utf8"));
  } catch {
    return undefined;
  }
}
