import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findConfigFile, loadConfig } from "../../../../daemon/config/load.ts";
import { PRESETS } from "../../../../daemon/config/presets.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-config-"));
after(() => rmSync(folder, { recursive: true }));

const env = { HOME: join(folder, "home") };

function load(yaml: string, more: Record<string, string> = {}) {
  const file = join(folder, "callnumber.yaml");
  writeFileSync(file, yaml);
  return loadConfig({ file, env: { ...env, ...more }, cwd: folder });
}

/** The problems of a wrong file, without its path. */
function problems(yaml: string, more: Record<string, string> = {}): string[] {
  try {
    load(yaml, more);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, "config-invalid");
    return message.split("\n").map((line) => line.replace(`${folder}/callnumber.yaml:`, ""));
  }
  return [];
}

test("no file at all is a working configuration", () => {
  const cwd = join(folder, "empty");
  mkdirSync(cwd);
  const config = loadConfig({ env, cwd });
  assert.equal(config.path, null);
  assert.deepEqual(config.listen, [{ host: "127.0.0.1", port: 4177 }]);
  assert.equal(config.captures, join(env.HOME, ".local/share/callnumber/captures"));
  assert.equal(config.state, join(env.HOME, ".local/state/callnumber"));
  assert.deepEqual(Object.keys(config.upstreams), Object.keys(PRESETS));
  assert.equal(config.drainMs, 60_000);
  assert.ok(Object.isFrozen(config.upstreams.openai?.url));
});

test("every field of the documented example is read", () => {
  const config = load(
    `listen: [127.0.0.1:4177, "[::1]:4178"]
captures: ./c
state: /tmp/s
writer: nas
durability: strict
hosts: [NAS.lan]
token: \${T}
upstreams:
  vllm: http://127.0.0.1:8000
  work:
    url: https://llm.example.com/api/
    headers: { Authorization: "Bearer \${WORK_KEY}" }
    http2: on
    timeouts: { connect: 10s, headers: off, body: 5m }
    allow_private: true
default_upstream: work
tree:
  10-19 Coding agents:
    11 Cline:
      11.11 OpenRouter: { client: cline, upstream: openrouter }
    12 Claude Code: { client: claude-code }
autofile: off
redact: { rules: [{ name: badge, pattern: "EMP-[0-9]{6}" }], headers: [X-Internal-Auth], pii: on }
limits: { body: 1MiB, spool: 2GiB, in_flight: 7, decode: 100kB }
drain: 5s
site: { title: "My calls", languages: [en, zh-Hant], timezone: Asia/Taipei, out: ./site }
`,
    { T: "secret-token", WORK_KEY: "k" },
  );
  assert.deepEqual(config.listen[1], { host: "::1", port: 4178 });
  assert.equal(config.captures, join(folder, "c"));
  assert.equal(config.token, "secret-token");
  assert.deepEqual(config.hosts, ["nas.lan"]);
  const { vllm, work } = config.upstreams;
  assert.deepEqual(vllm?.url, {
    protocol: "http:",
    hostname: "127.0.0.1",
    port: 8000,
    basePath: "",
  });
  assert.equal(vllm?.preset, false);
  assert.deepEqual(work?.url, {
    protocol: "https:",
    hostname: "llm.example.com",
    port: 443,
    basePath: "/api",
  });
  assert.deepEqual(work?.headers, { authorization: "Bearer k" });
  assert.deepEqual(work?.timeouts, { connectMs: 10_000, headersMs: 0, bodyMs: 300_000 });
  assert.deepEqual([work?.http2, work?.allowPrivate], [true, true]);
  const [area] = config.tree.areas;
  assert.equal(area?.number, "10-19");
  assert.deepEqual(area?.categories[0]?.ids[0], {
    number: "11.11",
    title: "OpenRouter",
    rule: { client: "cline", upstream: "openrouter" },
  });
  assert.deepEqual(area?.categories[1]?.rule, { client: "claude-code" });
  assert.equal(config.autofile, false);
  assert.deepEqual(config.limits, {
    bodyBytes: 1048576,
    spoolBytes: 2147483648,
    inFlightCount: 7,
    decodeBytes: 100_000,
  });
  assert.deepEqual(config.redact.headers, ["x-internal-auth"]);
});

test("every problem is listed at once, with its line and what was meant", () => {
  const found = problems(`listen: 4177
captures: ./c
upstrems: { a: http://x }
upstreams:
  one: ftp://x
  two: { url: "http://x", timeout: {} }
  three: { url: "http://x", timeouts: { conect: 1s } }
limits: { body: 256, spol: 1GiB }
drain: 60
default_upstream: opnai
`);
  assert.match(found.join("\n"), /^1: listen: /m);
  assert.match(found.join("\n"), /^3: unknown key upstrems; did you mean upstreams\?$/m);
  assert.match(
    found.join("\n"),
    /^6: unknown key upstreams\.two\.timeout; did you mean timeouts\?$/m,
  );
  assert.match(
    found.join("\n"),
    /^7: unknown key upstreams\.three\.timeouts\.conect; did you mean connect\?$/m,
  );
  assert.match(found.join("\n"), /^8: limits\.body: expected a size/m);
  assert.match(found.join("\n"), /^8: unknown key limits\.spol; did you mean spool\?$/m);
  assert.match(found.join("\n"), /^9: drain: expected a duration/m);
  assert.equal(found.length, 7);
});

test("what only shows together is listed too", () => {
  const found = problems(`state: ./captures/state
default_upstream: opnai
upstreams:
  a: ftp://x
  b: { url: "http://u:p@x" }
  c: { url: "http://x", headers: { Host: y } }
  d: { url: "http://x", ca: ./missing.pem }
redact: { rules: [{ name: x, pattern: "(" }] }
site: { timezone: Mars/Base }
tree:
  10-19 A:
    21 Wrong area: {}
    11 Good:
      11.11 X: { cliennt: a }
      11.11 Y: {}
`).join("\n");
  for (const pattern of [
    /^1: the state folder must not lie inside captures$/m,
    /^2: "opnai" is no upstream; did you mean openai\?$/m,
    /^4: "ftp:\/\/x" is no URL/m,
    /^5: "http:\/\/u:p@x" is no URL/m,
    /^6: host cannot be set here$/m,
    /^7: \.\/missing\.pem cannot be read/m,
    /^8: .*[Rr]egular expression/m,
    /^9: "Mars\/Base" is no time zone$/m,
    /^12: "21 Wrong area" is no category of this area/m,
    /^14: a rule knows client, upstream, model, path and header, not "cliennt"$/m,
    /^15: 11\.11 stands here a second time$/m,
  ]) {
    assert.match(found, pattern);
  }
});

test("broken YAML and duplicate keys are named by line", () => {
  assert.match(problems("writer: a\nwriter: b\n")[0] ?? "", /^2: .*unique/);
  assert.match(problems("a: [1\nb: 2\n").join("\n"), /^\d: /);
});

test("a missing environment variable or file is a problem, its name in the message", () => {
  assert.deepEqual(problems(`token: \${NO_SUCH}\n`), ["1: the environment has no NO_SUCH"]);
  assert.match(problems("token: 'file: ./none'\n")[0] ?? "", /^1: file \.\/none cannot be read/);
});

test("file: reads a value without its last line end", () => {
  writeFileSync(join(folder, "tok"), "from-file\n");
  assert.equal(load("token: 'file: ./tok'\n").token, "from-file");
});

test("the name after file: may hold variables, such as systemd's folder of credentials", () => {
  writeFileSync(join(folder, "tok"), "from-file\n");
  const config = load(`token: "file:\${CREDS}/tok"\n`, { CREDS: folder });
  assert.equal(config.token, "from-file");
  assert.match(
    problems(`token: "file:\${NO_SUCH}/tok"\n`)[0] ?? "",
    /^1: the environment has no NO_SUCH/,
  );
});

test("files are looked for in the documented order", () => {
  const cwd = join(folder, "order");
  const conf = join(folder, "conf");
  const user = join(env.HOME, ".config", "callnumber");
  for (const path of [cwd, conf, user]) mkdirSync(path, { recursive: true });
  const find = (more: Record<string, string> = {}, file?: string) =>
    findConfigFile({ env: { ...env, CONFIGURATION_DIRECTORY: conf, ...more }, cwd, file });
  assert.equal(find(), null);
  for (const path of [user, conf, cwd]) {
    writeFileSync(join(path, "callnumber.yaml"), "");
    assert.equal(find(), join(path, "callnumber.yaml"));
  }
  assert.equal(find({ CALLNUMBER_CONFIG: "named.yaml" }), join(cwd, "named.yaml"));
  assert.equal(find({ CALLNUMBER_CONFIG: "named.yaml" }, "flag.yaml"), join(cwd, "flag.yaml"));
});

test("a named file that does not exist is an error, not the default", () => {
  const named = () => loadConfig({ file: "absent.yaml", env, cwd: folder });
  assert.throws(named, { code: "config-unreadable" });
});
