import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../../../daemon/config/types.ts";
import { watchConfig } from "../../../../daemon/config/watch.ts";

function watched() {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-watch-"));
  const file = join(folder, "callnumber.yaml");
  writeFileSync(file, "writer: one\n");
  const events: (Config | Error)[] = [];
  let wake = () => {};
  const add = (event: Config | Error) => {
    events.push(event);
    wake();
  };
  const stop = watchConfig({ file, env: {}, cwd: folder, loaded: add, failed: add });
  return {
    file,
    next: async () => {
      if (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return events.shift()!;
    },
    [Symbol.dispose]: () => {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test("a changed file is handed over, also where the editor replaced it", {
  timeout: 20_000,
}, async () => {
  using config = watched();
  writeFileSync(config.file, "writer: two\n");
  assert.equal(((await config.next()) as Config).writer, "two");
  writeFileSync(`${config.file}.new`, "writer: three\n");
  renameSync(`${config.file}.new`, config.file);
  assert.equal(((await config.next()) as Config).writer, "three");
});

test("a bad file is reported and the next good one is taken", { timeout: 20_000 }, async () => {
  using config = watched();
  writeFileSync(config.file, "wirter: two\n");
  const error = (await config.next()) as Error & { code: string };
  assert.equal(error.code, "config-invalid");
  assert.match(error.message, /wirter/);
  writeFileSync(config.file, "writer: four\n");
  assert.equal(((await config.next()) as Config).writer, "four");
});
