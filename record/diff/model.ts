/**
 * What the comparison of two requests says, as plain data that a page, a command or a rule can use.
 *
 * What always holds: positions are those of the two bodies, token counts are estimates (`estimate`)
 * unless they come from the provider's own usage (`reported`), and nothing is called a change that
 * the model could not see: cache markers, white space between JSON tokens, order of parameters.
 */

import type { NormalRequest, Role } from "../dialects/normal.ts";
import type { Llm } from "../format/schema.ts";

/** One of the two requests. */
export interface DiffSide {
  readonly id: string;
  readonly started: string;
  readonly llm: Llm | null;
  readonly request: NormalRequest;
  /** Id of the earlier response that could not be found; absent where the request is whole. */
  readonly missing?: string;
}

/** A run of words; `same` stands in both texts. */
export interface Words {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** A change of a text, with the words where the texts are not too long to compare. */
export interface TextChange {
  readonly before: string;
  readonly after: string;
  readonly words: readonly Words[];
  /** True where only dates, times or ids that change by themselves differ. */
  readonly volatile: boolean;
}

/** A named value that differs: a parameter, or one property of a tool's schema. */
export interface ValueChange {
  /** Path with dots: `temperature`, `properties.path.type`, `description`. */
  readonly path: string;
  readonly change: "added" | "removed" | "changed" | "reordered";
  /** JSON text; null where it is not there. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface ToolChange {
  readonly name: string;
  readonly change: "added" | "removed" | "changed" | "moved";
  /** Position in either list; null where it is not in it. */
  readonly before: number | null;
  readonly after: number | null;
  /** What differs in it, for `changed`. */
  readonly properties: readonly ValueChange[];
}

export interface MessageChange {
  readonly change: "added" | "removed" | "rewritten" | "moved";
  readonly role: Role;
  /** Position in `request.messages` of either side; null where it is not there. */
  readonly before: number | null;
  readonly after: number | null;
  /** Position in the body's own list (`key[index]`), of the later side where it has one. */
  readonly key: string;
  readonly index: number | null;
  /** For `rewritten`: how. */
  readonly text: TextChange | null;
  /** For `rewritten`: true where only the model's reasoning was dropped or changed. */
  readonly reasoningOnly: boolean;
  /** Estimate for what stands on the later side (the earlier one where it was removed). */
  readonly tokens: number;
}

/** Where the prompts part, in the order in which providers read them: tools, system, messages. */
export interface Divergence {
  readonly section: "tools" | "system" | "messages";
  /** Position in that section: tool, or index in `request.messages`. */
  readonly position: number;
  /** Where it stands in the body: `tools[2]`, `messages[4]`, `system`. */
  readonly place: string;
  /** Estimated tokens before it (still shared) and after it on the earlier side. */
  readonly sharedTokens: number;
  readonly lostTokens: number;
}

/** What made the earlier prompt no longer a prefix of the later one. */
export const BREAKS = [
  "model-changed",
  "tools-added",
  "tools-removed",
  "tools-reordered",
  "tool-schema-changed",
  "system-changed",
  "system-timestamp",
  "message-rewritten",
  "message-timestamp",
  "message-inserted",
  "messages-removed",
  "messages-reordered",
  "reasoning-changed",
  "parameter-changed",
] as const;
export type Break = (typeof BREAKS)[number];

export interface BreakReason {
  readonly kind: Break;
  /** `tools[2]`, `messages[4]`, `tool_choice` … */
  readonly place: string;
  /** Position in `request.tools` or `request.messages` of either side; null where it has none. */
  readonly at: { readonly before: number | null; readonly after: number | null };
  /** In a line: for people. */
  readonly detail: string;
  /** What stood there and what stands there; null where nothing does. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface CacheVerdict {
  /**
   * `kept`: the prompt only grew, and nothing reported says otherwise; `broken`: it changed before
   * its end; `missed`: it only grew, yet the provider reported that it read less than before;
   * `unrelated`: the two share nothing, or only one of them is known as a whole.
   */
  readonly state: "kept" | "broken" | "missed" | "unrelated";
  /** First reason first, in the order of the prompt. Empty unless `broken`. */
  readonly reasons: readonly BreakReason[];
  /** Tokens of the earlier prompt that were paid again; null where nothing can be said. */
  readonly paidAgainTokens: number | null;
  /** Whether that figure comes from the provider's usage or from sizes. */
  readonly source: "reported" | "estimate" | null;
  /** What the later exchange reported as read from the cache; null where it reported nothing. */
  readonly reportedRead: number | null;
  /** Time between the two starts in ms: caches rest for minutes, not for hours. */
  readonly gapMs: number;
}

export interface RequestDiff {
  readonly before: { readonly id: string; readonly api: string | null; readonly tokens: number };
  readonly after: { readonly id: string; readonly api: string | null; readonly tokens: number };
  readonly model: { readonly before: string | null; readonly after: string | null } | null;
  readonly system: TextChange | null;
  readonly tools: readonly ToolChange[];
  readonly parameters: readonly ValueChange[];
  readonly messages: readonly MessageChange[];
  /** Messages that stand in both, in order. */
  readonly sameMessages: number;
  /** Null where the earlier prompt is a prefix of the later one. */
  readonly divergence: Divergence | null;
  readonly cache: CacheVerdict;
}

/** A pair of messages that are one to the comparison; positions in `request.messages`. */
export interface Pair {
  readonly before: number;
  readonly after: number;
}
