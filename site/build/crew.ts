/**
 * The threads of a large build. A small one is done by the thread that asks: what starts no thread
 * is there sooner.
 *
 * What always holds: tasks begin in the order in which they were given; a task that fails rejects
 * with the error that it met, codes kept; `close` ends every thread.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { CodedError, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { type Inputs, PERFORM, type Result, type TaskKind } from "./tasks.ts";

/** What a thread answers. */
export type CrewAnswer =
  | { readonly kind: "steps"; readonly n: number }
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "failed"; readonly code: ErrorCode | null; readonly message: string };

export interface Crew {
  readonly size: number;
  run<K extends TaskKind>(kind: K, inputs: Inputs<K>, step?: () => void): Promise<Result<K>>;
  close(): Promise<void>;
}

/** A crew for a build that has so many bytes of captures to read. */
export function crewFor(bytes: number): Crew {
  const most = Math.min(LIMITS.siteThreads, availableParallelism());
  return bytes < LIMITS.siteThreadBytes || most < 2 ? alone() : threads(most);
}

/** No threads: each task is done when it is given. */
export function alone(): Crew {
  return {
    size: 1,
    run: async (kind, inputs, step = () => {}) => PERFORM[kind](inputs, step),
    close: async () => {},
  };
}

function threads(size: number): Crew {
  const all = Array.from({ length: size }, startWorker);
  const idle = [...all];
  const waiting: ((worker: Worker) => void)[] = [];
  const free = (worker: Worker) => {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
  };
  return {
    size,
    async run(kind, inputs, step = () => {}) {
      const worker =
        idle.shift() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      try {
        return (await answerOf(worker, { kind, inputs }, step)) as Result<typeof kind>;
      } finally {
        free(worker);
      }
    },
    async close() {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}

function startWorker(): Worker {
  const file = import.meta.url.endsWith(".ts") ? "./crew-worker.ts" : "./crew-worker.js";
  return new Worker(new URL(file, import.meta.url));
}

function answerOf(worker: Worker, task: unknown, step: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
    };
    const onMessage = (answer: CrewAnswer) => {
      if (answer.kind === "steps") {
        for (let i = 0; i < answer.n; i += 1) step();
        return;
      }
      done();
      if (answer.kind === "done") resolve(answer.result);
      else if (answer.code) reject(new CodedError(answer.code, answer.message));
      else reject(new Error(answer.message));
    };
    const onError = (error: unknown) => {
      done();
      reject(error);
    };
    const onExit = () => onError(new Error("a thread of the site's build ended early"));
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
    worker.postMessage(task);
  });
}
