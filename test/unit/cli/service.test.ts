/** `callnumber service` into another root: what is written, what stays, what is refused. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gitPlace } from "../../../cli/service-scope.ts";
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
  assert.match(stderr, /^kept: .*\/srv\/callnumber\/captures/);
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
  assert.match(stderr, /\/home\/ann\/calls is in a home.*\n.*--user/);
  assert.ok(!existsSync(at("e/etc/systemd")));
});

test("a configuration outside of the default place: all paths absolute, relative to that file", async () => {
  const calls = at("f/srv/my calls 100%");
  mkdirSync(calls, { recursive: true });
  writeFileSync(join(calls, "mine.yaml"), "captures: ./c\nsite: { out: pages }\n");
  // Named relative to the folder in which it is called; `--root` is not part of what is written.
  const args = ["service", "install", "--root", at("f"), "--config", "mine.yaml"];
  const { code, stderr } = await runCommandLine(args, calls, env);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^configuration: \/srv\/my calls 100%\/mine\.yaml$/m);
  const read = (path: string) => readFileSync(at(`f/etc/${path}`), "utf8");
  const units = (name: string) => read(`systemd/system/callnumber${name}`);
  const base = "/srv/my calls 100%%";
  assert.ok(units(".service").includes(` serve --config "${base}/mine.yaml"\n`));
  assert.deepEqual(writable(units(".service")), [`${base}/c`, `${base}/.callnumber`]);
  assert.deepEqual(writable(units("-site.service")), [`${base}/pages`, `${base}/.callnumber`]);
  assert.deepEqual(writable(units("-commit.service")), [base, `${base}/.callnumber`]);
  assert.ok(units("-commit.service").includes(`\nWorkingDirectory=${base}\n`));
  assert.ok(units("-commit.service").includes(`git add -- "${base}/c"\n`));
  assert.ok(units("-site.path").includes(`=${base}/.callnumber/filer/log.jsonl\n`));
  assert.doesNotMatch(units(".service"), /^StateDirectory=/m);
  const made = read("tmpfiles.d/callnumber.conf");
  assert.ok(made.includes(`d "${base}/c" 2750 callnumber callnumber\n`));
  assert.ok(made.includes(`d "${base}/.callnumber" 0700 callnumber callnumber\n`));
  assert.ok(!made.includes(`d "${base}" `), "the folder around it stays its owner's");
});

function writable(unit: string): string[] {
  return Array.from(unit.matchAll(/^ReadWritePaths="?-(.*?)"?$/gm), ([, path]) => path!);
}

test("a callnumber.yaml in the current folder counts, and is named", async () => {
  const here = at("g");
  mkdirSync(here);
  writeFileSync(join(here, "callnumber.yaml"), "listen: 127.0.0.1:5177\n");
  const args = ["service", "install", "--user", "--print"];
  const { stdout, stderr } = await runCommandLine(args, here, { HOME: at("g/home") });
  assert.equal(stderr, `configuration: ${here}/callnumber.yaml\n`);
  assert.match(stdout, /^ListenStream=127\.0\.0\.1:5177$/m);
  assert.ok(stdout.includes(` serve --config ${here}/callnumber.yaml\n`));
});

test("installed again without a name it keeps its configuration; two that could count are refused", async () => {
  const home = at("h");
  const own = { HOME: home };
  const [first, second] = [join(home, "one"), join(home, "two")];
  for (const folder of [first, second]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "callnumber.yaml"), "captures: ./c\n");
  }
  const install = ["service", "install", "--user", "--no-start"];
  const config = join(first, "callnumber.yaml");
  assert.equal((await runCommandLine([...install, "-c", config], home, own)).code, 0);
  const again = await runCommandLine(install, home, own);
  assert.match(again.stderr, new RegExp(`^configuration: ${config}$`, "m"));
  assert.equal(again.stdout, "", "nothing changed, so nothing is written");
  const other = await runCommandLine(install, second, own);
  assert.equal(other.code, 77);
  assert.match(other.stderr, /one\/callnumber\.yaml, and this folder has/);
  rmSync(config);
  assert.match((await runCommandLine(install, home, own)).stderr, /which is gone: name another/);
  const gone = await runCommandLine(["service", "uninstall", "--user", "--root", "/"], home, own);
  assert.equal(gone.code, 0, gone.stderr);
  assert.match(
    gone.stderr,
    new RegExp(`^kept: ${config}, ${first}/c, ${first}/\\.callnumber`, "m"),
  );
  assert.ok(!existsSync(join(home, ".config/systemd/user/callnumber.service")));
});

test("a named configuration that is not there is an error, not a first one", async () => {
  const { code, stderr } = await run([
    "service",
    "install",
    "--user",
    "--print",
    "-c",
    "typo.yaml",
  ]);
  assert.equal(code, 78);
  assert.match(stderr, /typo\.yaml: no such file/);
});

test("what a system service cannot reach is refused before anything is written", async () => {
  const cases = {
    "captures: /tmp/calls\n": /\/tmp\/calls is in a home or a temporary folder/,
    "state: /root/state\n": /\/root\/state is in a home/,
    "site: { out: /var/tmp/site }\n": /\/var\/tmp\/site is in a home/,
    "listen: calls.example.org:80\ntoken: 0123456789abcdef0123456789abcdef\n": /needs an address/,
    'captures: "/srv/a\\nb"\n': /a unit cannot name the path/,
  };
  for (const [text, message] of Object.entries(cases)) {
    const root = mkdtempSync(join(folder, "i-"));
    mkdirSync(join(root, "etc/callnumber"), { recursive: true });
    writeFileSync(join(root, "etc/callnumber/callnumber.yaml"), text);
    const { code, stderr } = await run(["service", "install", "--root", root]);
    assert.equal(code, 77, text + stderr);
    assert.match(stderr, message);
    assert.ok(!existsSync(join(root, "etc/systemd")));
  }
  const homely = mkdtempSync(join(folder, "i-"));
  mkdirSync(join(homely, "home/ann"), { recursive: true });
  writeFileSync(join(homely, "home/ann/mine.yaml"), "captures: /srv/c\n");
  const args = ["service", "install", "--root", homely, "-c", "/home/ann/mine.yaml"];
  const { stderr } = await run(args);
  assert.match(stderr, /\/home\/ann\/mine\.yaml is in a home/);
});

test("variables and keys that the service will not have by itself are named", async () => {
  const root = at("j");
  mkdirSync(join(root, "etc/callnumber"), { recursive: true });
  const text = [
    `token: "file:$\{CREDENTIALS_DIRECTORY}/keys_token"`,
    "listen: 0.0.0.0:4177",
    `upstreams: { work: { url: "https://llm.example.com", headers: { x-key: "$\{WORK_KEY}" } } }`,
  ];
  writeFileSync(join(root, "etc/callnumber/callnumber.yaml"), `${text.join("\n")}\n`);
  const { code, stderr } = await run(["service", "install", "--root", root]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /note: \/etc\/callnumber\/credentials\/token is not there yet/);
  assert.match(stderr, /note: .* reads \$WORK_KEY, which a service does not have by itself/);
});

test("the repository of captures is found through links, and what its git writes elsewhere", (t) => {
  const root = realpathSync(mkdtempSync(join(folder, "k-")));
  const git = (cwd: string, ...args: string[]) => {
    const done = spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd });
    if (done.error) t.skip("no git");
  };
  mkdirSync(join(root, "repo"));
  git(join(root, "repo"), "init", "-q");
  git(join(root, "repo"), "commit", "-q", "--allow-empty", "-m", "first");
  git(join(root, "repo"), "worktree", "add", "-q", "../linked");
  symlinkSync(join(root, "linked"), join(root, "link"));
  assert.deepEqual(gitPlace(join(root, "link", "deep", "captures")), {
    top: join(root, "linked"),
    captures: join(root, "linked/deep/captures"),
    folders: [join(root, "repo/.git/worktrees/linked"), join(root, "repo/.git")],
  });
  assert.deepEqual(gitPlace(join(root, "none/captures")), {
    top: join(root, "none"),
    captures: join(root, "none/captures"),
    folders: [],
  });
});
