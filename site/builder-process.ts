/**
 * The process in which the site is built: takes questions from build.ts over the channel, one at a
 * time, and ends when the channel does. Nothing else starts it.
 */
import { join } from "node:path";
import { CodedError } from "../record/errors.ts";
import type { Progress } from "./build/options.ts";
import { runBuild } from "./build/session.ts";
import { loadTemplates } from "./build/templates.ts";
import type { Answer, Question } from "./build.ts";

const PROGRESS_EVERY_MS = 100;

let last: Promise<void> = Promise.resolve();

process.on("message", (question: Question) => {
  last = last.then(() => answer(question));
});
process.on("disconnect", () => process.exit(0));

async function answer(question: Question): Promise<void> {
  try {
    if (question.kind === "warm-up") {
      // A missing Astro is told when a build is asked for.
      await loadTemplates(join(question.state, "site")).catch(() => {});
      return;
    }
    send({ kind: "done", report: await runBuild(question.options, throttled()) });
  } catch (error) {
    const code = error instanceof CodedError ? error.code : null;
    const message =
      error instanceof Error
        ? code
          ? error.message
          : (error.stack ?? error.message)
        : String(error);
    send({ kind: "failed", code, message });
  }
}

function throttled(): (progress: Progress) => void {
  let sent = 0;
  return (progress) => {
    const now = performance.now();
    if (now - sent < PROGRESS_EVERY_MS && progress.done !== progress.of) return;
    sent = now;
    send({ kind: "progress", progress });
  };
}

function send(answer: Answer): void {
  // The channel may be gone by now: the asker ended, and so do we.
  if (process.connected) process.send?.(answer);
}
