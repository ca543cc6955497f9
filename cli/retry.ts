/** `callnumber retry`: files calls that were set aside because filing them failed. */
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "../daemon/config/types.ts";
import { acquireLock } from "../daemon/lock.ts";
import { CodedError } from "../record/errors.ts";
import { LIMITS } from "../record/limits.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf, daemonConfigOf } from "./config-of.ts";
import { oneLine } from "./printable.ts";

export const retry: Command = {
  name: "retry",
  summary: "file calls that were set aside because filing them failed",
  options: [
    {
      flags: "--without-bodies",
      summary: "file only headers, sizes and digests, and remove the bodies for good",
    },
    { flags: "--json", summary: "one JSON object a call that is still not filed" },
  ],
  examples: ["callnumber retry", "callnumber retry --without-bodies"],
  run: async (_args, options, io) => {
    const config = await configOf(options, io);
    const { claimSetAside, setAsideCalls } = await import("../daemon/filing/retry-set-aside.ts");
    const claimed = claimSetAside(config.state, options.withoutBodies === true);
    await tryAll(config, options, io);
    const left = setAsideCalls(config.state);
    for (const { id, why, path } of left) {
      const text = `${id}  ${oneLine(why, WHY_CHARS)}  ${path}`;
      io.stdout.write(`${options.json ? JSON.stringify({ id, why, path }) : text}\n`);
    }
    const filed = claimed.filter(({ id }) => !left.some((x) => x.id === id)).length;
    if (claimed.length + left.length === 0) io.stderr.write("no call is set aside\n");
    else io.stderr.write(`${filed} filed, ${left.length} still set aside\n`);
    return left.length > 0 ? 1 : 0;
  },
};

const WHY_CHARS = 200;

/** What the daemon does every second: the tree is not to go on saying what is no longer so. */
async function noteIn({ captures, state, writer }: Config): Promise<void> {
  const { UnfiledWatch } = await import("../daemon/unfiled-watch.ts");
  const observe = () => ({ lostExchanges: 0, filing: null, recording: null });
  const none = () => {};
  await new UnfiledWatch({ captures, state, writer, observe, retry: none, log: none }).stop();
}

/** By the daemon, where one runs; else here. */
async function tryAll(config: Config, options: Options, io: Io): Promise<void> {
  const { hasClaimed, retryClaimed } = await import("../daemon/filing/retry-set-aside.ts");
  const say = (message: string) => io.stderr.write(`${message}\n`);
  const deadline = performance.now() + LIMITS.retryWaitMs;
  while (hasClaimed(config.state) && !io.signal.aborted) {
    const lock = await acquireLock(config.state, config.captures).catch((error: unknown) => {
      if (error instanceof CodedError && error.code === "tree-locked") return null;
      throw error;
    });
    if (lock !== null) {
      const { understand } = await import("../record/dialects/understand.ts");
      const mayGoOn = () => !io.signal.aborted;
      // With the daemon's own secrets, which are redacted like all others.
      await daemonConfigOf(options, io)
        .then((whole) => retryClaimed({ config: whole, understand, say, mayGoOn }))
        .then(() => noteIn(config))
        .finally(() => lock.release());
      return;
    }
    if (performance.now() > deadline) {
      say("the daemon has not tried all of them yet; it goes on");
      return;
    }
    await pause(LIMITS.retryLookMs);
  }
}
