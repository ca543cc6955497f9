/**
 * Acceptance over recorded traffic: every exchange of the shared corpus is recognised, and every
 * stream's assembled message says what a second, independent reading of the same bytes says.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Understood } from "../../../../record/dialects/normal.ts";
import { normaliseResponse } from "../../../../record/dialects/normalise.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { type CorpusRecord, NO_CORPUS, readCorpus } from "./corpus.ts";
import { eventsOf, json, ORACLES, type Told } from "./oracle.ts";

const KNOWN = new Set([
  "openai.chat",
  "openai.responses",
  "openai.completions",
  "embeddings",
  "images",
  "audio",
  "anthropic.messages",
  "anthropic.count_tokens",
  "google.generate",
  "google.count_tokens",
  "google.interactions",
  "ollama.chat",
  "ollama.generate",
  "bedrock.converse",
  "bedrock.invoke",
  "bedrock.count_tokens",
  "cohere.chat",
]);

/**
 * Records whose label is not what they are: `/v1/threads/…/messages` is OpenAI's Assistants API,
 * labelled anthropic.messages for the end of its path; the "audio" GET fetches a sound file from a
 * documentation site.
 */
const mislabelled = ({ exchange }: CorpusRecord) =>
  /\/v1\/threads\//.test(exchange.url) || /\/docs\/audio\//.test(exchange.url);

const records = readCorpus();
const read = new Map<string, Understood>();

test("every record is read without an exception, and its API recognised", {
  skip: NO_CORPUS,
}, () => {
  const table = new Map<string, { records: number; recognised: number; usage: number }>();
  for (const record of records) {
    const understood = understand(record.exchange);
    read.set(record.id, understood);
    assert.ok(!understood.notes.some((note) => note.startsWith("not understood")), record.id);
    if (!KNOWN.has(record.api)) continue;
    const row = table.get(record.api) ?? { records: 0, recognised: 0, usage: 0 };
    table.set(record.api, row);
    row.records++;
    if (understood.llm?.api === record.api) row.recognised++;
    else assert.ok(mislabelled(record), `${record.id} read as ${understood.llm?.api}`);
    if (understood.llm?.usage) row.usage++;
  }
  console.table(Object.fromEntries(table));
  const all = [...table.values()].reduce((sum, row) => sum + row.records, 0);
  const right = [...table.values()].reduce((sum, row) => sum + row.recognised, 0);
  console.log(`recognised ${right} of ${all}: ${((100 * right) / all).toFixed(2)} %`);
  assert.ok(right / all >= 0.99);
});

/** What the dialects say, in the oracle's terms. */
function told(understood: Understood): Told {
  const { llm, assembled } = understood;
  const messages = normaliseResponse(llm?.api ?? "", JSON.parse(assembled ?? "{}"));
  const pieces = messages.flatMap((message) => message.pieces);
  const usage = llm?.usage;
  return {
    text: pieces.map((piece) => (piece.kind === "text" ? piece.text : "")).join(""),
    calls: pieces.flatMap((p) =>
      p.kind === "tool_call" ? [[p.name, json(p.arguments)] as [string, unknown]] : [],
    ),
    finish: llm?.finish_reasons ?? [],
    usage: usage ? [usage.input_tokens ?? -1, usage.output_tokens ?? 0] : null,
  };
}

/** Calls of the provider's own tools have no counterpart in the oracle. */
const OWN =
  /^(web_search|code_interpreter|file_search|image_generation|code_execution|shell|local_shell|apply_patch|computer|tool_search$|x_search|FILE_SEARCH)/;

test("every stream adds up to what an independent reading finds", { skip: NO_CORPUS }, () => {
  const misses: string[] = [];
  const table = new Map<string, { streams: number; equal: number }>();
  let streams = 0;
  for (const record of records) {
    const oracle = ORACLES[record.api];
    const understood = read.get(record.id);
    if (!record.stream || oracle === undefined || understood?.llm === undefined) continue;
    streams++;
    const row = table.get(record.api) ?? { streams: 0, equal: 0 };
    table.set(record.api, row);
    row.streams++;
    const expected = oracle(eventsOf(Buffer.from(record.exchange.responseBody ?? [])));
    const actual = told(understood);
    if (/responses|google/.test(record.api)) {
      actual.calls = actual.calls.filter(([name]) => !OWN.test(name));
    }
    actual.calls = actual.calls.map(([name, args], i) =>
      expected.calls[i]?.[1] === "partial" ? [name, "partial"] : [name, args],
    );
    try {
      assert.deepEqual(actual, expected);
      row.equal++;
    } catch (error) {
      misses.push(`${record.api} ${record.provider} ${record.id}\n${(error as Error).message}`);
    }
  }
  console.table(Object.fromEntries(table));
  console.log(`streams equal: ${streams - misses.length} of ${streams}`);
  for (const miss of misses) console.log(miss);
  assert.ok((streams - misses.length) / streams >= 0.995);
});
