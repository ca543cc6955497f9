import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Atom, flatten, shorten } from "../../../../record/bodies/part-list.ts";

test("runs of neighbouring parts become ranges, anything else is spelled out", () => {
  for (const [atoms, refs] of [
    [
      ["{", 1, ",", 2, ",", 3, "}"],
      ["{", [1, 3], "}"],
    ],
    [
      ["{", 1, ", ", 2, ", ", 3, "}"],
      ["{", [1, 3, ", "], "}"],
    ],
    [
      ["{", 1, ",", 2, ", ", 3, "}"],
      ["{", [1, 2], ", ", 3, "}"],
    ],
    [
      ["{", 1, "],[", 2, "}"],
      ["{", 1, "],[", 2, "}"],
    ],
    [
      ["{", 3, ",", 2, ",", 2, "}"],
      ["{", 3, ",", 2, ",", 2, "}"],
    ],
    [
      ["{", 1, ",\n  ", 2, ",\n  ", 9, "}"],
      ["{", [1, 2, ",\n  "], ",\n  ", 9, "}"],
    ],
    [[1], [1]],
    [[], []],
  ] as const) {
    assert.deepEqual(shorten(atoms as readonly Atom[]), refs);
    assert.deepEqual(flatten(refs as never, 9), atoms);
  }
});

test("any flat list comes back from its short form, from any entry on", () => {
  const atom = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 6 }) },
    { weight: 3, arbitrary: fc.constantFrom(",", ", ", "x", "") },
    fc.constant({ part: 2, insert: [[0, "a"]] as [number, string][] }),
  );
  fc.assert(
    fc.property(fc.array(atom), fc.nat(10), (atoms, from) => {
      assert.deepEqual(flatten(shorten(atoms, from), 6), atoms.slice(from));
    }),
    { numRuns: 3000 },
  );
});
