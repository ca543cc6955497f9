/**
 * The full input of a turn that only says what is new and names the response that it follows
 * (`previous_response_id` of the Responses API, `previous_interaction_id` of Google's): earlier
 * inputs and answers in order, then its own input.
 *
 * What always holds: instructions and tools are the turn's own, as the providers document it; what
 * cannot be found is named in `missing` and never guessed; bounded by LIMITS.turnChainCount, without
 * recursion. Messages of earlier turns stand under the key `earlier`, so that no one takes them for
 * parts of this body.
 */
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import { LIMITS } from "../limits.ts";

/** A turn as its own bytes say it. */
export interface Turn {
  readonly line: { readonly id: string };
  readonly request: NormalRequest;
}

/** A turn that was answered. */
export interface EarlierTurn extends Turn {
  readonly answer: readonly NormalMessage[];
}

/** An earlier turn that was found, by the id of its exchange; read where it is needed. */
export interface FoundTurn {
  readonly id: string;
  open(): EarlierTurn;
}

/**
 * Finds the turn that was answered with a response id; null where it is not at hand. `follower` is the
 * exchange that names it: of several turns with one id the last before it is meant.
 */
export type FindTurn = (responseId: string, follower: string) => FoundTurn | null;

/** A turn's whole input, and the response id at which the way back ended, if it did. */
export interface WholeTurn {
  readonly request: NormalRequest;
  readonly missing?: string;
}

/** What was said up to and with the answer of one response. */
interface Said {
  readonly messages: readonly NormalMessage[];
  readonly missing: string | null;
}

const NAMES = ["previous_response_id", "previous_interaction_id"] as const;

/** The response that a request says it follows; null where it names none. */
export function previousOf({ parameters }: NormalRequest): string | null {
  for (const name of NAMES) {
    const id = parameters[name];
    if (typeof id === "string" && id !== "") return id;
  }
  return null;
}

export class EarlierTurns {
  readonly #find: FindTurn;
  /** The newest few by exchange, for the next turn goes on from one of them. */
  readonly #said = new Map<string, Said>();

  constructor(find: FindTurn) {
    this.#find = find;
  }

  /** The request with everything that the model was given. */
  whole({ line, request }: Turn): WholeTurn {
    const previous = previousOf(request);
    if (previous === null) return { request };
    const { messages: before, missing } = this.#upTo(previous, line.id);
    const own = new Set(ownInput(request));
    const instructions = request.messages.filter((message) => !own.has(message));
    const messages = [...instructions, ...before, ...own];
    return { request: { ...request, messages }, ...(missing === null ? {} : { missing }) };
  }

  #upTo(responseId: string, follower: string): Said {
    const chain: EarlierTurn[] = [];
    const seen = new Set<string>([follower]);
    const nearest = this.#find(responseId, follower);
    let found = nearest;
    let at: string | null = responseId;
    let base: Said | undefined;
    while (at !== null && found !== null) {
      base = this.#said.get(found.id);
      if (base !== undefined || seen.has(found.id) || seen.size > LIMITS.turnChainCount) break;
      seen.add(found.id);
      const turn = found.open();
      chain.push(turn);
      at = previousOf(turn.request);
      found = at === null ? null : this.#find(at, turn.line.id);
    }
    const missing = base === undefined ? at : base.missing;
    const messages = [...(base?.messages ?? [])];
    for (const turn of chain.reverse()) {
      for (const message of [...ownInput(turn.request), ...turn.answer]) {
        messages.push({ ...message, key: "earlier", index: messages.length });
      }
    }
    const said = { messages, missing };
    // What was not found may come yet.
    if (missing === null && nearest !== null) this.#keep(nearest.id, said);
    return said;
  }

  #keep(exchange: string, said: Said): void {
    this.#said.delete(exchange);
    this.#said.set(exchange, said);
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= LIMITS.keptListCount) break;
      this.#said.delete(oldest);
    }
  }
}

/** What the turn itself brought: not its instructions, nor what was found for it earlier. */
function ownInput({ messages }: NormalRequest): NormalMessage[] {
  return messages.filter(({ key }) => key === "input");
}
