/**
 * One exchange opened for understanding: its request and its answer in normal form, read from a
 * capture file.
 *
 * Invariants: a part is parsed once per reader however many requests repeat it, so reading
 * all turns of a session costs what the session adds; what cannot be parsed gives an empty form. A
 * request that names the response it follows is shown with all that the model was given, as far as
 * the same files (or `elsewhere`) have it.
 * It must never keep more than `keptValuesBytes` of parts, and as much again of the newest requests.
 */
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import { normaliseRequest, normaliseResponse } from "../dialects/normalise.ts";
import type { CodedError } from "../errors.ts";
import { parseLean } from "../format/lean-json.ts";
import type { ExchangeLine } from "../format/schema.ts";
import { LIMITS } from "../limits.ts";
import type { DayReader } from "../reader/day-reader.ts";
import type { OutlinePart } from "../reader/outline.ts";
import { Recent } from "../reader/recent.ts";
import { EarlierTurns, type FindTurn, type FoundTurn } from "./earlier-turns.ts";
import { ResponseIndex } from "./response-index.ts";
import { type SharedPart, SharedRequests } from "./shared-messages.ts";

/** An exchange with what it means. */
export interface ExchangeView {
  readonly line: ExchangeLine;
  readonly request: NormalRequest;
  /** Messages of the answer; empty where none came or none was understood. */
  readonly answer: readonly NormalMessage[];
  /** Id that the provider gave the response. */
  readonly responseId: string | null;
  /** Id of the earlier response that could not be found; absent where the request is whole. */
  readonly missing?: string;
}

/** APIs whose requests may name the response that they follow, and the operations that give one. */
const CHAINED = new Set(["openai.responses", "google.interactions"]);
const ASKS = new Set(["chat", "compact", "generate_content"]);

/** Whether a later request may name this exchange's response instead of repeating it. */
export function canBeFollowed({ llm }: ExchangeLine): boolean {
  return CHAINED.has(llm?.api ?? "") && ASKS.has(llm?.operation ?? "");
}

const EMPTY: NormalRequest = { model: null, messages: [], tools: [], parameters: {} };

export class ViewReader {
  readonly #day: DayReader;
  readonly #values = new Recent<SharedPart>(LIMITS.keptValuesBytes);
  readonly #requests = new SharedRequests();
  readonly #turns: EarlierTurns;
  readonly #responses: ResponseIndex;

  /** @param elsewhere finds a turn outside of the reader's own files */
  constructor(day: DayReader, elsewhere: FindTurn = () => null) {
    this.#day = day;
    this.#responses = new ResponseIndex(day, (line) => this.#responseIdOf(line));
    this.#turns = new EarlierTurns((responseId, follower) => {
      // What a turn of another day follows is not here: that day came before.
      const here = day.positionOf({ id: follower }) !== null;
      const own = here ? this.byResponse(responseId, follower) : null;
      return own ?? elsewhere(responseId, follower);
    });
  }

  /** Never throws on what a body holds; throws what the reader throws on a damaged file. */
  view(line: ExchangeLine): ExchangeView {
    const own = this.#own(line);
    return { ...own, ...this.#turns.whole(own) };
  }

  /**
   * The same where a damaged body must not end the work: `damaged` is told, and the exchange is
   * shown without what was said.
   */
  viewOrEmpty(line: ExchangeLine, damaged: (message: string) => void): ExchangeView {
    try {
      return this.view(line);
    } catch (error) {
      damaged((error as Error).message);
      return { line, request: EMPTY, answer: [], responseId: null };
    }
  }

  /** The turn as its own bytes say it. Errors as of `view`. */
  turn(line: ExchangeLine): ExchangeView {
    return this.#own(line);
  }

  /** The turn of these files that was answered with a response id before `follower`. */
  byResponse(responseId: string, follower: string): FoundTurn | null {
    const id = this.#responses.find(responseId, follower);
    return id === null ? null : { id, open: () => this.#own(this.#day.exchange(id)) };
  }

  #own(line: ExchangeLine): ExchangeView {
    const api = line.llm?.api ?? null;
    const response = api === null ? undefined : this.#response(line);
    const responseId = idIn(response);
    this.#responses.note(line, canBeFollowed(line) ? responseId : null);
    if (api === null) return { line, request: EMPTY, answer: [], responseId };
    return {
      line,
      request: this.#request(api, line),
      answer: response === undefined ? [] : normaliseResponse(api, response),
      responseId,
    };
  }

  /** The id by which a later request may name the response; null too where it cannot be read. */
  #responseIdOf(line: ExchangeLine): string | null {
    if (!canBeFollowed(line)) return null;
    try {
      return idIn(this.#response(line));
    } catch (error) {
      if ((error as CodedError).code !== "capture-damaged") throw error;
      return null;
    }
  }

  #response(line: ExchangeLine): unknown {
    return parsed(this.#day.assembled(line) ?? this.#plainResponse(line));
  }

  #plainResponse(line: ExchangeLine): string | null {
    if (line.response?.body?.chunks !== undefined) return null;
    return this.#day.responseBody(line)?.toString("utf8") ?? null;
  }

  /** The request, with what earlier requests brought already parsed and normalised. */
  #request(api: string, line: ExchangeLine): NormalRequest {
    const { url } = line.request;
    const outline = this.#day.outline(line, "request");
    if (outline === null) {
      const whole = parsed(this.#day.requestBody(line)?.toString("utf8") ?? null);
      return normaliseRequest(api, whole, url);
    }
    const bytes = line.request.body?.bytes ?? 0;
    return this.#requests.normalised({
      api,
      url,
      outline,
      bytes,
      part: (part) => this.#value(part, line),
    });
  }

  #value({ n, sha256 }: OutlinePart, line: ExchangeLine): SharedPart {
    const seen = this.#values.get(sha256);
    if (seen !== undefined) return seen;
    const text = this.#day.partText(n, line);
    const known: SharedPart = { value: parsed(text), normal: undefined };
    this.#values.set(sha256, known, text.length);
    return known;
  }
}

function idIn(response: unknown): string | null {
  const id = (response as { id?: unknown } | null | undefined)?.id;
  return typeof id === "string" ? id : null;
}

const parsed = (text: string | null): unknown => (text === null ? undefined : parseLean(text));
