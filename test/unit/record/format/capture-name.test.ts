import assert from "node:assert/strict";
import { test } from "node:test";
import { captureName, parseCaptureName } from "../../../../record/format/capture-name.ts";

test("names of capture files parse and are written alike", () => {
  for (const [name, parsed] of [
    ["2026-11-23.jsonl", { day: "2026-11-23", writer: null, part: 0 }],
    ["2026-11-23+12.jsonl", { day: "2026-11-23", writer: null, part: 12 }],
    ["2028-02-29.jsonl", { day: "2028-02-29", writer: null, part: 0 }],
    ["2026-11-23.nas.jsonl", { day: "2026-11-23", writer: "nas", part: 0 }],
    ["2026-11-23.nas+1.jsonl", { day: "2026-11-23", writer: "nas", part: 1 }],
  ] as const) {
    assert.deepEqual(parseCaptureName(name), parsed);
    assert.equal(captureName(parsed), name);
  }
});

test("other names are no capture's", () => {
  for (const name of [
    "2026-02-30.jsonl",
    "2026-13-01.jsonl",
    "2025-02-29.jsonl",
    "journal.jsonl",
    "2026-11-23+0.jsonl",
    "2026-11-23.jsonl.torn",
    "x",
  ]) {
    assert.equal(parseCaptureName(name), null);
  }
});
