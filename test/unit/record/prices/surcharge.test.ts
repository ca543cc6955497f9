import assert from "node:assert/strict";
import { test } from "node:test";
import { surcharge } from "../../../../record/prices/surcharge.ts";

const CASES: [string, unknown, unknown, RegExp | null][] = [
  ["an ordinary response", { service_tier: "default" }, { service_tier: "standard" }, null],
  ["a Bedrock tier", { serviceTier: { type: "flex" } }, {}, /serviceTier is flex/],
  ["Gemini's provisioned traffic", {}, { trafficType: "PROVISIONED_THROUGHPUT" }, /trafficType/],
  ["Gemini's on-demand traffic", {}, { trafficType: "ON_DEMAND" }, null],
  ["a region that costs more", {}, { inference_geo: "us" }, /inference_geo is us/],
  ["fast mode", {}, { speed: "fast" }, /speed is fast/],
  ["optimized latency", { performanceConfig: { latency: "optimized" } }, {}, /latency/],
  ["a container", { output: [{ type: "code_interpreter_call" }] }, {}, /code_interpreter_call/],
  ["a function call costs nothing", { output: [{ type: "function_call" }] }, {}, null],
  [
    "grounding in Code Assist's envelope",
    { response: { candidates: [{ groundingMetadata: { groundingChunks: [1] } }] } },
    {},
    /grounding/,
  ],
  ["an empty grounding", { candidates: [{ groundingMetadata: {} }] }, {}, null],
  ["searches", { usage: { num_search_queries: 2 } }, {}, /searches/],
  ["no object at all", null, undefined, null],
];

for (const [name, response, usage, why] of CASES) {
  test(`surcharge: ${name}`, () => {
    const found = surcharge(response, usage);
    if (why === null) assert.equal(found, null);
    else assert.match(found ?? "", why);
  });
}
