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

/** An earlier turn as its own bytes say it. */
export interface EarlierTurn {
  readonly request: NormalRequest;
  readonly answer: readonly NormalMessage[];
}

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
  readonly #lookup: (responseId: string) => EarlierTurn | null;
  /** The newest few, for the next turn goes on from one of them. */
  readonly #said = new Map<string, Said>();

  /** @param lookup finds a turn by the id of its response; null where it is not at hand */
  constructor(lookup: (responseId: string) => EarlierTurn | null) {
    this.#lookup = lookup;
  }

  /** The request with everything that the model was given. */
  whole(request: NormalRequest): WholeTurn {
    const previous = previousOf(request);
    if (previous === null) return { request };
    const { messages: before, missing } = this.#upTo(previous);
    const own = new Set(ownInput(request));
    const instructions = request.messages.filter((message) => !own.has(message));
    const messages = [...instructions, ...before, ...own];
    return { request: { ...request, messages }, ...(missing === null ? {} : { missing }) };
  }

  #upTo(responseId: string): Said {
    const chain: { id: string; turn: EarlierTurn }[] = [];
    const seen = new Set<string>();
    let at: string | null = responseId;
    let base: Said | undefined;
    while (at !== null && base === undefined) {
      base = this.#said.get(at);
      if (base !== undefined) break;
      const known = seen.has(at) || seen.size >= LIMITS.turnChainCount;
      const turn: EarlierTurn | null = known ? null : this.#lookup(at);
      if (turn === null) break;
      seen.add(at);
      chain.push({ id: at, turn });
      at = previousOf(turn.request);
    }
    const missing = base === undefined ? at : base.missing;
    const messages = [...(base?.messages ?? [])];
    for (const { turn } of chain.reverse()) {
      for (const message of [...ownInput(turn.request), ...turn.answer]) {
        messages.push({ ...message, key: "earlier", index: messages.length });
      }
    }
    const said = { messages, missing };
    // What was not found may come yet.
    if (missing === null) this.#keep(responseId, said);
    return said;
  }

  #keep(responseId: string, said: Said): void {
    this.#said.delete(responseId);
    this.#said.set(responseId, said);
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
