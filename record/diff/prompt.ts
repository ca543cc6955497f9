/**
 * A request as the prompt that a provider makes of it, cut into segments: where two prompts part,
 * and how much lies before and after that place.
 *
 * What always holds: the order is tools, system prompt, messages, as Anthropic documents it
 * (https://docs.claude.com/en/docs/build-with-claude/prompt-caching) and OpenAI's prefix caching
 * implies. Reasoning is left out: providers drop it from earlier turns by themselves. Token counts
 * are bytes over four, scaled to the provider's own count where it reported one.
 */

import type { NormalMessage, NormalRequest, NormalTool } from "../dialects/normal.ts";
import type { DiffSide, Divergence } from "./model.ts";
import { sameTool } from "./values.ts";

interface Segment extends Bit {
  readonly section: Divergence["section"];
  readonly position: number;
  readonly place: string;
}

/** Leading system messages: how many there are. */
export function systemCount(messages: readonly NormalMessage[]): number {
  const first = messages.findIndex(({ role }) => role !== "system");
  return first === -1 ? messages.length : first;
}

/** Where a message stands in the body: `messages[4]`, or `system` for a lone value. */
export const placeOf = (message: NormalMessage): string =>
  message.index === null ? message.key : `${message.key}[${message.index}]`;

/** A piece or a tool: what is compared, the text that may grow, and bytes of its JSON. */
interface Bit {
  readonly value: unknown;
  readonly text: string;
  readonly bytes: number;
}

const known = new WeakMap<NormalMessage, readonly Bit[]>();

/** The pieces of a message that reach the prompt; remembered, for turns share messages. */
function bitsOf(message: NormalMessage): readonly Bit[] {
  const seen = known.get(message);
  if (seen !== undefined) return seen;
  const bits = message.pieces
    .filter(({ kind }) => kind !== "reasoning")
    .map((piece) => {
      // A result stays what it is when the client puts words of the user into the same message.
      const role = piece.kind === "tool_result" ? "tool" : message.role;
      return bit([role, piece], piece.kind === "text" ? piece.text : "");
    });
  known.set(message, bits);
  return bits;
}

function bit(value: unknown, text: string): Bit {
  return { value, text, bytes: Buffer.byteLength(JSON.stringify(value)) };
}

const toolBits = new WeakMap<object, { readonly tool: NormalTool; readonly bit: Bit }>();

/** Turns share the schemas of their tools: one that was met is not written out again. */
function toolBit(tool: NormalTool): Bit {
  const { kind, name, description, schema } = tool;
  const shared = typeof schema === "object" && schema !== null ? schema : null;
  const known = shared && toolBits.get(shared);
  if (known && sameTool(known.tool, tool)) return known.bit;
  const made = bit([kind, name, description, schema], "");
  if (shared) toolBits.set(shared, { tool, bit: made });
  return made;
}

interface Placed {
  readonly section: Divergence["section"];
  readonly position: number;
  readonly segments: readonly Segment[];
}

const placed = new WeakMap<NormalMessage, Placed>();

/** The segments of a message at its place, remembered: it mostly stays where it is. */
function segmentsAt(
  message: NormalMessage,
  section: Divergence["section"],
  position: number,
): readonly Segment[] {
  const known = placed.get(message);
  if (known?.section === section && known.position === position) return known.segments;
  const place = placeOf(message);
  const segments = bitsOf(message).map((said) => ({ section, position, place, ...said }));
  placed.set(message, { section, position, segments });
  return segments;
}

function segmentsOf(request: NormalRequest): Segment[] {
  const segments: Segment[] = request.tools.map((tool, at) => ({
    section: "tools",
    position: at,
    place: `tools[${at}]`,
    ...toolBit(tool),
  }));
  const system = systemCount(request.messages);
  request.messages.forEach((message, at) => {
    for (const segment of segmentsAt(message, at < system ? "system" : "messages", at)) {
      segments.push(segment);
    }
  });
  return segments;
}

export interface Parting {
  readonly beforeTokens: number;
  readonly afterTokens: number;
  readonly divergence: Divergence | null;
  /** Whether the later prompt is nothing but a beginning of the earlier one. */
  readonly cut: boolean;
}

/** Where the prompt of `after` leaves that of `before`. */
export function partingOf(before: DiffSide, after: DiffSide): Parting {
  const [a, b] = [segmentsOf(before.request), segmentsOf(after.request)];
  const scale = scaleOf(a, before);
  const tokens = (segments: readonly Segment[], by: number): number =>
    Math.round(segments.reduce((sum, { bytes }) => sum + bytes, 0) * by);
  let at = 0;
  while (at < a.length && at < b.length && isSame(a[at]!, b[at]!)) at++;
  const whole = at === a.length || (at === a.length - 1 && grows(a[at]!, b[at]));
  const where = b[at] ?? a[at];
  // Where tools were added the first new one stands at the place of what came after the tools.
  const place =
    b[at] !== undefined && a[at] !== undefined && order(a[at]!) < order(b[at]!) ? a[at]! : where;
  return {
    beforeTokens: tokens(a, scale),
    afterTokens: tokens(b, scaleOf(b, after)),
    cut: at === b.length && at < a.length,
    divergence:
      whole || place === undefined
        ? null
        : {
            section: place.section,
            position: place.position,
            place: place.place,
            sharedTokens: tokens(a.slice(0, at), scale),
            lostTokens: tokens(a.slice(at), scale),
          },
  };
}

/** Turns share the segments of what they share: mostly the first look is enough. */
const isSame = (a: Segment, b: Segment): boolean =>
  a.value === b.value ||
  (a.bytes === b.bytes && JSON.stringify(a.value) === JSON.stringify(b.value));

const SECTIONS = ["tools", "system", "messages"];
const order = (segment: Segment): number => SECTIONS.indexOf(segment.section);

/** The last text of the earlier prompt, written on: all that was there is still there. */
function grows(old: Segment, now: Segment | undefined): boolean {
  if (now === undefined || old.section !== "messages" || old.position !== now.position)
    return false;
  return old.text !== "" && now.text.startsWith(old.text);
}

/** Tokens a byte: by the provider's own count where there is one. */
function scaleOf(segments: readonly Segment[], side: DiffSide): number {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const reported = side.llm?.usage?.input_tokens ?? 0;
  return reported > 0 && bytes > 0 ? reported / bytes : 1 / 4;
}
