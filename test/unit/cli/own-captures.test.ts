/** Calls and the program's own checkout stay apart, and the samples are there at the first start. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Io } from "../../../cli/command.ts";
import { configOf, daemonConfigOf } from "../../../cli/config-of.ts";
import { bringSamples, checkoutWarning } from "../../../cli/own-captures.ts";
import { copySamples } from "../../samples/sample-tree.ts";

function scene(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "callnumber-own-"));
  t.after(() => rmSync(root, { recursive: true }));
  const checkout = join(root, "checkout");
  mkdirSync(join(checkout, "cli"), { recursive: true });
  writeFileSync(join(checkout, "cli", "launch.mjs"), "");
  copySamples(checkout);
  const said: string[] = [];
  const stderr = { write: (text: string) => said.push(text) > 0 };
  const env: Record<string, string> = { HOME: join(root, "home") };
  const io = { cwd: checkout, env, stderr } as unknown as Io;
  return { root, checkout, io, said, home: join(root, "home") };
}

test("before the first start commands read the samples of the checkout, and start elsewhere", async (t) => {
  const { checkout, io, home } = scene(t);
  assert.equal((await configOf({}, io)).captures, join(checkout, "captures"));
  const { captures } = await daemonConfigOf({}, io);
  assert.equal(captures, join(home, ".local/share/callnumber/captures"));
});

test("the first start brings the samples along, once", async (t) => {
  const { io, said, checkout } = scene(t);
  const config = await daemonConfigOf({}, io);
  bringSamples(config, io);
  assert.deepEqual(readdirSync(config.captures), ["90-99 Samples"]);
  assert.equal((await configOf({}, io)).captures, config.captures);
  assert.deepEqual(readdirSync(join(checkout, "captures")), ["90-99 Samples"]);
  rmSync(join(config.captures, "90-99 Samples"), { recursive: true });
  bringSamples(config, io);
  assert.deepEqual(readdirSync(config.captures), [], "who prunes the samples is rid of them");
  assert.equal(said.length, 1);
});

test("with a configuration, or outside of the checkout, nothing is copied", async (t) => {
  const { root, io } = scene(t);
  const elsewhere = { ...io, cwd: root };
  const config = await daemonConfigOf({}, elsewhere);
  bringSamples(config, elsewhere);
  assert.ok(!existsSync(config.captures));
  writeFileSync(join(root, "mine.yaml"), "captures: ./mine\n");
  const named = await daemonConfigOf({ config: join(root, "mine.yaml") }, io);
  bringSamples(named, io);
  assert.ok(!existsSync(named.captures));
});

test("a configuration that records into the checkout is warned of", async (t) => {
  const { checkout, io } = scene(t);
  assert.equal(checkoutWarning(await daemonConfigOf({}, io)), null);
  writeFileSync(join(checkout, "callnumber.yaml"), "captures: ./captures\n");
  assert.match(checkoutWarning(await daemonConfigOf({}, io)) ?? "", /a checkout of callnumber/);
});

test("what only reads does without secrets of the daemon; the daemon does not", async (t) => {
  const { root, io } = scene(t);
  const file = join(root, "mine.yaml");
  const lines = [
    `token: "file:$\{CREDENTIALS_DIRECTORY}/keys_token"`,
    `upstreams: { a: { url: "https://a.example", ca: /gone.pem, headers: { x-key: "$\{KEY}" } } }`,
  ];
  writeFileSync(file, lines.join("\n"));
  assert.equal((await configOf({ config: file }, io)).captures, join(root, "captures"));
  await assert.rejects(daemonConfigOf({ config: file }, io), { code: "config-invalid" });
  writeFileSync(file, `captures: "$\{NOWHERE}/captures"\n`);
  await assert.rejects(configOf({ config: file }, io), { code: "config-invalid" });
});
