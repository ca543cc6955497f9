/** When the watchdog gives a sign of life, and when it keeps silent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startWatchdog, watchdogTimeout } from "../../../../daemon/systemd/watchdog.ts";

/** Collects what a watchdog with a 30 ms timeout does until `enough` holds. */
async function watched(urls: readonly string[], served: boolean, enough: (n: Seen) => boolean) {
  const seen: Seen = { alive: 0, asked: [], faults: 0 };
  await new Promise<void>((done) => {
    const look = () => enough(seen) && done();
    const stop = startWatchdog({
      timeoutMs: 30,
      urls: () => urls,
      isServed: async (url) => {
        seen.asked.push(url);
        return served;
      },
      alive: () => {
        seen.alive += 1;
        look();
      },
      log: () => {
        seen.faults += 1;
        look();
      },
    });
    void Promise.resolve().then(async () => {
      while (!enough(seen)) await new Promise((tick) => setTimeout(tick, 5));
      stop();
    });
  });
  return seen;
}
interface Seen {
  alive: number;
  asked: string[];
  faults: number;
}

test("what systemd asks is taken in milliseconds, and only where it means this process", () => {
  assert.equal(watchdogTimeout({ WATCHDOG_USEC: "30000000" }, 5), 30_000);
  assert.equal(watchdogTimeout({ WATCHDOG_USEC: "1000", WATCHDOG_PID: "5" }, 5), 1);
  assert.equal(watchdogTimeout({ WATCHDOG_USEC: "1000", WATCHDOG_PID: "6" }, 5), null);
  for (const usec of [undefined, "", "0", "-3", "soon"]) {
    assert.equal(watchdogTimeout({ WATCHDOG_USEC: usec }, 5), null);
  }
});

test("signs of life come as long as every socket is served", async () => {
  const seen = await watched(["http://a", "http://b"], true, ({ alive }) => alive >= 4);
  assert.equal(seen.faults, 0);
  assert.deepEqual([...new Set(seen.asked)], ["http://a", "http://b"]);
});

test("a socket that is not served ends the signs of life after the first", async () => {
  const seen = await watched(["http://a"], false, ({ faults }) => faults >= 3);
  assert.equal(seen.alive, 1);
});

test("with no socket left, at the end, the loop alone is the sign", async () => {
  const seen = await watched([], false, ({ alive }) => alive >= 4);
  assert.equal(seen.faults, 0);
});
