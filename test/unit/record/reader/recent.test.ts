import assert from "node:assert/strict";
import { test } from "node:test";
import { Recent } from "../../../../record/reader/recent.ts";

test("what is used again and again stays while other things come and go", () => {
  const recent = new Recent<number>(100);
  recent.set("kept", 1, 10);
  for (let n = 0; n < 1000; n += 1) {
    recent.set(`passing ${n}`, n, 10);
    assert.equal(recent.get("kept"), 1, `after ${n}`);
  }
  assert.equal(recent.get("passing 0"), undefined);
  assert.equal(recent.get("passing 999"), 999);
});

test("what is not used goes before the bytes are passed twice", () => {
  const recent = new Recent<string>(100);
  recent.set("first", "x", 30);
  for (let n = 0; n < 3; n += 1) recent.set(`more ${n}`, "x", 40);
  assert.equal(recent.get("first"), undefined);
});

test("a thing larger than all the room is kept until the next comes", () => {
  const recent = new Recent<string>(100);
  recent.set("large", "x", 5000);
  assert.equal(recent.get("large"), "x");
});
