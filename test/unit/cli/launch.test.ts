/** The first start on a machine without network says what it waits for, and what is missing. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "../record/sample-capture.ts";

const LAUNCH = fileURLToPath(new URL("../../../cli/launch.mjs", import.meta.url));
/** Makes this Node an old one, as far as the launcher looks. */
const OLD = `--import data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.0.0'}})",
)}`;

test("a fetch that gets no answer says after five seconds what it waits for", async (t) => {
  const home = scratchFolder(t);
  const npm = join(home, "npm");
  writeFileSync(npm, "#!/bin/sh\nexec sleep 60\n");
  chmodSync(npm, 0o755);
  const env = {
    PATH: `${home}:${process.env.PATH}`,
    HOME: home,
    XDG_CACHE_HOME: join(home, "cache"),
    npm_config_registry: "https://me:secret@packages.example/npm/",
    NODE_OPTIONS: OLD,
  };
  const began = performance.now();
  const child = spawn(process.execPath, [LAUNCH, "--help"], { env, detached: true });
  t.after(() => {
    // The npm that waits, too.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  let said = "";
  while (!/waiting for/.test(said)) {
    const [chunk] = (await once(child.stderr, "data")) as [Buffer];
    said += chunk.toString();
  }
  const seconds = (performance.now() - began) / 1000;
  assert.match(said, /for 5 s waiting for packages\.example to send node/);
  assert.doesNotMatch(said, /secret/);
  assert.ok(seconds > 4.5 && seconds < 15, `after ${seconds} s`);
});

test("a checkout whose packages were never installed says so, with what to do", (t) => {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, "cli"));
  cpSync(LAUNCH, join(folder, "cli", "launch.mjs"));
  const { status, stderr } = spawnSync(process.execPath, [join(folder, "cli", "launch.mjs"), "up"]);
  assert.equal(status, 69);
  assert.match(stderr.toString(), /has no node_modules yet: run `npm ci` there first/);
});
