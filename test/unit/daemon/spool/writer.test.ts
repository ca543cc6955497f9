import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { listSegments, SpoolReader } from "../../../../daemon/spool/reader.ts";
import { segmentName } from "../../../../daemon/spool/segment.ts";
import { NODE_FS, type SpoolFs } from "../../../../daemon/spool/spool-fs.ts";
import { openSpool, type SpoolOptions } from "../../../../daemon/spool/writer.ts";
import { tempFolder as folder } from "../temp-folder.ts";

function open(dir: string, options: Partial<SpoolOptions> = {}) {
  return openSpool(dir, { durability: "os", limitBytes: 1e9, ...options });
}
function all(dir: string): string[] {
  const reader = new SpoolReader(dir);
  const found: string[] = [];
  for (let f = reader.next(); f !== null; f = reader.next()) {
    found.push(`${f.exchange}:${f.kind}:${f.payload.toString().slice(0, 12)}`);
  }
  assert.deepEqual(reader.torn, [], "no torn bytes may stay where they could be cut off");
  return found;
}
function fault(code: string, errno = -1): Error {
  return Object.assign(new Error(`${code}: injected`), { code, errno });
}

/** A disk with `left` bytes: short counts without an error first, ENOSPC after that. */
function smallDisk(state: { left: number }): SpoolFs {
  const take = (bytes: number): number => {
    if (state.left === 0) throw fault("ENOSPC");
    const granted = Math.min(bytes, state.left);
    state.left -= granted;
    return granted;
  };
  return {
    ...NODE_FS,
    writeSync: ((fd: number, buffer: Buffer, offset: number, length: number) =>
      NODE_FS.writeSync(fd, buffer, offset, take(length))) as SpoolFs["writeSync"],
    writevSync: ((fd: number, buffers: Buffer[]) => {
      const joined = Buffer.concat(buffers);
      return NODE_FS.writeSync(fd, joined, 0, take(joined.length));
    }) as SpoolFs["writevSync"],
  };
}

/** An fs whose writes fail with what `next` says, else go through. */
function failing(next: () => Error | null): SpoolFs {
  const guard = <F>(real: F): F =>
    ((...args: unknown[]) => {
      const error = next();
      if (error !== null) throw error;
      return (real as (...all: unknown[]) => unknown)(...args);
    }) as F;
  return { ...NODE_FS, writeSync: guard(fs.writeSync), writevSync: guard(fs.writevSync) };
}

test("folder and segments are for their owner alone, and never opened through a link", async () => {
  const dir = join(folder(), "spool");
  const spool = open(dir);
  assert.equal(fs.statSync(dir).mode & 0o777, 0o700);
  assert.equal(fs.statSync(join(dir, segmentName(1))).mode & 0o777, 0o600);
  await spool.close();
  const target = join(folder(), "elsewhere");
  fs.symlinkSync(target, join(dir, segmentName(2)));
  assert.throws(() => openSpool(dir, { durability: "os", limitBytes: 1, fs: hideLinks() }), {
    code: "EEXIST",
  });
  assert.equal(fs.existsSync(target), false);
});
/** A folder listing that does not show segment 2, so that the writer tries to create it. */
function hideLinks(): SpoolFs {
  const readdirSync = ((dir: string) =>
    fs.readdirSync(dir).filter((n) => n !== segmentName(2))) as unknown as SpoolFs["readdirSync"];
  return { ...NODE_FS, readdirSync };
}

test("a new writer begins a new segment and leaves the earlier ones alone", async () => {
  const dir = folder();
  for (let run = 1; run <= 3; run++) {
    const spool = open(dir);
    spool.append(1, 1, 0, `run ${run}`);
    await spool.close();
    assert.equal(spool.append(1, 2, 0, "after the close"), false);
  }
  assert.deepEqual(listSegments(dir), [1, 2, 3]);
  assert.deepEqual(all(dir), ["1:1:run 1", "1:1:run 2", "1:1:run 3"]);
});

for (const left of [0, 1, 23, 24, 30, 100]) {
  test(`a disk with ${left} bytes left: half a frame is cut off, the loss is counted`, async () => {
    const dir = folder();
    const disk = { left: 1e9 };
    const spool = open(dir, { fs: smallDisk(disk) });
    assert.equal(spool.append(1, 1, 0, "begin"), true);
    disk.left = left;
    assert.equal(spool.append(5, 1, 1, Buffer.alloc(150_000)), false);
    assert.equal(spool.append(5, 1, 2, Buffer.alloc(200)), false, "no data behind a gap");
    const stats = spool.stats();
    assert.match(stats.degraded ?? "", /^ENOSPC: /);
    assert.equal(stats.lostExchanges, 1);
    assert.equal(stats.lostFrames, 2);
    disk.left = 1e9;
    assert.equal(spool.append(1, 2, 0, "next"), true, "resumes by itself");
    assert.equal(spool.stats().degraded, null);
    spool.append(7, 1, 3, "end");
    assert.deepEqual(all(dir), ["1:1:begin", "2:1:next", "1:0:", "1:7:end"]);
    await spool.close();
  });
}

test("the last frame of an exchange is written as soon as the disk has room again", async () => {
  const dir = folder();
  const disk = { left: 1e9 };
  const spool = open(dir, { fs: smallDisk(disk) });
  spool.append(1, 1, 0, "begin");
  spool.append(1, 2, 0, "begin");
  disk.left = 10;
  assert.equal(spool.append(7, 1, 1, "end"), false);
  assert.equal(spool.append(5, 2, 1, "data"), false);
  assert.equal(spool.append(7, 2, 2, "end"), false);
  assert.equal(spool.append(1, 3, 0, "never on disk"), false);
  assert.equal(spool.append(7, 3, 1, "never on disk"), false);
  disk.left = 1e9;
  spool.append(1, 4, 0, "next");
  assert.deepEqual(all(dir), ["1:1:begin", "2:1:begin", "4:1:next", "1:7:end", "2:0:", "2:7:end"]);
  assert.equal(spool.stats().lostExchanges, 3);
  await spool.close();
});

test("a group that does not fit is not there at all", async () => {
  const dir = folder();
  const disk = { left: 1e9 };
  const spool = open(dir, { fs: smallDisk(disk) });
  spool.append(1, 1, 0, "begin");
  disk.left = 40;
  const group = [5, 6, 7].map((kind) => ({ kind, exchange: 1, atMs: 1, payload: "0123456789" }));
  assert.equal(spool.appendGroup(group), false);
  disk.left = 1e9;
  await spool.close();
  assert.deepEqual(all(dir), ["1:1:begin", "1:0:", "1:7:0123456789"]);
});

for (const [code, errno] of [
  ["EIO", -5],
  ["EROFS", -30],
  ["EFBIG", -27],
  ["Unknown system error -122", -122],
] as const) {
  test(`${code}: append gives false and never throws, later appends go to a new segment`, async () => {
    const dir = folder();
    let broken = false;
    const spool = open(dir, { fs: failing(() => (broken ? fault(code, errno) : null)) });
    spool.append(1, 1, 0, "begin");
    broken = true;
    assert.equal(spool.append(5, 1, 1, "data"), false);
    assert.match(spool.stats().degraded ?? "", errno === -122 ? /^EDQUOT/ : new RegExp(`^${code}`));
    broken = false;
    await new Promise((done) => setTimeout(done, 110));
    assert.equal(spool.append(1, 2, 0, "begin"), true);
    assert.equal(spool.stats().degraded, null);
    assert.deepEqual(all(dir), ["1:1:begin", "2:1:begin"]);
    await spool.close();
  });
}

test("EMFILE at a rotation: the full segment is written on until there is a descriptor", async () => {
  const dir = folder();
  let broken = true;
  const openSync = ((...args: Parameters<typeof fs.openSync>) => {
    if (broken && String(args[0]).endsWith(segmentName(2))) throw fault("EMFILE");
    return fs.openSync(...args);
  }) as SpoolFs["openSync"];
  const spool = open(dir, { segmentBytes: 100, fs: { ...NODE_FS, openSync } });
  for (let i = 0; i < 10; i++) assert.equal(spool.append(5, i, 0, "0123456789"), true);
  assert.deepEqual(listSegments(dir), [1]);
  broken = false;
  await new Promise((done) => setTimeout(done, 110));
  spool.append(5, 10, 0, "0123456789");
  assert.deepEqual(listSegments(dir), [1, 2]);
  assert.equal(all(dir).length, 11);
  await spool.close();
});

test("torn bytes that cannot be cut off close their segment, and the next one is whole", async () => {
  const dir = folder();
  const disk = { left: 1e9 };
  const ftruncateSync = (() => {
    throw fault("EIO");
  }) as SpoolFs["ftruncateSync"];
  const spool = open(dir, { fs: { ...smallDisk(disk), ftruncateSync } });
  spool.append(1, 1, 0, "begin");
  disk.left = 10;
  assert.equal(spool.append(5, 1, 0, "data"), false);
  disk.left = 1e9;
  assert.equal(spool.append(1, 2, 0, "begin"), true);
  await spool.close();
  const reader = new SpoolReader(dir);
  assert.deepEqual([reader.next()?.exchange, reader.next()?.exchange], [1, 2]);
  assert.deepEqual(reader.torn, [{ segment: 1, offset: 61, bytes: 10 }]);
});

test("past its limit the spool begins no exchange, ends those that run, and resumes when emptied", async () => {
  const dir = folder();
  const spool = open(dir, { limitBytes: 20_000, segmentBytes: 4_000 });
  spool.append(1, 1, 0, "begin");
  let n = 1;
  while (spool.append(5, 1, 0, Buffer.alloc(1000))) n++;
  assert.ok(n >= 20 && n <= 23, `a further eighth for what runs: ${n} kB`);
  assert.match(spool.stats().degraded ?? "", /^spool-full: /);
  assert.equal(spool.append(1, 2, 0, "begin"), false);
  spool.append(7, 1, 0, "end");
  assert.deepEqual(all(dir).slice(-2), ["1:0:", "1:7:end"]);
  for (const segment of listSegments(dir).slice(0, -1))
    fs.unlinkSync(join(dir, segmentName(segment)));
  await new Promise((done) => setTimeout(done, 110));
  assert.equal(spool.append(1, 3, 0, "begin"), true);
  assert.equal(spool.stats().degraded, null);
  assert.ok(spool.stats().bytes < 8_000);
  await spool.close();
});

test("a spool folder deleted under the writer comes back with the next sync", async () => {
  const dir = join(folder(), "spool");
  const spool = open(dir, { durability: "strict" });
  spool.append(1, 1, 0, "begin");
  await spool.durable();
  fs.rmSync(dir, { recursive: true });
  spool.append(1, 2, 0, "into the void");
  await spool.durable();
  assert.equal(spool.append(1, 3, 0, "begin"), true);
  assert.deepEqual(all(dir), ["3:1:begin"]);
  await spool.close();
});

/** An fs whose fdatasync ends when the test says so. */
function slowSync() {
  const waiting: ((error: Error | null) => void)[] = [];
  const fdatasync = ((_fd: number, done: (error: Error | null) => void) => {
    waiting.push(done);
  }) as unknown as SpoolFs["fdatasync"];
  return { waiting, fs: { ...NODE_FS, fdatasync } };
}

test("strict: many appends share a sync, and each waits for one that began after it", async () => {
  const disk = slowSync();
  const spool = open(folder(), { durability: "strict", fs: disk.fs });
  const order: string[] = [];
  disk.waiting.shift()?.(null);
  spool.append(1, 1, 0, "a");
  const first = spool.durable().then(() => order.push("first"));
  spool.append(1, 2, 0, "b");
  spool.append(1, 3, 0, "c");
  const second = spool.durable().then(() => order.push("second"));
  assert.equal(disk.waiting.length, 1, "one at a time");
  disk.waiting.shift()?.(null);
  await first;
  assert.deepEqual(order, ["first"]);
  assert.equal(disk.waiting.length, 1, "the next starts as soon as the last ended");
  disk.waiting.shift()?.(null);
  await second;
});

test("a sync that fails turns the health red and holds nobody up", async () => {
  const disk = slowSync();
  const spool = open(folder(), { durability: "strict", fs: disk.fs });
  spool.append(1, 1, 0, "a");
  const waiting = spool.durable();
  disk.waiting.shift()?.(fault("EIO"));
  await waiting;
  assert.match(spool.stats().degraded ?? "", /^EIO/);
  assert.equal(spool.append(1, 2, 0, "b"), true);
});

test("batch: a byte is on its way to the disk within 50 ms, durable() does not wait", async () => {
  let began = 0;
  const synced = Promise.withResolvers<number>();
  const fdatasync = ((_fd: number, done: (error: Error | null) => void) => {
    synced.resolve(performance.now() - began);
    done(null);
  }) as unknown as SpoolFs["fdatasync"];
  const spool = open(folder(), { durability: "batch", fs: { ...NODE_FS, fdatasync } });
  began = performance.now();
  spool.append(1, 1, 0, "a");
  await spool.durable();
  assert.equal(spool.stats().syncs, 0);
  assert.ok((await synced.promise) < 50);
  await spool.close();
});

test("batch: what comes during a sync waits its time too, and no longer", async () => {
  const starts: number[] = [];
  const fdatasync = ((_fd: number, done: (error: Error | null) => void) => {
    starts.push(performance.now());
    setTimeout(done, 5, null);
  }) as unknown as SpoolFs["fdatasync"];
  const spool = open(folder(), { durability: "batch", fs: { ...NODE_FS, fdatasync } });
  const began = performance.now();
  for (let i = 1; performance.now() - began < 400; i++) {
    spool.append(1, i, 0, "a");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // Without a pause there would be one every 5 ms or so: 80.
  assert.ok(starts.length >= 5 && starts.length <= 17, `${starts.length} syncs in 400 ms`);
  const gaps = starts.slice(1).map((at, i) => at - starts[i]!);
  assert.ok(Math.min(...gaps) > 20, `${Math.min(...gaps)} ms from one to the next`);
  await spool.close();
});

test("batch: who waits for the disk does not wait for the pause", async () => {
  const disk = slowSync();
  const spool = open(folder(), { durability: "batch", fs: disk.fs });
  spool.append(1, 1, 0, "a");
  const closed = spool.close();
  assert.equal(disk.waiting.length, 1);
  disk.waiting.shift()?.(null);
  await closed;
});

test("a new segment's name is synced with the bytes, never while something is appended", async () => {
  const dir = join(folder(), "spool");
  let appending = false;
  const calls: string[] = [];
  const watched: SpoolFs = {
    ...NODE_FS,
    fsync: ((fd: number, done: (error: Error | null) => void) => {
      calls.push(`${appending ? "in append" : "later"}: folder ${fs.fstatSync(fd).isDirectory()}`);
      NODE_FS.fsync(fd, done);
    }) as SpoolFs["fsync"],
  };
  const spool = open(dir, { durability: "strict", segmentBytes: 100, fs: watched });
  appending = true;
  assert.equal(spool.append(1, 1, 0, "x".repeat(100)), true);
  assert.equal(spool.append(2, 1, 1, "y".repeat(100)), true);
  appending = false;
  assert.deepEqual(listSegments(dir), [1, 2]);
  assert.ok(calls.every((call) => call.startsWith("later")));
  await spool.durable();
  assert.deepEqual([...new Set(calls)], ["later: folder true"]);
  await spool.close();
});

test("frames of many exchanges go to the disk with one write, in their order", async () => {
  const dir = folder();
  let writes = 0;
  const counting = failing(() => {
    writes++;
    return null;
  });
  const spool = open(dir, { fs: counting });
  const before = writes;
  const frame = (exchange: number, kind: number, payload: Uint8Array | string) => {
    return { exchange, kind, atMs: 1, payload };
  };
  spool.appendAll([frame(1, 1, "one"), frame(1, 7, "end"), frame(2, 1, "two"), frame(3, 1, "é")]);
  assert.equal(writes - before, 1);
  spool.appendAll([]);
  assert.equal(writes - before, 1, "nothing to write is no write");
  // Larger than the memory that frames are laid into: written from where it lies.
  const large = Buffer.alloc(3 * 1024 * 1024, "z");
  spool.appendAll([frame(2, 2, "small"), frame(3, 2, large), frame(2, 7, "end")]);
  await spool.close();
  assert.deepEqual(all(dir), [
    "1:1:one",
    "1:7:end",
    "2:1:two",
    "3:1:é",
    "2:2:small",
    "3:2:zzzzzzzzzzzz",
    "2:7:end",
  ]);
});

test("where frames of many exchanges do not fit, each is recorded by itself or not at all", async () => {
  const dir = folder();
  const largest = { bytes: 1e6 };
  const spool = open(dir, {
    fs: {
      ...NODE_FS,
      writeSync: ((fd: number, buffer: Buffer, offset: number, length: number) => {
        if (length > largest.bytes) throw fault("ENOSPC");
        return NODE_FS.writeSync(fd, buffer, offset, length);
      }) as SpoolFs["writeSync"],
    },
  });
  const frame = (exchange: number, kind: number, payload: string) => {
    return { exchange, kind, atMs: 1, payload };
  };
  largest.bytes = 100;
  spool.appendAll([
    ...[frame(1, 1, "one"), frame(1, 7, "end")],
    ...[frame(2, 1, "x".repeat(500)), frame(2, 7, "end")],
    ...[frame(3, 1, "three"), frame(3, 7, "end")],
  ]);
  assert.equal(spool.stats().lostExchanges, 1);
  largest.bytes = 1e6;
  spool.appendAll([frame(4, 1, "four"), frame(4, 7, "end")]);
  assert.equal(spool.stats().degraded, null);
  await spool.close();
  const kept = ["1:1:one", "1:7:end", "3:1:three", "3:7:end", "4:1:four", "4:7:end"];
  assert.deepEqual(all(dir), kept);
});

test("of a broken exchange among others only the end is written, behind a gap", async () => {
  const dir = folder();
  const disk = { left: 1e6 };
  const spool = open(dir, { fs: smallDisk(disk) });
  const frame = (exchange: number, kind: number, payload: string) => {
    return { exchange, kind, atMs: 1, payload };
  };
  spool.appendAll([frame(1, 1, "one"), frame(2, 1, "two")]);
  disk.left = 0;
  spool.appendAll([frame(1, 2, "lost")]);
  disk.left = 1e6;
  spool.appendAll([
    frame(2, 2, "body"),
    frame(1, 2, "more"),
    frame(1, 7, "end"),
    frame(2, 7, "end"),
  ]);
  await spool.close();
  assert.deepEqual(all(dir), ["1:1:one", "2:1:two", "2:2:body", "1:0:", "1:7:end", "2:7:end"]);
});

test("the numbers of the spool shrink when segments are removed", async () => {
  const dir = folder();
  const spool = open(dir, { segmentBytes: 1000 });
  for (let i = 1; i <= 5; i++) spool.append(1, i, 0, "x".repeat(2000));
  const full = spool.stats();
  assert.ok(full.segments >= 5 && full.bytes > 10_000, `${full.segments} of ${full.bytes} bytes`);
  // What the filer does with those of which everything is filed.
  for (const number of listSegments(dir).slice(0, -1))
    fs.unlinkSync(join(dir, segmentName(number)));
  const deadline = performance.now() + 5000;
  while (spool.stats().segments > 1 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { bytes, segments } = spool.stats();
  const left = join(dir, segmentName(listSegments(dir)[0] as number));
  assert.deepEqual([bytes, segments], [fs.statSync(left).size, 1]);
  await spool.close();
});

test("large frames among small ones go out with one write, uncopied, and read back; a short count is continued", async () => {
  for (const grants of [[1e9], [40_000, 1e9], [10, 7, 100_000, 1e9]]) {
    const dir = folder();
    const left: number[] = [];
    let writes = 0;
    const writevSync = ((fd: number, list: Uint8Array[]) => {
      writes++;
      const all = Buffer.concat(list);
      return fs.writeSync(fd, all, 0, Math.min(all.length, left.shift() ?? 1e9));
    }) as SpoolFs["writevSync"];
    const writeSync = ((fd: number, bytes: Buffer, offset: number, length: number) =>
      fs.writeSync(
        fd,
        bytes,
        offset,
        Math.min(length, left.shift() ?? 1e9),
      )) as SpoolFs["writeSync"];
    const spool = open(dir, { fs: { ...NODE_FS, writevSync, writeSync } });
    const large = Buffer.alloc(64 * 1024, "x");
    const payloads = ["begin", large, Buffer.from("small"), Buffer.alloc(9_000, "y"), "end"];
    const kinds = [1, 2, 2, 2, 7];
    left.splice(0, left.length, ...grants);
    spool.appendAll(
      payloads.map((payload, i) => ({ kind: kinds[i] as number, exchange: 1, atMs: i, payload })),
    );
    assert.equal(writes, 1);
    await spool.close();
    const read: [number, string][] = [];
    const reader = new SpoolReader(dir);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      read.push([frame.kind, frame.payload.toString()]);
    }
    reader.close();
    assert.deepEqual(
      read,
      payloads.map((payload, i) => [kinds[i], payload.toString()]),
    );
  }
});
