/**
 * What a finding is and what a rule sees. A rule is a pure function over one turn and the turns
 * before it; it names what it saw, in plain words in both languages, with the very place.
 *
 * What always holds: no finding without evidence; a rule that cannot know says nothing.
 */

import type { Relation } from "../conversation/model.ts";
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import type { RequestDiff } from "../diff/model.ts";
import type { Llm, Outcome } from "../format/schema.ts";

/** The same sentence in each language of the interface. */
export interface Text {
  readonly en: string;
  readonly "zh-Hant": string;
}

export const SEVERITIES = ["error", "warning", "notice"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Where in an exchange the evidence stands. */
export interface Place {
  readonly exchange: string;
  readonly section: "system" | "tools" | "messages" | "parameters" | "answer" | "exchange";
  /** Position in `request.messages` or `request.tools`; null for the section as a whole. */
  readonly position: number | null;
  /** The same in the body's own terms: `messages[4]`, `tools[2]`, `system`; "" for the whole. */
  readonly path: string;
}

export interface Evidence {
  readonly place: Place;
  /** What stood there before and what stands there now; cut to a few lines. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface Finding {
  /** Id of the rule. */
  readonly rule: string;
  readonly severity: Severity;
  /** The exchange at which it shows. */
  readonly exchange: string;
  readonly title: Text;
  readonly text: Text;
  readonly evidence: readonly Evidence[];
}

/** One exchange as a rule sees it. */
export interface TurnView {
  readonly id: string;
  readonly started: string;
  readonly relation: Relation;
  readonly outcome: Outcome;
  readonly status: number | null;
  /** As sent to the upstream. */
  readonly url: string;
  /** Message of the recorded error, the exchange's own or the provider's. */
  readonly error: string | null;
  readonly llm: Llm | null;
  readonly request: NormalRequest;
  /** Messages of the answer; empty where none came or none was understood. */
  readonly answer: readonly NormalMessage[];
  /** Id of the earlier response that could not be found; absent where the request is whole. */
  readonly missing?: string;
}

export interface Scene {
  readonly turn: TurnView;
  /** The turn that it follows, by `Placement.parent`; null at a start. */
  readonly before: TurnView | null;
  /** From the first turn of its line to `before`, nearest last. */
  readonly past: readonly TurnView[];
  /** Exchanges with the same body as this one, earlier, oldest first. */
  readonly repeats: readonly TurnView[];
  /** `before` against `turn`; null where there is no `before`. */
  readonly diff: RequestDiff | null;
}

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  readonly title: Text;
  /** What is seen in this turn; empty where nothing is. */
  test(scene: Scene): readonly Seen[];
}

/** A rule's text about one place. */
export const text = (en: string, zhHant: string): Text => ({ en, "zh-Hant": zhHant });

/** What a rule returns; the rest of the finding is the rule's own. */
export interface Seen {
  readonly text: Text;
  readonly evidence: readonly Evidence[];
  /** Where it weighs otherwise than the rule usually does. */
  readonly severity?: Severity;
}
