import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadStateKey } from "../../../daemon/state-key.ts";
import { tempFolder as folder } from "./temp-folder.ts";

test("what was sealed opens again, also after a restart, and no two seals are alike", () => {
  const dir = folder();
  const sealed = loadStateKey(dir).seal(["sk-live-1", "höher"]);
  assert.deepEqual(loadStateKey(dir).open(sealed), ["sk-live-1", "höher"]);
  assert.notEqual(loadStateKey(dir).seal(["sk-live-1", "höher"]), sealed);
  assert.ok(!Buffer.from(sealed, "base64").includes("sk-live-1"));
});

test("a text sealed elsewhere, cut or changed does not open", () => {
  const key = loadStateKey(folder());
  assert.throws(() => key.open(loadStateKey(folder()).seal(["a"])));
  const bytes = Buffer.from(key.seal(["a"]), "base64");
  assert.throws(() => key.open(bytes.subarray(0, 20).toString("base64")));
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  assert.throws(() => key.open(bytes.toString("base64")));
});

test("fingerprints tell secrets apart, stay the same, and differ between state directories", () => {
  const dir = folder();
  const key = loadStateKey(dir);
  assert.match(key.fingerprint("a"), /^[0-9a-f]{8}$/);
  assert.equal(key.fingerprint("a"), loadStateKey(dir).fingerprint("a"));
  assert.notEqual(key.fingerprint("a"), key.fingerprint("b"));
  assert.notEqual(key.fingerprint("a"), loadStateKey(folder()).fingerprint("a"));
  assert.notEqual(key.pseudonym("a").slice(0, 8), key.fingerprint("a"));
});

test("the key file is 32 bytes, 0600 also after it was opened up, and nothing else is left", () => {
  const dir = folder();
  loadStateKey(dir);
  fs.chmodSync(join(dir, "key"), 0o644);
  loadStateKey(dir);
  const stat = fs.statSync(join(dir, "key"));
  assert.equal(stat.mode & 0o777, 0o600);
  assert.equal(stat.size, 32);
  assert.deepEqual(fs.readdirSync(dir), ["key"]);
});

test("a damaged key is refused, not silently replaced", () => {
  const dir = folder();
  fs.writeFileSync(join(dir, "key"), "short");
  assert.throws(() => loadStateKey(dir), { code: "state-unusable" });
  assert.equal(fs.readFileSync(join(dir, "key"), "utf8"), "short");
});
