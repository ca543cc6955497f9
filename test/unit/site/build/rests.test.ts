import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { LIMITS } from "../../../../record/limits.ts";
import { Rests } from "../../../../site/build/rests.ts";

test("what pages left out is one file, sized, and gone when nothing is left out any more", (t) => {
  const out = mkdtempSync(join(tmpdir(), "callnumber-rests-"));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const rests = new Rests("_rest/c1/1.bin");
  assert.equal(rests.keep("first"), 0);
  assert.equal(rests.keep("第二"), 1);
  const written = rests.write(out);
  const file = readFileSync(join(out, "_rest/c1/1.bin"));
  assert.deepEqual(JSON.parse(gunzipSync(file).toString()), ["first", "第二"]);
  assert.deepEqual(written, { path: "_rest/c1/1.bin", bytes: file.length });
  assert.equal(new Rests("_rest/c1/1.bin").write(out), null);
  assert.ok(!existsSync(join(out, "_rest/c1/1.bin")));
});

test("beyond its limit nothing more is kept", () => {
  const rests = new Rests("_rest/c1/1.bin");
  assert.equal(rests.keep("x".repeat(LIMITS.siteRawBytes + 1)), null);
  assert.equal(rests.keep("y"), 0);
});
