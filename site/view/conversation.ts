/**
 * A conversation page as the template places it: turns in the order they happened, each message
 * once, and of every turn what it added, removed or rewrote against the turn it continues.
 */
import type { Severity, Text } from "../../record/findings/model.ts";
import type { HeldNote } from "./held.ts";
import type { MessageView, ToolView } from "./messages.ts";
import type { Row } from "./rows.ts";
import type { Totals } from "./totals.ts";

/** What a turn is to the turn it follows. */
export type TurnKind = "turn" | "side" | "sub" | "retry";

export interface TurnFinding {
  readonly rule: string;
  readonly severity: Severity;
  /** In each language of the interface. */
  readonly text: Text;
  readonly exchange: string;
  /** What its link names within the turn; "" for the turn itself. */
  readonly anchor: string;
}

export interface RewriteView {
  readonly role: string;
  readonly anchor: string | null;
  readonly words: readonly { readonly text: string; readonly op: "same" | "add" | "del" }[];
}

export interface ToolsView {
  readonly count: number;
  readonly same: boolean;
  /** In full where they are new to the conversation. */
  readonly offered: readonly ToolView[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface DetailView {
  readonly method: string;
  readonly url: string;
  readonly http: string;
  readonly session: string | null;
  readonly requestHeaders: readonly (readonly [string, string])[];
  readonly responseHeaders: readonly (readonly [string, string])[];
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  readonly timing: readonly { readonly key: string; readonly ms: number }[];
  readonly chunks: number | null;
  readonly gap_ms: number | null;
  readonly finish: readonly string[];
  readonly priceSource: string | null;
  readonly redactions: number;
  readonly error: string | null;
  readonly notes: readonly string[];
  readonly curl: string;
  /** Address of the chunk that holds the raw bytes, from the root of the site, and its size. */
  readonly chunk: { readonly path: string; readonly bytes: number } | null;
}

export interface TurnView {
  readonly n: number;
  readonly kind: TurnKind;
  readonly row: Row;
  /** Number of the turn it continues; null for the first of a branch. */
  readonly parent: number | null;
  readonly parentId: string | null;
  /** Size of what the comparison with the turn before fetches. */
  readonly compareBytes: number | null;
  /** Column in the map of branches. */
  readonly lane: number;
  /** Id of the response that the request goes on from and that no capture has. */
  readonly missing: string | null;
  /** Messages sent again that stand further up. */
  readonly again: number;
  readonly added: readonly MessageView[];
  readonly removed: readonly MessageView[];
  readonly rewritten: readonly RewriteView[];
  readonly tools: ToolsView;
  readonly params: readonly (readonly [string, string])[];
  readonly paramsChanged: readonly { name: string; before: string | null; after: string | null }[];
  readonly answer: readonly MessageView[];
  readonly findings: readonly TurnFinding[];
  /** Anchors that findings name and nothing shown in the turn has. */
  readonly elsewhere: readonly string[];
  readonly detail: DetailView;
}

/** A turn in the map: where its point and the line from its parent are drawn. */
export interface MapRow {
  readonly id: string;
  readonly n: number;
  readonly lane: number;
  readonly parentLane: number | null;
  readonly kind: TurnKind;
  readonly ok: boolean;
  readonly flagged: boolean;
  readonly words: string;
  readonly page: number;
}

export interface ConversationView {
  readonly kind: "conversation";
  /** Why nothing of it is shown; empty where it is. */
  readonly held: readonly HeldNote[];
  readonly id: string;
  readonly words: string;
  readonly number: string;
  readonly trail: readonly { readonly number: string; readonly title: string }[];
  readonly day: string;
  readonly started: string;
  readonly page: number;
  readonly pages: number;
  readonly turnsAll: number;
  readonly lanes: number;
  readonly map: readonly MapRow[];
  readonly findings: readonly (TurnFinding & { readonly page: number; readonly turn: number })[];
  readonly turns: readonly TurnView[];
  readonly totals: Totals;
  /** What was left out of long texts, to be fetched: address from the site's root, and size. */
  readonly rests: { readonly path: string; readonly bytes: number } | null;
}
