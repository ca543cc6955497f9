/**
 * Normalised messages as the pages show them: every piece with its text already clipped, laid out
 * and named, so that templates only place things.
 *
 * What always holds: nothing is parsed more than once, nothing recurses into captured data, and
 * the size of a view is bounded by its text limit however long the message is.
 */
import type { NormalMessage, NormalTool, Piece } from "../../record/dialects/normal.ts";
import { type Clipped, clip, type Keep } from "./clip.ts";
import { looksLikeJson, prettyJson } from "./pretty-json.ts";

export interface PieceView {
  readonly kind: Piece["kind"];
  /** Name of a tool, type of what is unknown, media type. */
  readonly name: string | null;
  readonly text: Clipped;
  /** Laid out as JSON or other code, not as prose. */
  readonly code: boolean;
  /** The tool reported a failure, or reasoning that is encrypted. */
  readonly flag: boolean;
  readonly bytes: number | null;
}

export interface MessageView {
  readonly role: NormalMessage["role"];
  /** What a link to it names, after the turn's own: `m4`; null where nothing leads to it. */
  readonly anchor: string | null;
  readonly pieces: readonly PieceView[];
}

export interface ToolView {
  readonly name: string;
  readonly description: Clipped;
  readonly schema: Clipped;
}

/** How much of captured text a page holds at first. */
export interface TextLimits {
  /** Characters of one piece. */
  readonly pieceChars: number;
  /** Levels to which JSON is laid out. */
  readonly depth: number;
  /** Nothing else of the page may be fetched or looked up: changes and parameters are whole too. */
  readonly whole?: boolean;
  /** Takes what is left out of a long text. */
  readonly keep?: Keep;
}

export function messageView(
  message: NormalMessage,
  limits: TextLimits,
  anchor: string | null = null,
): MessageView {
  return {
    role: message.role,
    anchor,
    pieces: message.pieces.map((piece) => pieceView(piece, limits)).filter(isWorthShowing),
  };
}

export function toolView(tool: NormalTool, limits: TextLimits): ToolView {
  return {
    name: tool.name,
    description: clip(tool.description ?? "", limits.pieceChars, limits.keep),
    schema: clip(
      prettyJson(JSON.stringify(tool.schema ?? null), limits.depth),
      limits.pieceChars,
      limits.keep,
    ),
  };
}

/** The plain text of a message, for first words, search and comparisons. */
export function messageText(message: NormalMessage): string {
  return message.pieces.map(pieceText).filter(Boolean).join("\n");
}

export function pieceText(piece: Piece): string {
  switch (piece.kind) {
    case "text":
    case "tool_result":
      return piece.text;
    case "reasoning":
      return piece.encrypted ? "" : piece.text;
    case "tool_call":
      return `${piece.name} ${piece.arguments}`;
    case "unknown":
      return piece.json;
    default:
      return "";
  }
}

function pieceView(piece: Piece, limits: TextLimits): PieceView {
  const view = { kind: piece.kind, name: null, code: false, flag: false, bytes: null };
  switch (piece.kind) {
    case "text":
      return { ...view, text: clip(piece.text, limits.pieceChars, limits.keep) };
    case "reasoning":
      return {
        ...view,
        flag: piece.encrypted,
        text: clip(piece.encrypted ? "" : piece.text, limits.pieceChars, limits.keep),
      };
    case "tool_call":
      return { ...view, name: piece.name, code: true, text: laidOut(piece.arguments, limits) };
    case "tool_result":
      return {
        ...view,
        name: piece.name,
        flag: piece.error,
        code: true,
        text: looksLikeJson(piece.text)
          ? laidOut(piece.text, limits)
          : clip(piece.text, limits.pieceChars, limits.keep),
      };
    case "unknown":
      return { ...view, name: piece.type, code: true, text: laidOut(piece.json, limits) };
    default:
      return {
        ...view,
        name: piece.media,
        bytes: piece.bytes,
        text: clip(piece.ref ?? "", limits.pieceChars, limits.keep),
      };
  }
}

/** JSON is laid out only as far as it can be seen: a megabyte of arguments costs its first page. */
function laidOut(json: string, limits: TextLimits): Clipped {
  if (json.length <= limits.pieceChars * 4) {
    return clip(prettyJson(json, limits.depth), limits.pieceChars, limits.keep);
  }
  const cut = clip(json, limits.pieceChars, limits.keep);
  return { ...cut, head: prettyJson(cut.head, limits.depth) };
}

function isWorthShowing(piece: PieceView): boolean {
  return piece.kind !== "text" || piece.text.head.trim() !== "";
}
