/**
 * The cost of an exchange that is already filed, by the prices of the table as it is installed now:
 * what `callnumber stats --reprice` shows. Never written back into a capture.
 *
 * What always holds: same rules as price.ts; an API that has no tokens to pay for has no price.
 */
import type { HeaderPairs } from "../dialects/normal.ts";
import { dialectNamed } from "../dialects/registry.ts";
import { isPaid, type Price, priceOf } from "./price.ts";

export interface FiledCall {
  /** Dialect and operation as in `llm`. */
  readonly api: string;
  readonly operation: string;
  /** Absolute URL upstream. */
  readonly url: string;
  /** The model asked for. */
  readonly model: string | null;
  /** Parsed response: plain, or the assembled message. */
  readonly response: unknown;
  readonly headers: HeaderPairs;
  readonly started: Date;
}

/** The cost of a filed call, or null where it is not known. Never throws. */
export function reprice(call: FiledCall): Price | null {
  const dialect = dialectNamed(call.api);
  if (dialect === null || !isPaid(call.operation)) return null;
  const { url, model, response, headers, started } = call;
  return priceOf({ url, model, facts: dialect.facts(response), response, headers, started });
}
