/**
 * A conversation as it is shown: placements sorted into threads and counted into turns.
 *
 * What always holds: pure; threads follow from parents and relations alone, so the view may change
 * as captures are added while placements do not. A placement whose parent is not among those given
 * opens a thread of its own.
 */
import { byStart } from "../conversation.ts";
import type { Conversation, Placement, Relation, Step, Thread } from "./model.ts";

/** A placement with what the view needs of its exchange. */
export interface Placed extends Placement {
  readonly started: string;
  /** Whether tools were offered: a lone call without tools is no main thread. */
  readonly tools: boolean;
}

interface Open {
  kind: Thread["kind"];
  readonly from: string | null;
  readonly exchanges: string[];
  turns: number;
  tools: boolean;
}

/** Turns of one conversation in order; `placed` must all be of the conversation `id`. */
export function conversationOf(id: string, placed: readonly Placed[]): Conversation {
  const inOrder = [...placed].sort(inTime);
  const threads: Open[] = [];
  const steps = new Map<string, Step>();
  for (const placement of inOrder) {
    const parent = placement.parent === null ? undefined : steps.get(placement.parent);
    const opened = opens(placement.relation, parent);
    if (opened) {
      threads.push({ kind: opened, from: placement.parent, exchanges: [], turns: 0, tools: false });
    }
    const thread = opened ? threads.length - 1 : parent!.thread;
    const line = threads[thread]!;
    const turn = turnOf(placement.relation, parent, opened !== null);
    line.turns = Math.max(line.turns, turn);
    line.exchanges.push(placement.exchange);
    line.tools ||= placement.tools;
    steps.set(placement.exchange, { ...placement, thread, turn });
  }
  const main = mainOf(threads);
  threads.forEach((thread, i) => {
    if (thread.kind === "main" && i !== main) thread.kind = thread.tools ? "main" : "side";
  });
  return {
    id,
    started: inOrder[0]?.started ?? "",
    ended: inOrder.at(-1)?.started ?? "",
    threads: threads.map(({ kind, from, exchanges, turns }) => ({ kind, from, exchanges, turns })),
    main,
    steps: inOrder.map(({ exchange }) => steps.get(exchange)!),
    turns: threads.reduce((sum, { turns }) => sum + turns, 0),
    branches: threads.filter(({ kind }) => kind === "branch").length,
  };
}

/** The kind of thread that a placement opens; null where it goes on in its parent's. */
function opens(relation: Relation, parent: Step | undefined): Thread["kind"] | null {
  if (relation === "branch" || relation === "agent" || relation === "side") return relation;
  return parent === undefined || relation === "start" ? "main" : null;
}

/** A thread counts its own turns from 1; a retry repeats the turn of its parent. */
function turnOf(relation: Relation, parent: Step | undefined, opened: boolean): number {
  if (relation === "retry" || relation === "again") return parent?.turn ?? 1;
  return opened || parent === undefined ? 1 : parent.turn + 1;
}

/** The first thread that offers tools, else the longest, else the first. */
function mainOf(threads: readonly Open[]): number {
  const mains = threads.flatMap(({ kind }, i) => (kind === "main" ? [i] : []));
  const able = mains.find((i) => threads[i]!.tools);
  if (able !== undefined) return able;
  return mains.reduce((best, i) => (threads[i]!.turns > threads[best]!.turns ? i : best), 0);
}

const inTime = (a: Placed, b: Placed): number =>
  byStart({ started: a.started, id: a.exchange }, { started: b.started, id: b.exchange });
