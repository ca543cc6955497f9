/**
 * A daemon in a process of its own, for tests that measure its memory or kill it: started with the
 * path of a configuration file, it tells its URL over IPC and answers `rss` with its figures.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadConfig } from "../../daemon/config/load.ts";
import { startDaemon } from "../../daemon/daemon.ts";

const file = process.argv[2] as string;
const faults: string[] = [];
process.on("uncaughtException", (error) => faults.push(String(error.stack)));
process.on("unhandledRejection", (error) => faults.push(String(error)));

const config = loadConfig({ file, env: process.env, cwd: dirname(file) });
const daemon = await startDaemon(config, { log: () => {} });
const filer = await daemon.filer;

process.on("message", async (message) => {
  if (message === "rss") {
    const status = readFileSync("/proc/self/status", "utf8");
    const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
    const { rss } = process.memoryUsage();
    process.send?.({ rss, peak, health: daemon.health(), faults });
  }
  if (message === "filed") {
    filer.wake();
    process.send?.({ filed: await filer.drain(120_000) });
  }
  if (message === "close") {
    await daemon.close();
    process.send?.({ closed: true });
    process.disconnect();
  }
});
process.send?.({ url: daemon.urls[0] });
