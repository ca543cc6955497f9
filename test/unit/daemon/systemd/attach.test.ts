/** What a daemon tells systemd over its life, by a `systemd-notify` that writes it down. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { attachToSystemd } from "../../../../daemon/systemd/attach.ts";

test("ready, reload and end are told in order, with what systemd needs to know", async () => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-attach-"));
  const told = join(folder, "told");
  writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\necho "$@" >> ${told}\n`);
  chmodSync(join(folder, "systemd-notify"), 0o755);
  const daemon = {
    urls: ["http://127.0.0.1:4177"],
    health: () => ({ reasons: ["recording fails: ENOSPC"], inFlight: 1 }),
  };
  const env = { NOTIFY_SOCKET: "/x", PATH: `${folder}:/usr/bin:/bin` };
  const link = attachToSystemd(daemon, env, () => {});
  link.reloading().done();
  link.stopping(60_000);
  await link.close();
  const lines = readFileSync(told, "utf8").trim().split("\n");
  assert.equal(lines[0], "READY=1 STATUS=degraded: recording fails: ENOSPC");
  assert.match(lines[1] ?? "", /^RELOADING=1 MONOTONIC_USEC=\d+$/);
  assert.match(lines[2] ?? "", /^READY=1 /);
  assert.equal(
    lines[3],
    "STOPPING=1 STATUS=ending: 1 exchange in flight EXTEND_TIMEOUT_USEC=90000000",
  );
  rmSync(folder, { recursive: true });
});

test("outside of systemd nothing is said and nothing is started", async () => {
  const daemon = {
    urls: [],
    health: () => assert.fail("nobody asked"),
  };
  const link = attachToSystemd(daemon, {}, () => {});
  link.reloading().done();
  link.stopping(1);
  await link.close();
});
