/**
 * Evidence: the very place in an exchange, with what stood there before and what stands there now.
 *
 * What always holds: texts are cut to LIMITS.evidenceChars around nothing but their beginning, and
 * never inside a character.
 */
import { placeOf } from "../diff/prompt.ts";
import { LIMITS } from "../limits.ts";
import type { Evidence, Place, TurnView } from "./model.ts";

type Shown = string | null;

/** Evidence at a message of the request, by its position there. */
export function atMessage(turn: TurnView, position: number, before: Shown, after: Shown): Evidence {
  const message = turn.request.messages[position];
  const section = message?.role === "system" ? "system" : "messages";
  const path = message === undefined ? "" : placeOf(message);
  return at(turn, section, position, path, before, after);
}

export function atTool(
  turn: TurnView,
  position: number | null,
  before: Shown,
  after: Shown,
): Evidence {
  return at(
    turn,
    "tools",
    position,
    position === null ? "tools" : `tools[${position}]`,
    before,
    after,
  );
}

export function atSystem(turn: TurnView, before: Shown, after: Shown): Evidence {
  const position = turn.request.messages.findIndex(({ role }) => role === "system");
  const path = position === -1 ? "system" : placeOf(turn.request.messages[position]!);
  return at(turn, "system", position === -1 ? null : position, path, before, after);
}

export function atParameter(turn: TurnView, name: string, before: Shown, after: Shown): Evidence {
  return at(turn, "parameters", null, name, before, after);
}

export function atAnswer(turn: TurnView, after: Shown): Evidence {
  return at(turn, "answer", null, "", null, after);
}

export function atExchange(turn: TurnView, after: Shown): Evidence {
  return at(turn, "exchange", null, "", null, after);
}

function at(
  turn: TurnView,
  section: Place["section"],
  position: number | null,
  path: string,
  before: Shown,
  after: Shown,
): Evidence {
  const place = { exchange: turn.id, section, position, path };
  return { place, before: short(before), after: short(after) };
}

function short(value: Shown): Shown {
  if (value === null || value.length <= LIMITS.evidenceChars) return value;
  const end = value.charCodeAt(LIMITS.evidenceChars - 1);
  const broken = end >= 0xd800 && end <= 0xdbff;
  return `${value.slice(0, LIMITS.evidenceChars - (broken ? 1 : 0))}…`;
}
