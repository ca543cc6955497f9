/** The unit files: what must stand in them, what must not, and that systemd understands them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { unitFiles } from "../../../../daemon/systemd/units.ts";
import { exposures, installationAt } from "../../../systemd/exposure.ts";

const KINDS = ["system", "dynamic", "user"] as const;

test("a wrong configuration is not tried again, a crash loop is given up, a hang is ended", () => {
  for (const kind of KINDS) {
    const text = unitFiles(installationAt(kind))["callnumber.service"] ?? "";
    for (const line of [
      "Type=notify",
      "Restart=on-failure",
      "RestartPreventExitStatus=78",
      "StartLimitBurst=5",
      "WatchdogSec=30",
      "KillMode=mixed",
      "LimitCORE=0",
      "TimeoutStopSec=90",
    ]) {
      assert.ok(text.includes(`\n${line}\n`), `${kind}: ${line}`);
    }
  }
});

test("what needs no network has none, and nothing in any unit pushes", () => {
  const files = unitFiles(installationAt("system"));
  for (const name of ["callnumber-site.service", "callnumber-commit.service"]) {
    assert.match(files[name] ?? "", /\nPrivateNetwork=yes\n/);
  }
  const commit = files["callnumber-commit.service"] ?? "";
  assert.ok(commit.indexOf("scan --staged") < commit.indexOf("commit --quiet"));
  assert.doesNotMatch(Object.values(files).join(), /\bpush\b/);
});

test("paths with spaces and per cent signs stay one word", () => {
  const at = { ...installationAt("system"), node: "/opt/my node/100%/node" };
  assert.match(
    unitFiles(at)["callnumber.service"] ?? "",
    /\nExecStart="\/opt\/my node\/100%%\/node" /,
  );
});

test("the daemon runs with the bounded heap that its memory was measured with", () => {
  for (const kind of KINDS) {
    const text = unitFiles(installationAt(kind))["callnumber.service"] ?? "";
    assert.match(
      text,
      /\nExecStart=\S+node --max-old-space-size=512 --max-semi-space-size=4 \S+ serve /,
    );
  }
});

test("each kind of unit passes systemd's own check", (t) => {
  const odd = "/srv/my 'calls' \"100%\" $HOME \\ ; 目";
  const places = {
    captures: `${odd}/c`,
    state: `${odd}/s`,
    site: `${odd}/d`,
    config: `${odd}/x.yaml`,
  };
  const usual = installationAt("system");
  const git = { top: odd, captures: `${odd}/c`, folders: [`${odd}/.git`] };
  for (const at of [usual, { ...usual, ...places, git }]) {
    const folder = mkdtempSync(join(tmpdir(), "callnumber-verify-"));
    const files = unitFiles(at);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const paths = Object.keys(files).map((name) => join(folder, name));
    const args = ["verify", "--man=no", ...paths];
    const done = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    if (done.error !== undefined) return t.skip("no systemd-analyze here");
    const ours = done.stderr.split("\n").filter((line) => line.includes("callnumber"));
    assert.deepEqual(ours, []);
  }
});

test("no system unit is more exposed than 1.5", (t) => {
  for (const kind of ["system", "dynamic"] as const) {
    const scores = exposures(kind);
    if (scores === null) return t.skip("no systemd-analyze here");
    for (const [name, score] of Object.entries(scores)) assert.ok(score <= 1.5, `${name} ${score}`);
  }
});
