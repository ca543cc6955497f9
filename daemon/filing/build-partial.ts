/**
 * Records of what cannot be filed whole: as far as it goes, with the reason, never nothing.
 *
 * Invariants:
 * - Nothing is in the record that was not redacted: a body that redaction could not finish is left
 *   out, and where the request's own credentials cannot be opened, all that may hold them.
 * - `omitted` names each body that is left out: its bytes, its digest where it can still be read,
 *   and why.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type BuildTools, type BuiltRecord, buildRecord, lineOf } from "./build-record.ts";
import { buildTurn, type TurnOfSocket } from "./build-socket.ts";
import { noteOmitted, type Omission, omittedError } from "./omission.ts";
import type { SpooledExchange } from "./open-exchanges.ts";

const DEADLINE = "redaction did not finish in time";
const FAILED = "filing it whole failed";
const SEALED = "its credentials were sealed with another state key";

/** What is left out, from the least to the most. */
const TRIES: readonly Omission[] = [
  { request: false, response: true, reason: DEADLINE },
  { request: true, response: false, reason: DEADLINE },
  { request: true, response: true, reason: DEADLINE },
];

/** The record, without those bodies that cannot be redacted. Throws what else goes wrong. */
export async function buildAsFarAsPossible(
  x: SpooledExchange,
  tools: BuildTools,
): Promise<BuiltRecord> {
  try {
    return await buildRecord(x, tools);
  } catch (error) {
    if (!isUnredactable(error)) throw error;
    if (isSealed(error)) return bareRecord(x, tools, SEALED);
  }
  for (const omission of TRIES) {
    // Each took its time: signs of life go out in between.
    await turn();
    try {
      return await buildRecord(x, tools, omission);
    } catch (error) {
      if (!isUnredactable(error)) throw error;
    }
  }
  return bareRecord(x, tools, DEADLINE);
}

/** What surrounds the bodies, for what can be filed no other way. */
export async function buildWithoutBodies(
  x: SpooledExchange,
  tools: BuildTools,
): Promise<BuiltRecord> {
  try {
    return await buildRecord(x, tools, { request: true, response: true, reason: FAILED });
  } catch {
    return bareRecord(x, tools, FAILED);
  }
}

/** The record of a turn; without its messages where they cannot be redacted. */
export function buildTurnAsFarAsPossible(
  x: SpooledExchange,
  of: TurnOfSocket,
  tools: BuildTools,
): BuiltRecord {
  try {
    return buildTurn(x, of, tools);
  } catch (error) {
    if (!isUnredactable(error)) throw error;
    if (isSealed(error)) return bareRecord(x, tools, SEALED);
    const { index, ended, messages } = of.turn;
    const record = buildTurn(
      x,
      { ...of, turn: { index, ended, request: null, messages: [] } },
      tools,
    );
    record.line.error ??= omittedError({ request: true, response: true, reason: DEADLINE });
    const bytes = messages.reduce((sum, message) => sum + message.bytes.length, 0);
    if (record.line.response) record.line.response.omitted = { bytes, reason: DEADLINE };
    return record;
  }
}

/**
 * The record without bodies, URL and headers: when it was, where it went, how it ended. For what
 * cannot be made safe, or is gone.
 */
export function bareRecord(x: SpooledExchange, tools: BuildTools, reason: string): BuiltRecord {
  const { begin, responseHead: head } = x;
  if (begin === null) throw new Error(`exchange ${x.key} has no beginning`);
  const none = { requestTrailers: [], responseTrailers: [], chunks: null, framed: false };
  const clean = {
    ...none,
    begin: {
      ...begin,
      url: "/",
      headers: [],
      labels: {},
      session: null,
      client: { ...begin.client, agent: null },
      sealed: null,
    },
    request: null,
    response: null,
    head: head && { ...head, headers: [] },
    error: x.end?.error ? { code: x.end.error.code, message: "left out" } : null,
    redactions: [],
    derived: (bytes: Buffer) => bytes,
  };
  const nothing = { llm: null, assembled: null, session: null, firstTokenMs: null, notes: [] };
  const line = lineOf(x, clean, nothing);
  const all = { request: true, response: true, reason };
  line.error ??= omittedError(all);
  noteOmitted(line, x, tools, all);
  return { line, request: null, response: null, assembled: null };
}

function isUnredactable(error: unknown): boolean {
  return (error as { code?: string }).code === "redaction-deadline" || isSealed(error);
}

function isSealed(error: unknown): boolean {
  return (error as Error).name === "UnsealError";
}
