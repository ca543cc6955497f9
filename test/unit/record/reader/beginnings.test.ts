import assert from "node:assert/strict";
import { test } from "node:test";
import { Beginnings, commonLength, goneOn } from "../../../../record/reader/beginnings.ts";

test("the list with most of the beginning is found, whatever came in between", () => {
  const lists = new Beginnings<number, string>(1000);
  lists.keep([1, 2, 3], "one", 10, null);
  lists.keep([1, 5], "two", 10, null);
  lists.keep([9], "three", 10, null);
  assert.equal(lists.nearest([1, 2, 4])?.made, "one");
  assert.equal(lists.nearest([1, 5, 6])?.made, "two");
  assert.equal(lists.nearest([9])?.made, "three");
  assert.equal(lists.nearest([2]), null);
  assert.equal(lists.nearest([]), null);
});

test("a list takes the place of the one that it goes on from", () => {
  const lists = new Beginnings<number, string>(1000);
  lists.keep([7], "other", 10, null);
  for (let n = 1; n < 40; n++) {
    const list = Array.from({ length: n }, (_, i) => i);
    lists.keep(list, `turn ${n}`, 10, lists.nearest(list));
  }
  assert.equal(lists.nearest([7])?.made, "other");
});

test("old lists go, by number and by bytes; the newest stays", () => {
  const lists = new Beginnings<number, number>(100);
  for (let n = 0; n < 20; n++) lists.keep([n], n, 1, null);
  assert.equal(lists.nearest([0]), null);
  assert.equal(lists.nearest([19])?.made, 19);
  lists.keep([50], 50, 1000, null);
  assert.equal(lists.nearest([19]), null);
  assert.equal(lists.nearest([50])?.made, 50);
});

test("entries are compared by identity, up to the shorter list", () => {
  const [a, b] = [{}, {}];
  assert.equal(commonLength([a, b], [a, b, a]), 2);
  assert.equal(commonLength([a], [{}]), 0);
  assert.equal(commonLength([a, b], [a, b], 2), 0);
  assert.equal(commonLength([a, b, a], [a, b, b], 1), 2);
});

test("a list that goes on has the beginning asked for and what is new, and changes no other", () => {
  const list = [1, 2, 3];
  assert.deepEqual(goneOn(list, 3, [4]), [1, 2, 3, 4]);
  assert.deepEqual(goneOn(list, 1, [5, 6]), [1, 5, 6]);
  assert.deepEqual(goneOn(list, 2, []), [1, 2]);
  assert.deepEqual(goneOn([], 0, [7]), [7]);
  assert.notEqual(goneOn(list, 3, []), list);
  assert.deepEqual(list, [1, 2, 3]);
});
