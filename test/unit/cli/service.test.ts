/** `callnumber service` into another root: what is written, what stays, what is refused. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runCommandLine } from "./command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-service-"));
after(() => rmSync(folder, { recursive: true }));
const env = { HOME: "/home/ann" };
const at = (name: string) => join(folder, name);
const run = (argv: string[]) => runCommandLine(argv, folder, env);

test("a system installation has units, account, folders and a first configuration", async () => {
  const { code } = await run(["service", "install", "--root", at("a")]);
  assert.equal(code, 0);
  const read = (path: string) => readFileSync(at(`a/etc/${path}`), "utf8");
  assert.match(read("callnumber/callnumber.yaml"), /^captures: \/srv\/callnumber\/captures$/m);
  assert.match(read("systemd/system/callnumber.socket"), /^ListenStream=127\.0\.0\.1:4177$/m);
  assert.match(read("systemd/system/callnumber.service"), /^User=callnumber$/m);
  assert.match(read("sysusers.d/callnumber.conf"), /^u callnumber /m);
  assert.match(read("tmpfiles.d/callnumber.conf"), /^d \/srv\/callnumber\/captures 2750 /m);
});

test("a configuration that is there decides where things are, and stays as it is", async () => {
  const config = at("b/etc/callnumber/callnumber.yaml");
  mkdirSync(at("b/etc/callnumber"), { recursive: true });
  const text = [
    "listen: ['10.0.0.5:80', '[::1]:80']",
    `token: "file:$\{CREDENTIALS_DIRECTORY}/keys_token"`,
    "captures: /data/calls",
    "state: /data/state",
    "drain: 5m",
    "",
  ].join("\n");
  writeFileSync(config, text);
  assert.equal((await run(["service", "install", "--root", at("b")])).code, 0);
  assert.equal(readFileSync(config, "utf8"), text);
  const units = (name: string) => readFileSync(at(`b/etc/systemd/system/${name}`), "utf8");
  assert.match(
    units("callnumber.socket"),
    /ListenStream=10\.0\.0\.5:80\nListenStream=\[::1\]:80\n/,
  );
  const service = units("callnumber.service");
  assert.match(service, /^TimeoutStopSec=330$/m);
  assert.match(service, /^ReadWritePaths=-\/data\/calls\nReadWritePaths=-\/data\/state$/m);
  assert.match(units("callnumber-site.path"), /^PathModified=\/data\/state\/filer\/log\.jsonl$/m);
});

test("uninstall removes what install wrote, but the configuration", async () => {
  await run(["service", "install", "--root", at("c")]);
  const { code, stderr } = await run(["service", "uninstall", "--root", at("c")]);
  assert.equal(code, 0);
  assert.match(stderr, /^kept: \/srv\/callnumber\/captures/);
  assert.ok(!existsSync(at("c/etc/systemd/system/callnumber.service")));
  assert.ok(existsSync(at("c/etc/callnumber/callnumber.yaml")));
});

test("a user's units lie in the user's home and name no account", async () => {
  const { stdout } = await run(["service", "install", "--user", "--print"]);
  assert.match(stdout, /^# \/home\/ann\/\.config\/systemd\/user\/callnumber\.service$/m);
  assert.doesNotMatch(stdout, /^User=|^LoadCredential=/m);
  assert.match(stdout, /^WantedBy=default\.target$/m);
});

test("a wrong configuration is told with its line, and nothing is written", async () => {
  mkdirSync(at("d/etc/callnumber"), { recursive: true });
  writeFileSync(at("d/etc/callnumber/callnumber.yaml"), "listen: nowhere\n");
  const { code, stderr } = await run(["service", "install", "--root", at("d")]);
  assert.equal(code, 78);
  assert.match(stderr, /callnumber\.yaml:1/);
  assert.ok(!existsSync(at("d/etc/systemd")));
});

test("captures in a home are refused for the system, and are right for a user", async () => {
  mkdirSync(at("e/etc/callnumber"), { recursive: true });
  writeFileSync(at("e/etc/callnumber/callnumber.yaml"), "captures: /home/ann/calls\n");
  const { code, stderr } = await run(["service", "install", "--root", at("e")]);
  assert.equal(code, 77);
  assert.match(stderr, /\/home\/ann\/calls lies in a home.*\n.*--user/);
  assert.ok(!existsSync(at("e/etc/systemd")));
});
