/**
 * The vocabulary that every dialect speaks: one shape for messages, tools and parameters, whatever
 * the API. Conversations, diffs, findings and the site are written against these types alone.
 *
 * What always holds: a normal form is a *view*, made anew from the bytes whenever it is needed. It
 * is never stored, and nothing that the provider said is thought lost because it has no place here
 * (the body keeps it); what has no kind of its own becomes a piece of kind "unknown".
 */
import type { Member } from "../bodies/layout.ts";
import type { Llm } from "../format/schema.ts";

/** Header pairs in wire order, as in a capture. */
export type HeaderPairs = readonly (readonly [string, string])[];

/** What crossed the wire in one exchange, bodies already content-decoded. */
export interface WireExchange {
  readonly method: string;
  /**
   * Upstream: the upstream's name is already gone from the path. Absolute where its origin is known,
   * which prices need; a path with its query otherwise.
   */
  readonly url: string;
  readonly requestHeaders: HeaderPairs;
  readonly requestBody: Uint8Array | null;
  /** Layout of a request body that is a JSON object, where it is known: spares parsing it anew. */
  readonly requestLayout?: readonly Member[] | null;
  readonly status: number | null;
  readonly responseHeaders: HeaderPairs;
  readonly responseBody: Uint8Array | null;
  /** Where each chunk of the response body ends (byte offset) and when it came; null if unknown. */
  readonly chunks: readonly { readonly ms: number; readonly end: number }[] | null;
  /** When the exchange began: prices change. Absent: the prices of today. */
  readonly started?: Date;
}

export interface Understood {
  /** Null where the exchange is no LLM call. */
  readonly llm: Llm | null;
  /** JSON text of the message that a stream adds up to, in the provider's non-streaming shape. */
  readonly assembled: string | null;
  /** The session id that the request *body* names; headers come first and are the filer's work. */
  readonly session: string | null;
  /** When the chunk came that completed the first token of content; null for a plain body. */
  readonly firstTokenMs: number | null;
  /** What could not be understood, and why. */
  readonly notes: string[];
}

export interface TextPiece {
  readonly kind: "text";
  readonly text: string;
}
export interface ReasoningPiece {
  readonly kind: "reasoning";
  /** Empty where the provider only sent it encrypted or redacted. */
  readonly text: string;
  readonly encrypted: boolean;
}
export interface MediaPiece {
  readonly kind: "image" | "audio" | "document" | "video";
  /** Media type where one is said. */
  readonly media: string | null;
  /** Size of inline data in bytes, null for a reference. */
  readonly bytes: number | null;
  /** URL or file id, null for inline data. */
  readonly ref: string | null;
}
export interface ToolCallPiece {
  readonly kind: "tool_call";
  readonly id: string | null;
  readonly name: string;
  /** JSON text, or whatever text the model wrote. */
  readonly arguments: string;
}
export interface ToolResultPiece {
  readonly kind: "tool_result";
  readonly id: string | null;
  readonly name: string | null;
  readonly text: string;
  readonly error: boolean;
}
export interface UnknownPiece {
  readonly kind: "unknown";
  readonly type: string;
  readonly json: string;
}
export type Piece =
  | TextPiece
  | ReasoningPiece
  | MediaPiece
  | ToolCallPiece
  | ToolResultPiece
  | UnknownPiece;

export type Role = "system" | "user" | "assistant" | "tool";

export interface NormalMessage {
  readonly role: Role;
  readonly pieces: readonly Piece[];
  /** Position in the body's list; null where the body has a lone value (`system: "…"`). */
  readonly index: number | null;
  /** Which member of the body it stands in: messages, input, contents, system, instructions … */
  readonly key: string;
}

export interface NormalTool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the input, as sent; null where the tool is the provider's own. */
  readonly schema: unknown;
  /** `function`, or the provider's type: `web_search`, `bash_20250124`, `googleSearch` … */
  readonly kind: string;
}

export interface NormalRequest {
  readonly model: string | null;
  readonly messages: NormalMessage[];
  readonly tools: NormalTool[];
  /** Every other top-level member of the body, as sent. */
  readonly parameters: Record<string, unknown>;
}
