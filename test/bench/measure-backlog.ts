/**
 * Very many requests in a row at a fresh daemon: memory afterwards, and how fast the filer works
 * off what has piled up.
 */
import { filedExchanges, health, waitUntilFiled } from "./captured.ts";
import { startCallnumber } from "./contenders.ts";
import { runLoad } from "./load.ts";
import { residentMiB, withChildren } from "./process-cost.ts";
import { requestTemplate, SCENARIOS, type Scenario } from "./scenarios.ts";

export interface BacklogResult {
  readonly requests: number;
  readonly seconds: number;
  /** Exchanges that were not filed yet when the last request was answered. */
  readonly waiting: number;
  readonly filingSeconds: number;
  readonly filed: number;
  readonly lost: number;
  /** MiB of proxy and filer together: after the last request, after filing, and the peaks' sum. */
  readonly residentMiB: { readonly loaded: number; readonly filed: number; readonly peak: number };
}

export async function measureBacklog(
  upstream: number,
  core: number,
  requests: number,
  say: (text: string) => void,
): Promise<BacklogResult> {
  const daemon = await startCallnumber(upstream, core);
  try {
    const { port, base, pid, folder } = daemon;
    const scenario = SCENARIOS.find(({ concurrency }) => concurrency === 64) as Scenario;
    const template = requestTemplate(scenario, `127.0.0.1:${port}`, base);
    const concurrency = 64;
    const load = { port, template, concurrency, requests, seconds: 0, firstNumber: 1 };
    const { seconds } = await runLoad(load);
    const { backlog, spool } = await health(port);
    say(`${requests} requests in ${seconds.toFixed(1)} s, ${backlog.exchanges} not filed yet`);
    const loaded = together(pid).now;
    const filingSeconds = await waitUntilFiled(port);
    say(`filed after ${filingSeconds.toFixed(1)} s more`);
    // It gives memory back when it has had nothing to do for a moment.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const after = together(pid);
    return {
      requests,
      seconds,
      waiting: backlog.exchanges,
      filingSeconds,
      filed: filedExchanges(folder),
      lost: spool.lostExchanges,
      residentMiB: { loaded, filed: after.now, peak: after.peak },
    };
  } finally {
    await daemon.stop();
  }
}

function together(pid: number): { now: number; peak: number } {
  const each = withChildren(pid).map(residentMiB);
  return {
    now: each.reduce((sum, { now }) => sum + now, 0),
    peak: each.reduce((sum, { peak }) => sum + peak, 0),
  };
}
