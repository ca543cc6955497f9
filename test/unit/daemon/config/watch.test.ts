import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../../../daemon/config/types.ts";
import { watchConfig } from "../../../../daemon/config/watch.ts";

test("a changed file is taken, a wrong one is not, and a replaced one is taken again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-watch-"));
  const path = join(folder, "callnumber.yaml");
  writeFileSync(path, "writer: one\n");
  const log: string[] = [];
  let wake: () => void = () => {};
  let config: Config | null = null;
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const watch = await watchConfig(path, {
    env: {},
    cwd: folder,
    log: (level, message) => {
      log.push(`${level} ${message}`);
      wake();
    },
    changed: (changed) => {
      config = changed;
    },
  });
  let told = next();
  writeFileSync(path, "writer: two\n");
  await told;
  assert.equal((config as Config | null)?.writer, "two");

  told = next();
  writeFileSync(path, "writr: three\n");
  await told;
  assert.equal((config as Config | null)?.writer, "two");
  assert.match(log.at(-1) ?? "", /^error .*:1: unknown key writr; did you mean writer\?$/s);

  told = next();
  writeFileSync(`${path}.new`, "writer: four\n");
  renameSync(`${path}.new`, path);
  await told;
  assert.equal((config as Config | null)?.writer, "four");
  await watch.close();
  rmSync(folder, { recursive: true });
});

test("what is written while the watch is being set up is taken as well", async () => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-watch-"));
  const path = join(folder, "callnumber.yaml");
  writeFileSync(path, "writer: one\n");
  const taken = new Promise<Config>((changed) => {
    const opening = watchConfig(path, { env: {}, cwd: folder, log: () => {}, changed });
    writeFileSync(path, "writer: two\n");
    void opening.then(async (watch) => {
      await taken;
      await watch.close();
      rmSync(folder, { recursive: true });
    });
  });
  assert.equal((await taken).writer, "two");
});
