import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { findExchange } from "../../../../record/reader/find-exchange.ts";
import { openTree } from "../../../../record/reader/tree.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

function file(root: string, path: string, ...ids: string[]): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const writer = writerTo(join(root, path));
  for (const id of ids) writeSample(writer, { id, request: `{"id":"${id}"}` });
}

test("streams and days are found by number, whatever the titles are", (t) => {
  const root = scratchFolder(t);
  const cline = "10-19 編碼 agents/11 Cline (old)/11.11 Open Router";
  file(root, `${cline}/2026-11-24.jsonl`, sampleId(5));
  file(root, `${cline}/2026-11-23+1.jsonl`, sampleId(2));
  file(root, `${cline}/2026-11-23.nas.jsonl`, sampleId(3));
  file(root, `${cline}/2026-11-23+10.jsonl`, sampleId(4));
  file(root, `${cline}/2026-11-23.jsonl`, sampleId(1));
  writeFileSync(join(root, cline, "notes.txt"), "not a capture");
  symlinkSync(join(root, cline, "2026-11-24.jsonl"), join(root, cline, "2026-11-25.jsonl"));
  file(root, "00-09 System/00 System management/00.01 Inbox/2026-11-23.jsonl", sampleId(6));
  const tree = openTree(root);
  assert.deepEqual(
    tree.streams().map(({ number, title, area, category }) => [number, title, area, category]),
    [
      [
        "00.01",
        "Inbox",
        { number: "00-09", title: "System" },
        { number: "00", title: "System management" },
      ],
      [
        "11.11",
        "Open Router",
        { number: "10-19", title: "編碼 agents" },
        { number: "11", title: "Cline (old)" },
      ],
    ],
  );
  const days = tree.days("11.11");
  assert.deepEqual(
    days.map(({ day, files }) => [day, files.map((path) => path.slice(path.lastIndexOf("/") + 1))]),
    [
      [
        "2026-11-23",
        ["2026-11-23.jsonl", "2026-11-23+1.jsonl", "2026-11-23+10.jsonl", "2026-11-23.nas.jsonl"],
      ],
      ["2026-11-24", ["2026-11-24.jsonl"]],
    ],
  );
  using day = tree.openDay(days[0]!.files);
  assert.deepEqual(
    day
      .exchanges()
      .map(({ id }) => id)
      .toArray(),
    [1, 2, 4, 3].map(sampleId),
  );
  assert.deepEqual(tree.days("99.99"), []);
  assert.deepEqual(openTree(join(root, "absent")).streams(), []);
});

test("an exchange is found by a beginning of its id that is unique in the tree", (t) => {
  const root = scratchFolder(t);
  const [a, b] = ["01KAQZZZZZ0000000000000001", "01KAQZZZZZ0000000000000012"];
  file(root, "10-19 A/11 B/11.11 C/2026-11-23.jsonl", a);
  file(root, "10-19 A/11 B/11.12 D/2026-11-23.jsonl", b);
  const tree = openTree(root);
  const found = findExchange(tree, b.slice(0, 25).toLowerCase());
  assert.deepEqual([found.id, found.stream.number, found.day], [b, "11.12", "2026-11-23"]);
  assert.equal(findExchange(tree, a).id, a);
  assert.throws(() => findExchange(tree, "01KAQ"), { code: "ambiguous-exchange" });
  for (const prefix of ["01KAR", "", '"', "01KAQ.*"]) {
    assert.throws(() => findExchange(tree, prefix), { code: "no-such-exchange" });
  }
});
