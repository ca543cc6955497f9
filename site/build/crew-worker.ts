/** A thread of a large build: takes one task at a time from crew.ts and answers with its result. */
import { parentPort } from "node:worker_threads";
import { CodedError } from "../../record/errors.ts";
import type { CrewAnswer } from "./crew.ts";
import { type Inputs, PERFORM, type TaskKind } from "./tasks.ts";

parentPort?.on("message", (task: { kind: TaskKind; inputs: unknown }) => void answer(task));

async function answer({ kind, inputs }: { kind: TaskKind; inputs: unknown }): Promise<void> {
  try {
    send({ kind: "done", result: await perform(kind, inputs) });
  } catch (error) {
    const code = error instanceof CodedError ? error.code : null;
    const known = error instanceof Error ? error : new Error(String(error));
    send({ kind: "failed", code, message: code ? known.message : (known.stack ?? known.message) });
  }
}

/** The asker knows which inputs a kind has. */
function perform<K extends TaskKind>(kind: K, inputs: unknown): unknown {
  return PERFORM[kind](inputs as Inputs<K>, () => send({ kind: "step" }));
}

function send(answer: CrewAnswer): void {
  parentPort?.postMessage(answer);
}
