/** Where calls go when nothing says where: never into a project, never into the program's checkout. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { toolCheckoutAround } from "../../../../daemon/config/homes.ts";
import { loadConfig } from "../../../../daemon/config/load.ts";

function scene(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "callnumber-homes-"));
  t.after(() => rmSync(root, { recursive: true }));
  const [home, cwd] = [join(root, "home"), join(root, "project")];
  mkdirSync(cwd, { recursive: true });
  const load = (env: Record<string, string> = {}, file?: string) => {
    const { captures, state, site } = loadConfig({ env: { HOME: home, ...env }, cwd, file });
    return { captures, state, site: site.out };
  };
  return { home, cwd, load };
}

const checkoutIn = (cwd: string) => {
  mkdirSync(join(cwd, "cli"), { recursive: true });
  writeFileSync(join(cwd, "cli", "launch.mjs"), "");
};

test("without a configuration calls go to the home folders of the XDG specification", (t) => {
  const { home, load } = scene(t);
  const data = join(home, ".local/share/callnumber");
  assert.deepEqual(load(), {
    captures: join(data, "captures"),
    state: join(home, ".local/state/callnumber"),
    site: join(data, "site"),
  });
  const env = { XDG_DATA_HOME: "/data", XDG_STATE_HOME: "/state" };
  assert.deepEqual(load(env), {
    captures: "/data/callnumber/captures",
    state: "/state/callnumber",
    site: "/data/callnumber/site",
  });
  assert.equal(load({ STATE_DIRECTORY: "/var/lib/x:/var/lib/y" }).state, "/var/lib/x");
});

test("a folder that has captures keeps them", (t) => {
  const { cwd, load } = scene(t);
  mkdirSync(join(cwd, "captures"));
  const expected = { captures: "captures", state: ".callnumber", site: "dist" };
  for (const [name, path] of Object.entries(expected)) {
    assert.equal(load()[name as "site"], join(cwd, path));
  }
});

test("a checkout of the program is no such folder, although it has samples in captures/", (t) => {
  const { home, cwd, load } = scene(t);
  mkdirSync(join(cwd, "captures"));
  checkoutIn(cwd);
  for (const path of Object.values(load())) assert.ok(path.startsWith(home), path);
});

test("folders are relative to the file, and the state of a file in /etc is in /var/lib", (t) => {
  const { cwd, load } = scene(t);
  mkdirSync(join(cwd, "sub"));
  writeFileSync(join(cwd, "sub/calls.yaml"), "captures: ./c\n");
  assert.deepEqual(load({}, "sub/calls.yaml"), {
    captures: join(cwd, "sub/c"),
    state: join(cwd, "sub/.callnumber"),
    site: join(cwd, "sub/dist"),
  });
});

test("captures count as the checkout's only where its git would commit them", (t) => {
  const { cwd } = scene(t);
  const captures = join(cwd, "mine", "captures");
  mkdirSync(captures, { recursive: true });
  assert.equal(toolCheckoutAround(captures), null);
  checkoutIn(cwd);
  assert.equal(toolCheckoutAround(captures), cwd);
  mkdirSync(join(cwd, "mine", ".git"));
  assert.equal(toolCheckoutAround(captures), null);
});

test("a path with .. or a slash at its end is the same folder", (t) => {
  const { cwd, load } = scene(t);
  writeFileSync(join(cwd, "calls.yaml"), "captures: /srv/a/../b/\nstate: ../s/\n");
  const { captures, state } = load({}, "calls.yaml");
  assert.equal(captures, "/srv/b");
  assert.equal(state, join(cwd, "..", "s"));
});
