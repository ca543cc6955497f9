/** A thread of a large build: takes one task at a time from crew.ts and answers with its result. */
import { parentPort } from "node:worker_threads";
import { CodedError } from "../../record/errors.ts";
import type { CrewAnswer } from "./crew.ts";
import { type Inputs, PERFORM, type TaskKind } from "./tasks.ts";

/** A word for every page would wake the other thread hundreds of times a second. */
const TELL_EVERY_MS = 50;

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
async function perform<K extends TaskKind>(kind: K, inputs: unknown): Promise<unknown> {
  let steps = 0;
  let told = 0;
  const tell = (): void => {
    told = performance.now();
    send({ kind: "steps", n: steps });
    steps = 0;
  };
  const result = await PERFORM[kind](inputs as Inputs<K>, () => {
    steps += 1;
    if (performance.now() - told >= TELL_EVERY_MS) tell();
  });
  if (steps > 0) tell();
  return result;
}

function send(answer: CrewAnswer): void {
  parentPort?.postMessage(answer);
}
