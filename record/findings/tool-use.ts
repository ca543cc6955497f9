/**
 * Rules about tool calls within the history that a request carries.
 *
 * What always holds: a thing is reported in the turn in which it first shows, not in every later
 * one that repeats the history; tools that the provider runs itself need no result from the client.
 */
import type { NormalMessage, ToolCallPiece, ToolResultPiece } from "../dialects/normal.ts";
import { type Rule, type Scene, type TurnView, text } from "./model.ts";
import { atMessage } from "./places.ts";

/** Names under which providers run tools on their own side. */
const HOSTED =
  /^(web_search|web_fetch|file_search|code_interpreter|code_execution|image_generation|mcp|tool_search)/;

interface Call {
  readonly piece: ToolCallPiece;
  readonly position: number;
  readonly result: ToolResultPiece | null;
}

const known = new WeakMap<readonly NormalMessage[], readonly Call[]>();

/** Every call of the history with its result; several rules ask, of a turn and of the one before. */
function callsOf(messages: readonly NormalMessage[]): readonly Call[] {
  const seen = known.get(messages);
  if (seen !== undefined) return seen;
  const calls = findCalls(messages);
  known.set(messages, calls);
  return calls;
}

/** By id, else by name and order. */
function findCalls(messages: readonly NormalMessage[]): Call[] {
  const results: ToolResultPiece[] = [];
  for (const { pieces } of messages) {
    for (const piece of pieces) if (piece.kind === "tool_result") results.push(piece);
  }
  const byId = new Map(
    results.flatMap((result) => (result.id === null ? [] : [[result.id, result]])),
  );
  const nameless = results.filter(({ id }) => id === null);
  const calls: Call[] = [];
  messages.forEach(({ pieces }, position) => {
    for (const piece of pieces) {
      if (piece.kind !== "tool_call") continue;
      const at = nameless.findIndex(({ name }) => name === piece.name || name === null);
      const result =
        (piece.id === null ? undefined : byId.get(piece.id)) ??
        (at === -1 ? undefined : nameless.splice(at, 1)[0]);
      calls.push({ piece, position, result: result ?? null });
    }
  });
  return calls;
}

export const callUnanswered: Rule = {
  id: "tool-call-unanswered",
  severity: "error",
  title: text("Tool call without its result", "工具呼叫沒有結果"),
  test({ turn, before }) {
    if (turn.missing !== undefined) return [];
    const last = turn.request.messages.length - 1;
    const known = new Set(before === null ? [] : openCalls(before).map(keyOf));
    const open = openCalls(turn).filter((call) => call.position < last && !known.has(keyOf(call)));
    // One finding a message: a model may call many tools at once.
    return [...Map.groupBy(open, ({ position }) => position).values()].map((calls) => {
      const names = [...new Set(calls.map(({ piece }) => piece.name))].join(", ");
      return {
        text: text(
          `The model called ${names}, and what ${calls.length} of its calls returned is not in the history. Some providers refuse this; a model guesses.`,
          `模型呼叫了 ${names}，其中 ${calls.length} 次呼叫的結果不在歷史裡。有些服務會拒絕，模型則會亂猜。`,
        ),
        evidence: calls.map(({ piece, position }) =>
          atMessage(turn, position, null, `${piece.name}(${piece.arguments})`),
        ),
      };
    });
  },
};

const openCalls = (turn: TurnView): Call[] =>
  callsOf(turn.request.messages).filter(
    ({ piece, result }) => result === null && !HOSTED.test(piece.name),
  );

const keyOf = ({ piece }: Call): string => `${piece.id ?? ""}\0${piece.name}\0${piece.arguments}`;

/** Tools that read something, as agents name them. */
const READS =
  /(^|[_\-.:])(read|view|open|cat|get|show|load)(?![a-z])|^(Read|View|readFile|read_file|viewFile|openFile)/;
/** From so many equal readings on it is a habit. */
const AGAIN_COUNT = 3;

export const readAgain: Rule = {
  id: "file-read-again",
  severity: "notice",
  title: text("Same file read again and again", "同一個檔案一讀再讀"),
  test({ turn, before }) {
    const counted = readings(turn);
    const earlier = before === null ? new Map<string, Call[]>() : readings(before);
    return [...counted]
      .filter(
        ([key, calls]) =>
          calls.length >= AGAIN_COUNT && (earlier.get(key)?.length ?? 0) < AGAIN_COUNT,
      )
      .map(([, calls]) => {
        const { piece } = calls[0]!;
        return {
          text: text(
            `${piece.name} was called ${calls.length} times with the same arguments and returned the same each time: ${piece.arguments}`,
            `${piece.name} 以相同的參數呼叫了 ${calls.length} 次，每次結果都一樣：${piece.arguments}`,
          ),
          evidence: calls.map((call) =>
            atMessage(turn, call.position, null, `${piece.name}(${piece.arguments})`),
          ),
        };
      });
  },
};

const read = new WeakMap<readonly NormalMessage[], ReadonlyMap<string, Call[]>>();

/** Readings by name, arguments and result. */
function readings({ request: { messages } }: Scene["turn"]): ReadonlyMap<string, Call[]> {
  const known = read.get(messages);
  if (known !== undefined) return known;
  const found = findReadings(messages);
  read.set(messages, found);
  return found;
}

function findReadings(messages: readonly NormalMessage[]): Map<string, Call[]> {
  const found = new Map<string, Call[]>();
  for (const call of callsOf(messages)) {
    if (call.result === null || call.result.text === "" || !READS.test(call.piece.name)) continue;
    const key = [call.piece.name, call.piece.arguments, call.result.text].join("\0");
    const list = found.get(key);
    if (list) list.push(call);
    else found.set(key, [call]);
  }
  return found;
}
