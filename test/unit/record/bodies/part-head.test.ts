import assert from "node:assert/strict";
import { test } from "node:test";
import { PartHead } from "../../../../record/bodies/part-head.ts";

const digest = "0123456789abcdef".repeat(4);
const start = `{"type":"part","n":12,"sha256":"${digest}",`;

test("every form is read where it lies", () => {
  const head = new PartHead();
  for (const form of ["json", "text", "base64", "zstd"] as const) {
    for (const crc of ["", '"crc32":"9a3f01c2",']) {
      const line = Buffer.from(`${start}${crc}"${form}":"payload"}`);
      assert.ok(head.read(line), line.toString());
      assert.deepEqual([head.n, head.form], [12, form]);
      assert.equal(line.toString("latin1", head.digestAt, head.digestAt + 64), digest);
      assert.equal(line.toString("latin1", head.payloadAt, line.length - 1), '"payload"');
      if (crc === "") assert.equal(head.crcAt, -1);
      else assert.equal(line.toString("latin1", head.crcAt, head.crcAt + 8), "9a3f01c2");
    }
  }
});

test("what is written in any other way is left to others", () => {
  const head = new PartHead();
  const good = `${start}"json":{}}`;
  assert.ok(head.read(Buffer.from(good)));
  const others = [
    good.slice(0, -2),
    good.replace("12", "012"),
    good.replace("12", "0"),
    good.replace("12", "1234567890"),
    good.replace("12", "1.5"),
    good.replace("ef", "EF"),
    good.replace("0123", "123"),
    good.replace("json", "yaml"),
    good.replace('"json":{}', '"json":'),
    good.replace('"json"', '"crc32":"9a3f","json"'),
    good.replace('"json"', '"more":1,"json"'),
    good.replace(":12", ": 12"),
    ` ${good}`,
    "{}",
    "",
  ];
  for (const line of others) assert.ok(!head.read(Buffer.from(line)), line);
});
