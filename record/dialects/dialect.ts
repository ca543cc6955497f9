/**
 * What a dialect is: one plain object per API, pure functions over parsed JSON.
 *
 * What always holds: every function takes whatever a stranger sent (`unknown`) and gives an answer;
 * none throws, none keeps state but an Assembler, which lives for one stream. A dialect never looks
 * at which upstream it was: it is recognised by path and shape, so that any gateway may speak it.
 */
import type { JsonObject } from "./json.ts";
import type { NormalMessage, NormalTool } from "./normal.ts";

/** One event of a stream, whatever framing carried it. */
export interface StreamEvent {
  /** SSE `event:`, or the AWS `:event-type` header; null where there is none. */
  readonly name: string | null;
  /** The event's JSON; undefined where it is none. */
  readonly data: unknown;
  /** Which arrival chunk completed it (index); 0 where chunks are not known. */
  readonly chunk: number;
}

/** Adds up the events of one stream. */
export interface Assembler {
  /** Takes the next event; true where it carried content (text, reasoning, tool call, media). */
  add(event: StreamEvent): boolean;
  /** The message so far in the provider's non-streaming shape; undefined before anything came. */
  result(): JsonObject | undefined;
  /** Whether the API's own end of the message was seen. */
  readonly ended: boolean;
}

/** What a response (plain or assembled) says about itself. */
export interface Facts {
  readonly servedModel: string | null;
  readonly servedBy: string | null;
  readonly finishReasons: string[];
  /** The provider's own usage object, for usage.ts. */
  readonly usage: unknown;
}

export interface Dialect {
  /** As it stands in `llm.api`. */
  readonly name: string;
  /** The operation where method and path are this API's, else null. The path has no query. */
  operation(method: string, path: string): string | null;
  /** Whether a request body, or an answer (first event, for a stream), looks like this API's. */
  looksLike(request: unknown, answer: unknown): boolean;
  /** The operation where only the shape was recognised. */
  readonly usualOperation: string;
  model(body: unknown, path: string): string | null;
  tools(body: unknown): NormalTool[];
  messages(body: unknown): NormalMessage[];
  /** Members of the request body that are not parameters. */
  readonly content: ReadonlySet<string>;
  response(body: unknown): NormalMessage[];
  facts(body: unknown): Facts;
  /** Absent where the API has no stream. */
  assembler?(request: unknown): Assembler;
}

/** The facts of a response that says nothing. */
export const NO_FACTS: Facts = {
  servedModel: null,
  servedBy: null,
  finishReasons: [],
  usage: null,
};
