/**
 * Folders that cannot be written to: said at the start with the key and exit code 78, and later in
 * the log and in health within two seconds, also where no call comes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { folderFault } from "../../daemon/folders.ts";
import { DaemonProcess } from "./daemon-process.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "callnumber-folders-"));
after(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, "file"), "");
symlinkSync(join(root, "nowhere"), join(root, "dangling"));
symlinkSync(join(root, "loop"), join(root, "loop"));

const UNUSABLE: readonly (readonly [folder: string, why: RegExp])[] = [
  ["/proc/nope", /not there and cannot be made \(ENOENT\)/],
  [join(root, "file"), /no folder is in its place \((EEXIST|ENOTDIR)\)/],
  [join(root, "file", "below"), /no folder is in its place \(ENOTDIR\)/],
  [join(root, "dangling"), /a link to what is not there/],
  [join(root, "loop"), /links in its path lead round in a circle \(ELOOP\)/],
];

for (const key of ["captures", "state"] as const) {
  test(`a \`${key}\` folder that cannot be written ends the start with its key and exit code 78`, () => {
    for (const [folder, why] of UNUSABLE) {
      const config = join(root, `${key}.yaml`);
      const other = key === "captures" ? "state" : "captures";
      const lines = ["listen: 127.0.0.1:0", `${key}: ${folder}`, `${other}: ${join(root, other)}`];
      writeFileSync(config, `${lines.join("\n")}\nupstreams: { up: "http://127.0.0.1:1" }\n`);
      const words = [MAIN, "serve", "--config", config];
      const { status, stderr } = spawnSync(process.execPath, words, {
        encoding: "utf8",
        timeout: 20_000,
        killSignal: "SIGKILL",
      });
      assert.equal(status, 78, `${folder}: ${stderr}`);
      assert.ok(stderr.includes(`\`${key}\` is ${folder}, which cannot be written`), stderr);
      assert.match(stderr, why);
    }
  });
}

test("a folder of a running daemon is seen to be unusable, or to be made anew", async () => {
  for (const [folder, why] of UNUSABLE.filter(([folder]) => folder !== "/proc/nope")) {
    assert.match((await folderFault(folder)) ?? "", why);
  }
  assert.equal(await folderFault(root), null);
  assert.equal(await folderFault(join(root, "new", "deeper")), null);
});

for (const key of ["captures", "state"] as const) {
  test(`\`${key}\` becoming unusable later degrades the health within two seconds, until it is back`, {
    timeout: 60_000,
  }, async () => {
    const daemon = await new DaemonProcess('upstreams: { up: "http://127.0.0.1:1" }\n').start();
    const folder = key === "captures" ? daemon.captures : join(daemon.folder, ".callnumber");
    const health = async () => (await fetch(`${daemon.url}/-/health`)).json() as never;
    const within2s = async (wanted: string, reason = /^/) => {
      const began = performance.now();
      let seen: { status: string; reasons: string[] };
      do {
        seen = await health();
      } while (
        (seen.status !== wanted || !reason.test(seen.reasons.join("\n"))) &&
        performance.now() - began < 5_000
      );
      assert.equal(seen.status, wanted, seen.reasons.join());
      assert.match(seen.reasons.join("\n"), reason);
      assert.ok(performance.now() - began < 2_000, `${wanted} after 2 s`);
    };
    try {
      await within2s("ok");
      mkdirSync(folder, { recursive: true });
      renameSync(folder, `${folder}.away`);
      writeFileSync(folder, "in the way");
      await within2s("degraded", new RegExp(`\`${key}\` cannot be written: .*no folder`));
      const what = key === "captures" ? "filing" : "recording";
      await daemon.until(
        // Without a state folder the filer may fail first, and is named first then.
        () =>
          new RegExp(`not complete: .*${what} fails \\(something that is no`).test(daemon.stderr),
        2_000,
        "the line in the log",
      );
      rmSync(folder);
      renameSync(`${folder}.away`, folder);
      await within2s("ok");
    } finally {
      await daemon.end("SIGKILL");
      daemon.remove();
    }
  });
}
