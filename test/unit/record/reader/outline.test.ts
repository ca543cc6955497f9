/** An outline that takes over what an earlier one had must be the one made by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Atom } from "../../../../record/bodies/part-list.ts";
import { Outlines, outlineOf } from "../../../../record/reader/outline.ts";

const source = {
  part: (n: number) => Buffer.from(`"long":"${"x".repeat(n)}",`),
  bytesMax: 1e9,
  digest: (n: number) => `digest ${n}`,
};

/** A body with lists of parts in between which values stand that were not carved. */
function atomsOf(lists: readonly (readonly Atom[])[]): Atom[] {
  const atoms: Atom[] = ["{"];
  lists.forEach((list, i) => {
    atoms[atoms.length - 1] += `"list${i}":[`;
    for (const [at, value] of list.entries()) {
      if (at > 0 && typeof atoms.at(-1) !== "string") atoms.push(",");
      if (typeof value === "string") atoms[atoms.length - 1] += `${value},`;
      else atoms.push(value);
    }
    if (typeof atoms.at(-1) !== "string") atoms.push("");
    const open = (atoms.pop() as string).replace(/,$/, "");
    atoms.push(`${open}]${i === lists.length - 1 ? "}" : ","}`);
  });
  return atoms;
}

test("outlines of turns in any order are the same as each by itself", () => {
  let state = 11;
  const random = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const part = (): Atom => {
    const n = 1 + random(12);
    return random(5) === 0 ? { part: n, insert: [[1, ',"cache_control":{}']] } : n;
  };
  const outlines = new Outlines();
  let lists: Atom[][] = [[1, 2], [3]];
  for (let turn = 0; turn < 2000; turn++) {
    const list = lists[random(lists.length)]!;
    const change = random(10);
    if (change < 5) list.push(part());
    else if (change === 5) list.splice(random(list.length + 1), 1);
    else if (change === 6) list[random(list.length + 1)] = part();
    else if (change === 7) list.splice(random(list.length + 1), 0, '"small"');
    else if (change === 8) lists = lists.map((own) => own.slice(0, 1 + random(9)));
    else lists = random(2) === 0 ? [[1, 2], [3]] : [...lists, [part()]].slice(-3);
    const atoms = atomsOf(lists);
    const own = outlineOf(atoms, source);
    const told = outlines.outlineOf(atoms, source);
    assert.deepEqual(told, own);
    const values = atoms.filter((atom) => typeof atom !== "string").length;
    const found = own?.entries.reduce((sum, { parts }) => sum + parts.length, 0) ?? 0;
    assert.equal(found, atoms.length < 3 ? 0 : values);
  }
});

test("a turn that goes on from another has the very parts of that one", () => {
  const outlines = new Outlines();
  const [one, two] = [
    [1, 2],
    [1, 2, 3],
  ].map((list) => outlines.outlineOf(atomsOf([list, [7, 8]]), source)!.entries);
  assert.equal(two![0]!.parts[1], one![0]!.parts[1]);
  assert.equal(two![1]!.parts[1], one![1]!.parts[1]);
});
