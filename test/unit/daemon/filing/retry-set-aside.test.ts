/** Calls that were set aside are filed once their fault is gone, exactly once, or set aside again. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  claimAfterUpdate,
  claimSetAside,
  hasClaimed,
  retryClaimed,
  setAsideCalls,
} from "../../../../daemon/filing/retry-set-aside.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { configOf, fileAll, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";

/** A scene with `count` calls that were set aside, the first a WebSocket and the last without an end. */
async function withSetAside(count: number): Promise<{ at: Scene; ids: string[] }> {
  const at = scene();
  const spool = spoolOf(at);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const head = i === 0 ? { status: 101, headers: [] } : {};
    ids.push(
      put(spool, { head, response: [[7, `answer ${i}`]], end: i === count - 1 ? null : {} }),
    );
  }
  await spool.close();
  spoolOf(at);
  const reader = await import("../../../../daemon/spool/reader.ts");
  const run = new reader.SpoolReader(at.spoolDir);
  const frame = run.next();
  const poison = ids.map((id) => `${frame?.run}:${Number(id.slice(-6))}`);
  run.close();
  const { filer } = await fileAll(at, { poison });
  assert.equal(filer.stats().poisoned, count);
  assert.equal(readTree(at).length, 0);
  return { at, ids };
}

function retry(at: Scene, more: Partial<Parameters<typeof retryClaimed>[0]> = {}) {
  const said: string[] = [];
  const say = (message: string) => said.push(message);
  return retryClaimed({ config: configOf(at), understand, say, ...more }).then(() => said);
}

test("calls that were set aside are filed whole by a retry and leave the state folder", async () => {
  const { at, ids } = await withSetAside(4);
  assert.deepEqual(
    setAsideCalls(at.state).map(({ id }) => id),
    ids,
  );
  assert.equal(claimSetAside(at.state).length, 4);
  const said = await retry(at);
  assert.deepEqual(said.length, 4);
  const filed = readTree(at);
  assert.deepEqual(new Set(filed.map(({ line }) => line.id)), new Set(ids));
  assert.equal(filed.find(({ line }) => line.id === ids[1])?.response?.toString(), "answer 1");
  assert.equal(filed.find(({ line }) => line.id === ids[3])?.line.outcome, "interrupted");
  assert.deepEqual(setAsideCalls(at.state), []);
  assert.equal(hasClaimed(at.state), false);
  assert.deepEqual(fs.readdirSync(join(at.state, "poison")), []);
  await retry(at);
  assert.equal(readTree(at).length, 4);
});

test("what fails again is set aside again, with the newer reason", async () => {
  const { at, ids } = await withSetAside(2);
  claimSetAside(at.state);
  const redaction = () => () => {
    throw new Error("still a fault");
  };
  await retry(at, { redaction });
  const left = setAsideCalls(at.state);
  assert.deepEqual(
    left.map(({ id, why }) => [id, why]),
    ids.map((id) => [id, "Error: still a fault"]),
  );
  assert.equal(hasClaimed(at.state), false);
  assert.equal(readTree(at).length, 0);
  claimSetAside(at.state);
  await retry(at);
  assert.equal(readTree(at).length, 2);
});

test("a retry that ends its process twice sets the call aside again, and the others go on", async () => {
  const { at, ids } = await withSetAside(3);
  claimSetAside(at.state);
  fs.writeFileSync(join(at.state, "retry", ids[1]!, "tries"), "2");
  const said = await retry(at);
  assert.match(said.join("\n"), new RegExp(`${ids[1]} is set aside again: the filer died of it`));
  assert.deepEqual(
    setAsideCalls(at.state).map(({ id, why }) => [id, why]),
    [[ids[1], "the filer died of it"]],
  );
  assert.equal(readTree(at).length, 2);
});

test("two that claim the same calls at once neither fail nor lose one", async (t) => {
  const { at, ids } = await withSetAside(3);
  const rename = fs.renameSync;
  const mock = t.mock.method(fs, "renameSync", (from: string, to: string) => {
    mock.mock.restore();
    // The other is faster, and files them before this one goes on.
    claimSetAside(at.state);
    rename(from, to);
  });
  assert.doesNotThrow(() => claimSetAside(at.state));
  await retry(at);
  assert.deepEqual(new Set(readTree(at).map(({ line }) => line.id)), new Set(ids));
  assert.equal(hasClaimed(at.state), false);
});

test("a call that is just being claimed is left alone by whoever retries", async (t) => {
  const { at, ids } = await withSetAside(1);
  const rename = fs.renameSync;
  let retried: Promise<unknown> = Promise.resolve();
  const mock = t.mock.method(fs, "renameSync", () => {
    mock.mock.restore();
    retried = retry(at);
    throw Object.assign(new Error("killed here"), { code: "EIO" });
  });
  assert.throws(() => claimSetAside(at.state), /killed here/);
  await retried;
  assert.equal(fs.renameSync, rename);
  assert.equal(fs.existsSync(join(at.state, "retry", ids[0] ?? "", "spool")), true);
  assert.equal(hasClaimed(at.state), false);
  claimSetAside(at.state);
  await retry(at);
  assert.deepEqual(
    readTree(at).map(({ line }) => line.id),
    ids,
  );
});

test("a call that is claimed while it is being set aside again is not lost", async (t) => {
  const { at, ids } = await withSetAside(1);
  claimSetAside(at.state);
  fs.writeFileSync(join(at.state, "retry", ids[0] ?? "", "tries"), "2");
  const remove = fs.rmSync;
  const mock = t.mock.method(fs, "rmSync", (path: string, options?: fs.RmOptions) => {
    if (path === join(at.state, "retry", ids[0] ?? "")) {
      mock.mock.restore();
      claimSetAside(at.state);
    }
    remove(path, options);
  });
  await retry(at);
  claimSetAside(at.state);
  await retry(at);
  assert.deepEqual(
    readTree(at).map(({ line }) => line.id),
    ids,
  );
});

test("killed while it is set aside again, a call is there after the next start", async () => {
  const { at, ids } = await withSetAside(1);
  const [{ path = "" } = {}] = setAsideCalls(at.state);
  fs.renameSync(path, `${path}.back`);
  await retry(at);
  assert.deepEqual(
    setAsideCalls(at.state).map(({ id }) => id),
    ids,
  );
});

test("without its bodies a call can be filed that cannot be filed whole", async () => {
  const { at, ids } = await withSetAside(3);
  assert.equal(claimSetAside(at.state, true).length, 3);
  await retry(at);
  const filed = readTree(at);
  assert.deepEqual(new Set(filed.map(({ line }) => line.id)), new Set(ids));
  const x = filed.find(({ line }) => line.id === ids[1]);
  assert.equal(x?.response, null);
  assert.equal(x?.line.response?.omitted?.bytes, 8);
  assert.match(x?.line.response?.omitted?.sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.match(x?.line.error?.message ?? "", /filing it whole failed/);
  assert.deepEqual(setAsideCalls(at.state), []);
});

test("killed between appending and cleaning up, the next try files nothing twice", async () => {
  const { at } = await withSetAside(3);
  claimSetAside(at.state);
  fs.cpSync(join(at.state, "retry"), join(at.root, "before"), { recursive: true });
  await retry(at);
  fs.cpSync(join(at.root, "before"), join(at.state, "retry"), { recursive: true });
  await retry(at);
  assert.equal(readTree(at).length, 3);
});

test("the first start of another version tries again, and only that one", async () => {
  const { at } = await withSetAside(1);
  claimAfterUpdate(at.state, "2.0.0");
  assert.equal(hasClaimed(at.state), true);
  await retry(at);
  assert.equal(readTree(at).length, 1);
  fs.writeFileSync(join(at.state, "poison", "other.seg"), "no segment");
  claimAfterUpdate(at.state, "2.0.0");
  assert.equal(hasClaimed(at.state), false);
  claimAfterUpdate(at.state, "2.0.1");
  assert.equal(hasClaimed(at.state), false, "what is no segment stays where it is");
  assert.equal(setAsideCalls(at.state).length, 1);
});
