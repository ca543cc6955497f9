import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { acquireLock, lockFolderByDatabase } from "../../../daemon/lock.ts";
import type { CodedError } from "../../../record/errors.ts";
import { tempFolder as folder } from "./temp-folder.ts";

const MODULE = new URL("../../../daemon/lock.ts", import.meta.url).href;

/** A process that holds the lock of `dir` until it is killed. */
async function holder(dir: string, how: string) {
  const script = `const m = await import(${JSON.stringify(MODULE)});
    await m.${how}(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

for (const how of ["acquireLock", "lockFolderByDatabase"] as const) {
  const take = how === "acquireLock" ? acquireLock : lockFolderByDatabase;

  test(`${how}: a second one is refused with the holder's pid, kill -9 frees it`, async () => {
    const dir = folder();
    const child = await holder(dir, how);
    await assert.rejects(take(dir), (error: CodedError) => {
      assert.equal(error.code, "tree-locked");
      assert.equal(error.exit, 78);
      assert.match(error.message, new RegExp(`process ${child.pid} `));
      return true;
    });
    child.kill("SIGKILL");
    await once(child, "close");
    const lock = await take(dir);
    await lock.release();
    await (await take(dir)).release();
  });
}

test("a folder reached by a link, or one that does not exist yet, has one lock", async () => {
  const dir = folder();
  const tree = join(dir, "captures");
  fs.symlinkSync(dir, `${dir}-link`);
  const lock = await acquireLock(tree);
  await assert.rejects(acquireLock(join(`${dir}-link`, "captures")), { code: "tree-locked" });
  await lock.release();
});

/** Names of `dir/captures`, each of which once evaded the lock or might; made before it exists. */
function namesOf(dir: string): string[] {
  const at = (name: string) => join(dir, name);
  fs.symlinkSync(at("captures"), at("dangling"));
  fs.symlinkSync("./captures", at("relative"));
  fs.symlinkSync("dangling", at("twice"));
  fs.symlinkSync(dir, at("parent"));
  fs.symlinkSync(at("parent/parent/dangling/.."), at("around"));
  fs.mkdirSync(at("real/inner"), { recursive: true });
  fs.symlinkSync("real/inner", at("shortcut"));
  fs.symlinkSync("shortcut/../../captures", at("above"));
  fs.symlinkSync(`${dir}/./shortcut/.././../captures`, at("above-absolute"));
  fs.symlinkSync("above/", at("above-twice"));
  return [
    ...["above", "above-absolute", "above-twice"].map(at),
    ...["captures", "dangling", "relative", "twice", "parent/captures", "parent/dangling"].map(at),
    ...["around/captures", "no/../captures", "captures/", "captures/.", "dangling//"].map(at),
    join(dir, "..", basename(dir), "captures"),
  ].map((name, i) => (i % 2 === 0 ? name : relative(process.cwd(), name)));
}

for (const exists of [false, true]) {
  test(`every name of a tree has one lock, ${exists ? "once" : "before"} it is there`, async () => {
    const dir = folder();
    const names = namesOf(dir);
    for (const first of names) {
      const early = await acquireLock(first);
      if (exists) fs.mkdirSync(join(dir, "captures"), { recursive: true });
      for (const second of names) {
        await assert.rejects(acquireLock(second), { code: "tree-locked" }, `${first} ${second}`);
      }
      await early.release();
    }
  });
}

test("links that lead in a circle end in an error or a lock, not in a loop", async () => {
  const dir = folder();
  fs.symlinkSync(join(dir, "b"), join(dir, "a"));
  fs.symlinkSync(join(dir, "a"), join(dir, "b"));
  await (await acquireLock(join(dir, "a"))).release();
});

test("folders beside each other, and one within the other, have locks of their own", async () => {
  const dir = folder();
  const locks = await Promise.all(["a", "b", "a/b"].map((name) => acquireLock(join(dir, name))));
  for (const lock of locks) await lock.release();
});

test("where one of two folders is taken, neither stays locked", async () => {
  const [state, tree] = [folder(), folder()];
  const other = await acquireLock(tree);
  await assert.rejects(acquireLock(state, tree), { code: "tree-locked" });
  await (await acquireLock(state)).release();
  await other.release();
});
