import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkMarks } from "../../../../daemon/spool/chunk-marks.ts";
import { seededRandom } from "../../../seeded-random.ts";

function listed(marks: ChunkMarks): [end: number, ms: number][] {
  return Array.from({ length: marks.length }, (_, i) => [marks.end(i), marks.at(i)]);
}

test("few chunks are kept as they came", () => {
  const marks = new ChunkMarks(8);
  for (let i = 1; i <= 8; i++) marks.add(10, i);
  assert.deepEqual(
    listed(marks),
    Array.from({ length: 8 }, (_, i) => [10 * (i + 1), i + 1]),
  );
  assert.deepEqual(marks.endsWithin(25), [10, 20, 25]);
});

test("past the bound neighbours are joined, and no byte comes before it came", () => {
  const random = seededRandom(7);
  for (const max of [2, 8, 64]) {
    const marks = new ChunkMarks(max);
    const came: number[] = [];
    let [ms, bytes, gap] = [0, 0, 0];
    for (let i = 0; i < 1000; i++) {
      const step = random() * 5;
      if (i > 0) gap = Math.max(gap, ms + step - ms);
      ms += step;
      const size = Math.floor(random() * 4);
      for (let b = 0; b < size; b++) came.push(ms);
      bytes += size;
      marks.add(size, ms);
      assert.ok(marks.length <= max);
    }
    assert.equal(marks.count, 1000);
    assert.equal(marks.end(marks.length - 1), bytes);
    assert.equal(marks.lastMs, ms);
    assert.ok(Math.abs((marks.gapMaxMs ?? 0) - gap) < 1e-6);
    let from = 0;
    for (const [end, at] of listed(marks)) {
      for (const [b, time] of came.slice(from, end).entries()) assert.ok(time <= at, `byte ${b}`);
      from = end;
    }
    const fewer = marks.atMost(max / 2);
    assert.ok(fewer.length <= max / 2);
    assert.equal(fewer.end(fewer.length - 1), bytes);
  }
});
