import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Extents, SpoolBytes } from "../../../../daemon/spool/extents.ts";
import { listSegments, SpoolReader } from "../../../../daemon/spool/reader.ts";
import { segmentName } from "../../../../daemon/spool/segment.ts";
import { openSpool, type SpoolOptions } from "../../../../daemon/spool/writer.ts";
import { tempFolder as folder } from "../temp-folder.ts";

function open(dir: string, options: Partial<SpoolOptions> = {}) {
  return openSpool(dir, { durability: "os", limitBytes: 1e9, ...options });
}
/** What a reader finds from its place to the end, as `exchange:kind:payload`. */
function drain(reader: SpoolReader): string[] {
  const found: string[] = [];
  for (let f = reader.next(); f !== null; f = reader.next()) {
    found.push(`${f.exchange}:${f.kind}:${f.payload.toString().slice(0, 20)}`);
  }
  return found;
}

test("frames come out as they went in, strings as UTF-8, times with fractions", async () => {
  const dir = folder();
  const spool = open(dir);
  assert.equal(spool.append(1, 7, 0, '{"a":"ü"}'), true);
  assert.equal(spool.append(5, 7, 1.25, Buffer.from([0, 255, 10])), true);
  assert.equal(spool.append(7, 4294967295, 1e9, ""), true);
  const reader = new SpoolReader(dir);
  const first = reader.next();
  assert.equal(first?.payload.toString(), '{"a":"ü"}');
  assert.equal(first?.run, spool.run);
  const second = reader.next();
  assert.deepEqual([second?.kind, second?.exchange, second?.at], [5, 7, 1.25]);
  assert.deepEqual([...(second?.payload ?? [])], [0, 255, 10]);
  assert.equal(reader.next()?.exchange, 4294967295);
  assert.equal(reader.next(), null);
  await spool.close();
});

test("a reader at the end goes on when more is appended, over segment borders too", async () => {
  const dir = folder();
  const spool = open(dir, { segmentBytes: 300 });
  const reader = new SpoolReader(dir);
  const expected: string[] = [];
  const found: string[] = [];
  for (let i = 0; i < 50; i++) {
    spool.append(5, i, i, `payload ${i}`);
    expected.push(`${i}:5:payload ${i}`);
    if (i % 3 === 0) found.push(...drain(reader));
  }
  found.push(...drain(reader));
  assert.deepEqual(found, expected);
  assert.ok(listSegments(dir).length > 5);
  assert.deepEqual(reader.torn, []);
  await spool.close();
});

test("payloads larger than every buffer pass, as bytes and as text, and a window shrinks again", async () => {
  const dir = folder();
  const spool = open(dir, { segmentBytes: 1e9 });
  const big = Buffer.alloc(5_000_000, "x");
  const text = "é".repeat(400_000);
  spool.append(5, 1, 0, big);
  spool.append(1, 1, 0, text);
  spool.append(7, 1, 0, "end");
  const reader = new SpoolReader(dir);
  assert.ok(reader.next()?.payload.equals(big));
  assert.equal(reader.next()?.payload.toString(), text);
  assert.equal(reader.next()?.payload.toString(), "end");
  await spool.close();
});

test("a group of frames is read as single frames", async () => {
  const dir = folder();
  const spool = open(dir);
  const frames = ["a", "ü", "c"].map((payload, i) => ({
    kind: i + 1,
    exchange: 3,
    atMs: i,
    payload,
  }));
  assert.equal(spool.appendGroup(frames), true);
  const large = Buffer.alloc(200_000, "L");
  assert.equal(
    spool.appendGroup([
      { kind: 5, exchange: 3, atMs: 4, payload: large },
      { kind: 7, exchange: 3, atMs: 4, payload: "z" },
    ]),
    true,
  );
  const reader = new SpoolReader(dir);
  assert.deepEqual(drain(reader), ["3:1:a", "3:2:ü", "3:3:c", `3:5:${"L".repeat(20)}`, "3:7:z"]);
  await spool.close();
});

test("cut at every byte, a segment gives exactly the frames that are whole", async () => {
  const dir = folder();
  const spool = open(dir);
  const ends: number[] = [32];
  for (const payload of ["", "a", "some more bytes", "\0\0\0\0", "last one"]) {
    spool.append(5, 1, 2, payload);
    ends.push((ends.at(-1) ?? 0) + 24 + payload.length);
  }
  await spool.close();
  const path = join(dir, segmentName(1));
  const whole = fs.readFileSync(path);
  assert.equal(whole.length, ends.at(-1));
  for (let cut = 0; cut <= whole.length; cut++) {
    for (const tail of [Buffer.alloc(0), Buffer.alloc(500)]) {
      fs.writeFileSync(path, Buffer.concat([whole.subarray(0, cut), tail]));
      const reader = new SpoolReader(dir);
      // Zeros after a cut can complete nothing but a frame that ends in zeros.
      const sound = drain(reader).length;
      const due = ends.filter((end) => end <= cut).length - 1;
      if (tail.length === 0) assert.equal(sound, Math.max(0, due), `cut at ${cut}`);
      else assert.ok(sound >= due && sound <= due + 1, `cut at ${cut} with zeros behind`);
      reader.close();
    }
  }
});

test("what follows a torn segment is read, and the torn bytes are reported", async () => {
  const dir = folder();
  const first = open(dir);
  first.append(1, 1, 0, "one");
  first.append(5, 1, 0, "two");
  await first.close();
  const path = join(dir, segmentName(1));
  fs.truncateSync(path, fs.statSync(path).size - 2);
  const reader = new SpoolReader(dir);
  assert.deepEqual(drain(reader), ["1:1:one"]);
  const second = open(dir);
  second.append(1, 1, 0, "of another run");
  const frame = reader.next();
  assert.equal(frame?.run, second.run);
  assert.notEqual(second.run, first.run);
  assert.deepEqual(reader.torn, [{ segment: 1, offset: 32 + 27, bytes: 25 }]);
  await second.close();
});

test("a flipped bit ends the segment and lets nothing wrong out", async () => {
  const dir = folder();
  const spool = open(dir);
  for (let i = 0; i < 4; i++) spool.append(5, i, i, `payload ${i}`);
  await spool.close();
  const path = join(dir, segmentName(1));
  const whole = fs.readFileSync(path);
  for (let bit = 32 * 8; bit < whole.length * 8; bit += 7) {
    const bad = Buffer.from(whole);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    fs.writeFileSync(path, bad);
    const sound = drain(new SpoolReader(dir));
    assert.ok(sound.length < 4);
    sound.forEach((text, i) => {
      assert.equal(text, `${i}:5:payload ${i}`);
    });
  }
});

test("reading starts again at a remembered place; a place that is gone means the next segment", async () => {
  const dir = folder();
  const spool = open(dir, { segmentBytes: 100 });
  for (let i = 0; i < 9; i++) spool.append(5, i, i, `payload ${i}`);
  const reader = new SpoolReader(dir);
  for (let i = 0; i < 4; i++) reader.next();
  const place = reader.position;
  assert.deepEqual(drain(new SpoolReader(dir, place)), drain(reader));
  fs.unlinkSync(join(dir, segmentName(1)));
  const later = drain(new SpoolReader(dir, { segment: 1, offset: 40 }));
  assert.equal(later.at(-1), "8:5:payload 8");
  assert.notEqual(later[0], "0:5:payload 0");
  await spool.close();
});

test("byte ranges are read back joined, across segments, small and large, up to a limit", async () => {
  const dir = folder();
  const spool = open(dir, { segmentBytes: 400_000 });
  const parts = Array.from({ length: 40 }, (_, i) =>
    Buffer.alloc((i * 7919) % 190_000, 65 + (i % 26)),
  );
  for (const part of parts) spool.append(5, 1, 3, part);
  const extents = new Extents();
  const reader = new SpoolReader(dir);
  for (let f = reader.next(); f !== null; f = reader.next()) {
    extents.add(f.segment, f.offset, f.payload.length, f.at);
  }
  const bytes = new SpoolBytes(dir);
  const whole = Buffer.concat(parts);
  assert.ok(bytes.read(extents).equals(whole));
  assert.ok(bytes.read(extents, 1000).equals(whole.subarray(0, 1000)));
  bytes.close();
  fs.unlinkSync(join(dir, segmentName(1)));
  assert.throws(() => new SpoolBytes(dir).read(extents), { code: "ENOENT" });
  await spool.close();
});

test("bytes behind the last sound frame are read anew, since the writer may have replaced them", async () => {
  const dir = folder();
  const spool = open(dir);
  spool.append(5, 1, 3, "first");
  const reader = new SpoolReader(dir);
  const first = reader.next();
  assert.ok(first);
  const path = join(dir, segmentName(first.segment));
  // What a write leaves that the disk cut short, before the writer has cut it back.
  const end = fs.statSync(path).size;
  fs.appendFileSync(path, Buffer.alloc(200, "torn"));
  const bytes = new SpoolBytes(dir);
  bytes.soundTo(reader.position);
  const at = (frame: typeof first) => {
    const extents = new Extents();
    extents.add(frame.segment, frame.offset, frame.payload.length, frame.at);
    return extents;
  };
  assert.equal(bytes.read(at(first)).toString(), "first");
  fs.truncateSync(path, end);
  spool.append(5, 1, 4, "second");
  const second = reader.next();
  assert.ok(second);
  bytes.soundTo(reader.position);
  assert.equal(bytes.read(at(second)).toString(), "second");
  bytes.close();
  await spool.close();
});
