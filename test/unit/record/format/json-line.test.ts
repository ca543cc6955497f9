import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedLine, lineCheck, oneLineJson } from "../../../../record/format/json-line.ts";

test("separators that some line readers take for line ends are escaped", () => {
  assert.equal(oneLineJson("a\u2028b\u2029c\u0085d\n"), '"a\\u2028b\\u2029c\\u0085d\\n"');
});

test("the checksum is the last member and covers all bytes before it", () => {
  const line = checkedLine({ type: "file", day: "é", crc32: "old" });
  assert.match(line.toString(), /^\{"type":"file","day":"é","crc32":"[0-9a-f]{8}"\}\n$/);
  const bare = line.subarray(0, -1);
  assert.equal(lineCheck(bare), "right");
  // CRC-32 of 123456789 is cbf43926, the check value of the catalogue of such checksums.
  assert.equal(lineCheck(Buffer.from('123456789,"crc32":"cbf43926"}')), "right");
  assert.equal(lineCheck(Buffer.from(bare.toString().replace("é", "e"))), "wrong");
  assert.equal(lineCheck(Buffer.from("{}")), "missing");
});
