import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ListIndex } from "../../../../record/bodies/list-index.ts";
import type { Atom } from "../../../../record/bodies/part-list.ts";
import { LIMITS } from "../../../../record/limits.ts";

test("the longest shared beginning is found, and a link to it names a list that has it", () => {
  const atom: fc.Arbitrary<Atom> = fc.oneof(
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(",", "a", "x".repeat(100)),
    fc.constant<Atom>({ part: 1, insert: [[0, "y"]] }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(atom, { maxLength: 8 }), { maxLength: 20 }), (lists) => {
      const index = new ListIndex();
      const earlier: Atom[][] = [];
      for (const list of lists) {
        const match = index.match(list);
        const shared = (other: readonly Atom[]) => {
          let k = 0;
          while (k < list.length && k < other.length && same(list[k], other[k])) k++;
          return k;
        };
        assert.equal(match.take, Math.max(0, ...earlier.map(shared)));
        const link = index.link(match);
        if (link) assert.ok(shared(earlier[Number(link.as)]!) >= link.take);
        index.add(String(earlier.length), list, link);
        earlier.push(list);
      }
      for (const [i, list] of earlier.entries()) assert.deepEqual(index.list(String(i)), list);
    }),
    { numRuns: 500 },
  );
});

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

test("a chain ends after LIMITS.asChainCount links, and the full list begins a new one", () => {
  const index = new ListIndex();
  const list: Atom[] = ["["];
  const links: number[] = [];
  for (let i = 0; i < 200; i++) {
    list.push(i + 1, ",");
    const link = index.link(index.match(list));
    links.push(link ? links[Number(link.as)]! + 1 : 0);
    index.add(String(i), list, link);
  }
  assert.equal(Math.max(...links), LIMITS.asChainCount);
  assert.equal(links.filter((n) => n === 0).length, 4);
});

test("memory is bounded: past the limit all is forgotten, and links start anew", () => {
  const index = new ListIndex();
  const long = (seed: number) => Array.from({ length: 30_000 }, (_, i) => seed * 30_000 + i + 1);
  for (let i = 0; i < 8; i++) index.add(String(i), long(i), null);
  assert.equal(index.match(long(0)).take, 30_000);
  index.add("8", long(8), null);
  assert.equal(index.match(long(0)).take, 0);
  assert.equal(index.list("0"), null);
  assert.equal(index.match(long(8)).take, 30_000);
  index.add("huge", new Array(LIMITS.listEntryCount + 1).fill(1), null);
  assert.equal(index.list("huge"), null);
});
