/**
 * People rename folders in a file manager while calls are being filed. A cached path made the old
 * folder again in one of seven renames, and filing went on there.
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { scanTree } from "../../../../record/johnny-decimal/scan.ts";
import { configOf, filerOf, put, readTree, scene, spoolOf } from "./spooled.ts";

const RENAMER = fileURLToPath(new URL("./renamer.mjs", import.meta.url));

/** Renames until the test ends; `count` says how often so far. */
function renamer(t: TestContext, captures: string, pauseMs: number) {
  const child = fork(RENAMER, [captures, String(pauseMs)]);
  const state = { count: 0 };
  child.on("message", (count) => {
    state.count = count as number;
  });
  const ended = new Promise((gone) => child.once("exit", gone));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  t.after(stop);
  return { state, stop };
}

test("folders renamed while calls are filed: no old name comes back, nothing is lost or twice", async (t) => {
  const at = scene();
  fs.mkdirSync(join(at.captures, "10-19 Agents", "11 Cline"), { recursive: true });
  const spool = spoolOf(at);
  const { filer, said } = filerOf(at, { config: configOf(at) });
  const { state, stop } = renamer(t, at.captures, 0);
  const put3 = (n: number) =>
    put(spool, {
      // A long day, a new day with each round, and what no rule places.
      begin: {
        number: n % 4 === 3 ? null : `11.1${1 + (n % 4)}`,
        started: n % 2 === 0 ? "2026-11-23T10:00:00.000Z" : `2026-${dayOf(n)}T10:00:00.000Z`,
      },
      request: JSON.stringify({ model: "m", messages: [{ role: "user", content: `call ${n}` }] }),
    });
  const ids: string[] = [];
  const until = performance.now() + 30_000;
  for (let n = 0; (n < 500 || state.count < 300) && performance.now() < until; n++) {
    ids.push(put3(n));
    if (n % 5 === 4) await filer.run();
  }
  await stop();
  for (let tries = 0; tries < 20 && !(await filer.run()); tries++);
  filer.close();
  t.diagnostic(`${ids.length} calls, ${state.count} renames`);

  assert.ok(state.count >= 300, `only ${state.count} renames`);
  const scan = scanTree(at.captures);
  const numbers = [...scan.areas, ...scan.categories, ...scan.ids].map(({ number }) => number.text);
  assert.deepEqual(numbers, [...new Set(numbers)], "a number has two folders");
  const seen = readTree(at);
  assert.deepEqual(seen.map(({ line }) => line.id).sort(), ids.sort());
  // Each where it belongs: none was put into an inbox because its category was just being renamed.
  const asked = (number: string) => seen.filter((each) => each.number === number).length;
  assert.ok(asked("00.01") <= Math.ceil(ids.length / 4), `${asked("00.01")} in the inbox`);
  assert.deepEqual(said, []);
});

const dayOf = (n: number): string =>
  new Date(Date.UTC(2026, 0, 1 + (n % 300))).toISOString().slice(5, 10);
