/**
 * The site as a function: captures in, pages out. The work is done in a child process that keeps
 * Astro loaded, so the process that asks (the daemon, with `up`) stays small and answers its clients.
 *
 *   const report = await buildSite({ captures, out, state, title, languages, timezone });
 *   const site = startSiteBuilder(options);  await site.build();  await site.close();
 *
 * What always holds: at most one build runs at a time per builder; a builder process that dies
 * fails the build at hand and is started anew for the next.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError, type ErrorCode } from "../record/errors.ts";
import { LIMITS } from "../record/limits.ts";
import type { Progress, Report, SiteOptions } from "./build/options.ts";

export type { Progress, Report, SiteOptions } from "./build/options.ts";

/** What the builder process answers. */
export type Answer =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly report: Report }
  | { readonly kind: "failed"; readonly code: ErrorCode | null; readonly message: string };

/** What it is asked. */
export type Question =
  | { readonly kind: "build"; readonly options: SiteOptions }
  | { readonly kind: "warm-up"; readonly state: string };

export interface SiteBuilder {
  /**
   * Builds what is dirty. Throws CodedError (astro-missing, site-secret-found), or an Error with
   * the builder's message.
   */
  build(more?: { all?: boolean; onProgress?: (progress: Progress) => void }): Promise<Report>;
  /** Ends the builder process; a build at hand fails. */
  close(): Promise<void>;
}

/** One build in a process of its own. Errors as of SiteBuilder.build. */
export async function buildSite(
  options: SiteOptions & { readonly onProgress?: (progress: Progress) => void },
): Promise<Report> {
  const { onProgress, ...plain } = options;
  const builder = startSiteBuilder(plain, { warm: false });
  try {
    return await builder.build(onProgress ? { onProgress } : {});
  } finally {
    await builder.close();
  }
}

/** A builder that stays: the first build takes Astro's two seconds of start, the next do not. */
export function startSiteBuilder(options: SiteOptions, { warm = true } = {}): SiteBuilder {
  let child: ChildProcess | null = warm ? start(options) : null;
  if (warm) ask(child!, { kind: "warm-up", state: options.state });
  let last: Promise<unknown> = Promise.resolve();

  return {
    build(more = {}) {
      const next = last.then(() => buildOnce(more.all === true, more.onProgress));
      last = next.catch(() => {});
      return next;
    },
    async close() {
      const closing = child;
      child = null;
      if (closing) await end(closing);
    },
  };

  async function buildOnce(
    all: boolean,
    onProgress?: (progress: Progress) => void,
  ): Promise<Report> {
    child ??= start(options);
    const current = child;
    try {
      const report = await answerOf(
        current,
        { ...options, all: all || options.all === true },
        onProgress,
      );
      if (report.rss_bytes_max > LIMITS.siteBuilderBytes && child === current) {
        child = null;
        await end(current);
      }
      return report;
    } catch (error) {
      if (current.exitCode !== null || current.signalCode !== null) child = null;
      throw error;
    }
  }
}

function start({ state }: SiteOptions): ChildProcess {
  const file = import.meta.url.endsWith(".ts") ? "./builder-process.ts" : "./builder-process.js";
  return fork(fileURLToPath(new URL(file, import.meta.url)), {
    // Each thread loads the same modules; compiled once, they are there in half the time.
    env: { NODE_COMPILE_CACHE: join(state, "site", "compiled"), ...process.env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [
      `--max-old-space-size=${LIMITS.siteHeapMiB}`,
      // Resident memory would otherwise be mostly garbage that is not collected yet.
      `--max-semi-space-size=${LIMITS.siteYoungMiB}`,
    ],
  });
}

function ask(child: ChildProcess, question: Question): void {
  child.send(question);
}

function answerOf(
  child: ChildProcess,
  options: SiteOptions,
  onProgress?: (progress: Progress) => void,
): Promise<Report> {
  return new Promise((resolve, reject) => {
    const done = () => {
      child.off("message", onMessage);
      child.off("exit", onExit);
    };
    const onMessage = (message: unknown) => {
      const answer = message as Answer;
      if (answer.kind === "progress") {
        onProgress?.(answer.progress);
        return;
      }
      done();
      if (answer.kind === "done") resolve(answer.report);
      else
        reject(
          answer.code ? new CodedError(answer.code, answer.message) : new Error(answer.message),
        );
    };
    const onExit = (code: number | null, signal: string | null) => {
      done();
      reject(new Error(`the site's builder process ended early (${signal ?? code})`));
    };
    child.on("message", onMessage);
    child.on("exit", onExit);
    ask(child, { kind: "build", options });
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("exit", () => resolve());
    child.kill();
  });
}
