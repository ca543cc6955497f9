/**
 * The vocabulary of conversations: the few facts that grouping needs of an exchange, and what
 * grouping says about it. All of it is plain data that survives JSON.
 *
 * What always holds: nothing here is ever written into a capture file; it is computed from it, and
 * may be computed anew. Facts hold hashes and sizes, never text: an index of them stays small.
 */
import type { Role } from "../dialects/normal.ts";
import type { Outcome, Usage } from "../format/schema.ts";

/**
 * One piece of a conversation (a text, a tool call, a tool result, an image) by identity. Two
 * messages that one client merged and another kept apart have the same items, and reasoning, cache
 * markers and white space at the ends have no part in it: clients drop and move these at will.
 */
export interface Item {
  /** 16 hex digits over role, kind and content. */
  readonly id: string;
  readonly role: Role;
  /** UTF-8 bytes of its text; four of them are taken for a token where no count is reported. */
  readonly bytes: number;
}

/** What grouping needs to know of one exchange. */
export interface ExchangeFacts {
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly started: string;
  /** Milliseconds that it took; 0 where unknown. */
  readonly totalMs: number;
  /** The stream (`11.12`) in which it was found, null where it was read on its own. */
  readonly number: string | null;
  readonly upstream: string | null;
  readonly client: string | null;
  /** The client's own session id. */
  readonly session: string | null;
  /** Dialect; null where the exchange is no LLM call: it then stands alone. */
  readonly api: string | null;
  readonly operation: string | null;
  readonly model: string | null;
  readonly outcome: Outcome;
  readonly status: number | null;
  /** Whether an answer came that a client would go on with: complete, 2xx, no provider error. */
  readonly answered: boolean;
  /** SHA-256 of the request body. */
  readonly body: string | null;
  /** Identity of the system prompt; null where there is none. */
  readonly system: string | null;
  /** Smallest shingle hashes of the system prompt: alike prompts share most of them. */
  readonly systemSketch: readonly number[];
  /** Identity of the tool list in its order; null where none are offered. */
  readonly tools: string | null;
  /** The conversation's items in order, system prompt left out. */
  readonly items: readonly Item[];
  /** Messages in the request, system prompt left out. */
  readonly messages: number;
  /** Items of the answer, as the next request will repeat them. */
  readonly answer: readonly string[];
  /**
   * Hashes of long lines: of what the user says in a request that has hardly any history, of the
   * answer, and of the arguments of its tool calls. They tie agents and summaries to their origin.
   */
  readonly asked: readonly string[];
  readonly said: readonly string[];
  readonly delegated: readonly string[];
  /** Id that the provider gave the response, and the one that the request continues (Responses). */
  readonly response: string | null;
  readonly previous: string | null;
  readonly usage: Usage | null;
  readonly costUsd: number | null;
}

/**
 * How an exchange stands to the one it follows (`Placement.parent`):
 * - `start`: follows none;
 * - `next`: the parent's messages, its answer, and more;
 * - `rewritten`: goes on from the parent, but earlier messages were changed on the way;
 * - `branch`: like `next`, but the parent already had another continuation, or is the beginning that
 *   was written anew;
 * - `compaction`: goes on from the parent with its history replaced by something shorter;
 * - `retry`: the same body again; `again`: the same messages with other parameters, model or tools;
 * - `agent`: a second agent of the same conversation begins, with instructions of its own;
 * - `side`: a lone call beside the conversation (a title, a summary, a check);
 * - `alone`: no LLM call.
 */
export const RELATIONS = [
  "start",
  "next",
  "rewritten",
  "branch",
  "compaction",
  "retry",
  "again",
  "agent",
  "side",
  "alone",
] as const;
export type Relation = (typeof RELATIONS)[number];

/** Where one exchange stands. Once given it is never changed by what is captured later. */
export interface Placement {
  readonly exchange: string;
  /** Id of the conversation: 16 hex digits, the name of its page; null for `alone`. */
  readonly conversation: string | null;
  readonly parent: string | null;
  readonly relation: Relation;
  /** Why it was placed so: the client's session id, its messages, the answer it continues … */
  readonly by: "session" | "messages" | "response-id" | "delegation" | "none";
}

/** A placement with its place in the whole. */
export interface Step extends Placement {
  readonly started: string;
  /** Number of its thread in `Conversation.threads`. */
  readonly thread: number;
  /** Turn within the thread, from 1; a retry keeps the turn of what it repeats. */
  readonly turn: number;
}

/** One line of turns: the main one, an agent's, a side call, a branch. */
export interface Thread {
  readonly kind: "main" | "branch" | "agent" | "side";
  /** The exchange that it leaves from; null where it leaves from none. */
  readonly from: string | null;
  /** In order of time, retries included. */
  readonly exchanges: readonly string[];
  /** Distinct turns (retries and repeats not counted). */
  readonly turns: number;
}

/** A conversation as a page shows it. */
export interface Conversation {
  readonly id: string;
  /** Start of the first exchange and of the last. */
  readonly started: string;
  readonly ended: string;
  /** In order of appearance; `main` says which one is. */
  readonly threads: readonly Thread[];
  readonly main: number;
  /** In order of time. */
  readonly steps: readonly Step[];
  /** Turns of all threads together, and threads that are branches. */
  readonly turns: number;
  readonly branches: number;
}
