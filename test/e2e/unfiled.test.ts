/**
 * Calls that are not in the tree are told wherever somebody looks: health within 2 s, the log, a file
 * in the tree, `ls`, `stats` and `tail`; and `callnumber retry`, or the first start of another
 * version, files them.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SpoolReader } from "../../daemon/spool/reader.ts";
import { runCommandLine } from "../unit/cli/command-line.ts";
import { fileAll, put, spoolOf } from "../unit/daemon/filing/spooled.ts";
import { DaemonProcess } from "./daemon-process.ts";

const SYSTEM = join("00-09 System", "00 System management", "00.00 JDex for the system");

/** A daemon's folder in which `count` calls are set aside and one is filed. */
async function withSetAside(count: number): Promise<DaemonProcess> {
  const daemon = await new DaemonProcess('upstreams: { up: "http://127.0.0.1:1" }\n').start();
  await daemon.end();
  const state = join(daemon.folder, ".callnumber");
  const at = {
    root: daemon.folder,
    captures: daemon.captures,
    state,
    spoolDir: join(state, "spool"),
  };
  const spool = spoolOf(at);
  const ids = Array.from({ length: count }, () => put(spool));
  put(spool);
  const reader = new SpoolReader(at.spoolDir, { segment: spool.segment, offset: 0 });
  const run = reader.next()?.run;
  reader.close();
  await fileAll(at, { poison: ids.map((id) => `${run}:${Number(id.slice(-6))}`) });
  await spool.close();
  return daemon;
}

async function health(daemon: DaemonProcess): Promise<{ status: string; reasons: string[] }> {
  return (await fetch(`${daemon.url}/-/health`)).json() as never;
}

const SAID = /2 calls are set aside, not filed \(callnumber retry\)/;

async function readersOf(daemon: DaemonProcess): Promise<string[]> {
  const words = [["ls"], ["stats"]];
  const said = await Promise.all(words.map((argv) => runCommandLine(argv, daemon.folder)));
  return said.map(({ stderr }) => stderr);
}

test("what is set aside is told everywhere until a retry has filed it", {
  timeout: 60_000,
}, async () => {
  const daemon = await withSetAside(2);
  try {
    await daemon.start();
    const began = performance.now();
    while ((await health(daemon)).status === "ok" && performance.now() - began < 5_000);
    assert.ok(performance.now() - began < 2_000, "degraded within two seconds");
    const { reasons } = await health(daemon);
    assert.deepEqual(reasons, ["2 calls are set aside, not in the tree (callnumber retry)"]);
    assert.match(daemon.stderr, /the tree is not complete: 2 calls are set aside/);
    const file = join(daemon.captures, SYSTEM, "unfiled.json");
    await daemon.until(() => existsSync(file), 3_000, "the file in the tree");
    const { at: _, ...told } = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(told, {
      format: "callnumber-unfiled/1",
      writer: null,
      set_aside: 2,
      not_recorded: 0,
      filing: "works",
      recording: "works",
    });
    for (const stderr of await readersOf(daemon)) assert.match(stderr, SAID);
    const lint = await runCommandLine(["jd", "lint"], daemon.folder);
    assert.doesNotMatch(lint.stdout, /unfiled/);

    const retried = await runCommandLine(["retry"], daemon.folder);
    assert.equal(retried.stderr, "2 filed, 0 still set aside\n");
    assert.equal(retried.code, 0);
    assert.equal([...daemon.exchanges()].length, 3);
    await daemon.until(() => !existsSync(file), 3_000, "the file in the tree gone");
    assert.equal((await health(daemon)).status, "ok");
    for (const stderr of await readersOf(daemon)) assert.doesNotMatch(stderr, /not complete/);
    assert.equal(await daemon.end(), 0, daemon.stderr);
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

test("`retry` files without a daemon, and says what is still set aside", {
  timeout: 60_000,
}, async () => {
  const daemon = await withSetAside(2);
  try {
    for (const stderr of await readersOf(daemon)) assert.match(stderr, SAID);
    const broken = join(daemon.folder, ".callnumber", "poison", "broken.seg");
    writeFileSync(broken, "no segment");
    const retried = await runCommandLine(["retry"], daemon.folder);
    assert.equal(retried.code, 1);
    assert.match(retried.stdout, /^broken .*broken\.seg\n$/);
    assert.match(retried.stderr, /2 filed, 1 still set aside/);
    rmSync(broken);
    const file = join(daemon.captures, SYSTEM, "unfiled.json");
    assert.match(readFileSync(file, "utf8"), /"set_aside":1,/);
    assert.equal([...daemon.exchanges()].length, 3);
  } finally {
    daemon.remove();
  }
});

test("the first start of another version files what an older one set aside", {
  timeout: 60_000,
}, async () => {
  const daemon = await withSetAside(2);
  try {
    writeFileSync(join(daemon.folder, ".callnumber", "version"), "0.0.1\n");
    await daemon.start();
    await daemon.until(() => [...daemon.exchanges()].length === 3, 10_000, "all filed");
    assert.equal(await daemon.end(), 0, daemon.stderr);
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});
