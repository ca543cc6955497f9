/** sd_notify through the helper shell, with a `systemd-notify` that writes down what it was told. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openNotifier } from "../../../../daemon/systemd/notify.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-notify-"));
after(() => rmSync(folder, { recursive: true }));
const told = join(folder, "told");
writeFileSync(
  join(folder, "systemd-notify"),
  `#!/bin/sh\nfor word; do printf '<%s>' "$word" >> ${told}; done\necho " $NOTIFY_SOCKET" >> ${told}\n`,
);
chmodSync(join(folder, "systemd-notify"), 0o755);
const env = { NOTIFY_SOCKET: "/run/test/notify", PATH: `${folder}:/usr/bin:/bin` };

test("without a socket to notify nothing is started", () => {
  assert.equal(openNotifier({}), null);
  assert.equal(openNotifier({ NOTIFY_SOCKET: "" }), null);
});

test("words arrive in order, each assignment whole, whatever it holds", async () => {
  writeFileSync(told, "");
  const notifier = openNotifier(env);
  notifier?.send("READY=1", "STATUS=two words, a * and $HOME `id` \\n 'q'");
  notifier?.send("STATUS=line\nbreak");
  notifier?.send("WATCHDOG=1");
  await notifier?.close();
  assert.deepEqual(readFileSync(told, "utf8").trim().split("\n"), [
    "<READY=1><STATUS=two words, a * and $HOME `id` \\n 'q'> /run/test/notify",
    "<STATUS=line break> /run/test/notify",
    "<WATCHDOG=1> /run/test/notify",
  ]);
});

test("a helper that is gone is started again at the next word", async () => {
  writeFileSync(told, "");
  const notifier = openNotifier(env);
  notifier?.send("STATUS=before");
  await notifier?.close();
  notifier?.send("STATUS=after");
  await notifier?.close();
  assert.match(readFileSync(told, "utf8"), /before[\s\S]*after/);
});
