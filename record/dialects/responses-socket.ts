/**
 * The Responses API over WebSocket (Codex): many turns on one socket, each a `response.create` of the
 * client and the events that answer it; and the full input of a turn that only says what is new.
 *
 * What always holds: one exchange per `response.create`; what the server says before the first one
 * belongs to the first; resolving is pure, bounded, and says what it could not find.
 */
import { LIMITS } from "../limits.ts";
import { get, list, parseJson, str, word } from "./json.ts";
import type { HeaderPairs, Understood } from "./normal.ts";
import { understand } from "./understand.ts";

/** One WebSocket message, decompressed and defragmented. */
export interface SocketMessage {
  readonly from: "client" | "server";
  /** Since the turn's `response.create` was sent. */
  readonly ms: number;
  readonly text: string;
}

/** Groups the messages of a socket into turns, in order. */
export function splitTurns(messages: readonly SocketMessage[]): SocketMessage[][] {
  const turns: SocketMessage[][] = [];
  let early: SocketMessage[] = [];
  for (const message of messages) {
    if (message.from === "client" && isCreate(message.text)) {
      turns.push([...early, message]);
      early = [];
    } else (turns.at(-1) ?? early).push(message);
  }
  if (early.length > 0) turns.push(early);
  return turns;
}

/** Whether a client's message begins a turn. */
export function isCreate(text: string): boolean {
  const parsed = parseJson(text);
  return parsed.ok && str(parsed.value, "type") === "response.create";
}

/**
 * Reads one turn as `understand` reads an HTTP exchange.
 *
 * @param url of the upgrade request
 * @param headers of the upgrade's answer
 */
export function understandTurn(
  url: string,
  headers: HeaderPairs,
  messages: readonly SocketMessage[],
): Understood {
  const asked = messages.find(({ from, text }) => from === "client" && isCreate(text));
  const events = messages.filter(({ from }) => from === "server");
  let end = 0;
  const chunks = events.map(({ ms, text }) => {
    end += Buffer.byteLength(text) + 1;
    return { ms, end };
  });
  const body = events.map(({ text }) => `${text}\n`).join("");
  return understand({
    method: "GET",
    url,
    requestHeaders: [],
    requestBody: asked === undefined ? null : Buffer.from(asked.text),
    status: 200,
    responseHeaders: headers,
    responseBody: body === "" ? null : Buffer.from(body),
    chunks,
  });
}

/** An earlier turn, as parsed bodies: the request, and the response with its `output`. */
export interface EarlierTurn {
  readonly request: unknown;
  readonly response: unknown;
}

export interface ResolvedInput {
  /** Everything that the model was given: earlier inputs and outputs, then this turn's input. */
  readonly input: unknown[];
  /** The response id that `lookup` did not know; null where the input is complete. */
  readonly missing: string | null;
}

/**
 * Follows `previous_response_id` back to the beginning.
 *
 * @param request parsed body (or `response.create` message) of the turn
 * @param lookup finds an earlier turn by the id of its response
 */
export function resolveInput(
  request: unknown,
  lookup: (responseId: string) => EarlierTurn | null,
): ResolvedInput {
  const pieces: unknown[][] = [inputOf(request)];
  const seen = new Set<string>();
  let at = previousOf(request);
  while (at !== null) {
    const turn = seen.has(at) || seen.size >= LIMITS.turnChainCount ? null : lookup(at);
    if (turn === null) break;
    seen.add(at);
    pieces.push(list(turn.response, "output"), inputOf(turn.request));
    at = previousOf(turn.request);
  }
  return { input: pieces.reverse().flat(), missing: at };
}

function unwrap(request: unknown): unknown {
  const wrapped = str(request, "type") === "response.create" && get(request, "input") === undefined;
  return wrapped ? (get(request, "response") ?? request) : request;
}

function previousOf(request: unknown): string | null {
  return word(unwrap(request), "previous_response_id");
}

function inputOf(request: unknown): unknown[] {
  const input = get(unwrap(request), "input");
  if (typeof input === "string") return [{ role: "user", content: input }];
  return Array.isArray(input) ? input : [];
}
