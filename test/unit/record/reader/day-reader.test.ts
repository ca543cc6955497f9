import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crcHex } from "../../../../record/format/json-line.ts";
import { DayReader } from "../../../../record/reader/day-reader.ts";
import {
  conversation,
  sampleId,
  sampleLine,
  scratchFolder,
  writerTo,
  writeSample,
} from "../sample-capture.ts";

test("a day of several files reads as one", (t) => {
  const folder = scratchFolder(t);
  const paths = ["2026-11-23.jsonl", "2026-11-23+1.jsonl"].map((name) => join(folder, name));
  paths.forEach((path, i) => {
    writeSample(writerTo(path), { id: sampleId(i), request: `{"i":${i}}`, response: "ok" });
  });
  using day = DayReader.open(paths);
  assert.equal(day.count, 2);
  const shown = day
    .exchanges()
    .map((x) => [x.id, day.requestBody(x)?.toString()])
    .toArray();
  assert.deepEqual(shown, [
    [sampleId(0), '{"i":0}'],
    [sampleId(1), '{"i":1}'],
  ]);
  assert.equal(day.exchange(sampleId(1)).id, sampleId(1));
  assert.throws(() => day.exchange("nope"), { code: "no-such-exchange" });
});

test("positions count through the files of a day", (t) => {
  const folder = scratchFolder(t);
  const paths = ["a.jsonl", "b.jsonl", "c.jsonl"].map((name) => join(folder, name));
  paths.forEach((path, i) => {
    const writer = writerTo(path);
    for (const n of [2 * i, 2 * i + 1]) writeSample(writer, { id: sampleId(n), request: "{}" });
  });
  const ids = [0, 1, 2, 3, 4, 5].map((n) => sampleId(n));
  for (let from = 0; from <= 7; from++) {
    using fresh = DayReader.open(paths);
    const found = fresh.exchanges(from).map(({ id }) => id);
    assert.deepEqual(found.toArray(), ids.slice(from));
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6].map((position) => fresh.idAt(position)),
      [...ids, null],
    );
    assert.deepEqual(
      [...ids, "nope"].map((id) => fresh.positionOf({ id })),
      [0, 1, 2, 3, 4, 5, null],
    );
  }
  using unread = DayReader.open(paths[0]!);
  assert.equal(unread.idAt(0), null);
  const lines = unread.exchanges();
  lines.next();
  assert.deepEqual([unread.idAt(0), unread.idAt(1)], [sampleId(0), null]);
  // Another look at the same file meets what the first has not, and both see all.
  assert.equal(unread.exchanges().toArray().length, 2);
  assert.equal(lines.next().value?.id, sampleId(1));
});

test("a stream gives chunks with times, its body, and the assembled message", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const [head, tail] = [Buffer.from("data: h\u2028\n\n"), Buffer.from([0xe2, 0x82])];
  writeSample(writerTo(path), {
    id: sampleId(1),
    request: null,
    stream: [
      [10.123, head],
      [20, tail],
    ],
    assembled: '{"text": 1e400}',
  });
  using day = DayReader.open(path);
  const x = day.exchange(sampleId(1));
  assert.equal(day.requestBody(x), null);
  assert.deepEqual(day.chunks(x), [
    [10.12, head],
    [20, tail],
  ]);
  assert.deepEqual(day.responseBody(x), Buffer.concat([head, tail]));
  assert.equal(day.assembled(x), '{"text": 1e400}');
});

test("the outline names keys and digests, and a moved marker changes no digest", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const writer = writerTo(path);
  const long = "y".repeat(300);
  const tokens = Array.from({ length: 500 }, (_, i) => i);
  const body = (first: string, second: string) =>
    `{"system":"${long}","messages":[{"a":1${first}}, "short",{"b":2${second}}],` +
    `"ids":[${tokens}],"to\\u006fls":[{"c":3}],"stream":true}`;
  const marker = ',"cache_control":{"type":"ephemeral"}';
  const bodies = [body("", marker), body(marker, "")];
  bodies.forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request, response: "not json" });
  });
  using day = DayReader.open(path);
  const [one, two] = [0, 1].map((i) => day.outline(day.exchange(sampleId(i)), "request")!.entries);
  assert.deepEqual(
    one!.map(({ key, list, parts }) => [key, list, parts.map(({ marked }) => marked)]),
    [
      ["system", false, [false]],
      ["messages", true, [false, true]],
      ["tools", true, [false]],
    ],
  );
  const digests = (outline: typeof one) => outline!.map(({ parts }) => parts.map((p) => p.sha256));
  assert.deepEqual(digests(one), digests(two));
  assert.equal(day.outline(day.exchange(sampleId(0)), "response"), null);
  // The digest is that of the value without its marker.
  const x = day.exchange(sampleId(1));
  assert.equal(day.part(one![1]!.parts[1]!.n, x).toString(), '{"b":2}');
});

test("what was not carved stays where it is, a key __proto__ and what looks carved too", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const writer = writerTo(path);
  const long = "y".repeat(300);
  const request = `{"__proto__":"${long}","input":["a",{"b":1},"c","${long}"],"n":[0,null,"1"],"t":0.2}`;
  writeSample(writer, { id: sampleId(0), request, response: null });
  using day = DayReader.open(path);
  const outline = day.outline(day.exchange(sampleId(0)), "request")!;
  assert.deepEqual(
    outline.entries.map(({ key, list, parts }) => [key, list, parts.map(({ at }) => at)]),
    [
      ["__proto__", false, [0]],
      ["input", true, [1, 3]],
    ],
  );
  assert.equal(
    JSON.stringify(outline.rest),
    '{"__proto__":null,"input":["a",null,"c",null],"n":[0,null,"1"],"t":0.2}',
  );
});

test("a line that is no JSON is passed over, whatever its checksum says", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  writeSample(writerTo(path), { id: sampleId(1), request: "one" });
  const [line] = readFileSync(path, "utf8").trimEnd().split("\n").slice(-1);
  const open = line!.replace('"labels":{}', '"labels":{]').slice(0, -CHECK_LENGTH);
  appendFileSync(path, `${open},"crc32":"${crcHex(open)}"}\n`);
  using day = DayReader.open(path);
  assert.equal([...day.exchanges()].length, 1);
  assert.deepEqual(
    day.damage.map(({ message }) => message),
    ["damaged exchange line"],
  );
});

const CHECK_LENGTH = ',"crc32":"00000000"}'.length;

test("new in an exchange is what was stored because of it", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const writer = writerTo(path);
  conversation(3).forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request, response: `answer ${i}` });
  });
  using day = DayReader.open(path);
  const texts = day.newParts({ id: sampleId(2) }).map(({ n }) => day.part(n, { id: sampleId(2) }));
  assert.deepEqual(
    texts.map((text) => /question 2|answer 1|answer 2/.exec(text.toString())?.[0]),
    ["answer 1", "question 2", "answer 2"],
  );
  const lines = readFileSync(path, "utf8").split("\n");
  for (const { n, line, sha256 } of day.newParts({ id: sampleId(0) })) {
    assert.ok(lines[line - 1]!.startsWith(`{"type":"part","n":${n},"sha256":"${sha256}"`));
  }
});

test("conflict markers and damaged lines are passed over and named; the rest reads", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const writer = writerTo(path);
  writeSample(writer, { id: sampleId(1), request: "one" });
  appendFileSync(path, '<<<<<<< HEAD\n{"type":"exch\n{"type":"part","n":7}\n[1]\n\n=======\n');
  appendFileSync(path, '{"type":"exchange"}\n{"type":"later","x":1}\n>>>>>>> theirs\n');
  writeSample(writer, { id: sampleId(2), request: "two" });
  appendFileSync(path, '{"type":"exchange","id"');
  using day = DayReader.open(path);
  const bodies = day
    .exchanges()
    .map((x) => day.requestBody(x)?.toString())
    .toArray();
  assert.deepEqual(bodies, ["one", "two"]);
  assert.deepEqual(
    day.damage.map(({ line, message }) => `${line} ${message}`),
    [
      "4 merge conflict marker",
      "5 damaged line",
      "6 damaged part line",
      "7 a line that is no record",
      "8 damaged line",
      "9 merge conflict marker",
      "10 damaged exchange line: id: is no id",
      "12 merge conflict marker",
      "15 torn line of 23 bytes at the end",
    ],
  );
});

test("after a merge that keeps both sides each exchange reads its own side's parts", (t) => {
  const folder = scratchFolder(t);
  const paths = ["ours.jsonl", "theirs.jsonl"].map((name) => join(folder, name));
  const sides = paths.map((path, side) => {
    const writer = writerTo(path);
    writeSample(writer, { id: sampleId(0), request: "base" });
    const start = readFileSync(path, "utf8").length;
    writeSample(writer, { id: sampleId(side + 1), request: `side ${side}` });
    return readFileSync(path, "utf8").slice(start);
  });
  const merged = join(folder, "merged.jsonl");
  writeFileSync(merged, readFileSync(paths[0]!, "utf8") + sides[1]);
  using day = DayReader.open(merged);
  const bodies = day
    .exchanges()
    .map((x) => day.requestBody(x)?.toString())
    .toArray();
  assert.deepEqual(bodies, ["base", "side 0", "side 1"]);
});

test("a link to itself, to a later exchange or into nothing is an error that names the line", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const line = (id: string, as: string) =>
    JSON.stringify(sampleLine(id, { bytes: 1, sha256: "0".repeat(64), parts: [{ as, take: 1 }] }));
  writeFileSync(path, `${line("A", "A")}\n${line("B", "C")}\n${line("C", "X")}\n`);
  using day = DayReader.open(path);
  for (const [i, x] of day.exchanges().toArray().entries()) {
    assert.throws(() => day.requestBody(x), {
      code: "capture-damaged",
      message: `${path}:${i + 1}: request body cannot be read: no exchange ${x.request.body!.parts![0]!["as" as never]} above`,
    });
  }
});

test("fields of a later version are kept", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  const plain = sampleLine("A");
  const later = { ...plain, request: { ...plain.request, x: 1 }, later: [2] };
  writeFileSync(path, `${JSON.stringify(later)}\n`);
  using day = DayReader.open(path);
  const x = day.exchange("A");
  assert.deepEqual([x.later, x.request.x], [[2], 1]);
});
