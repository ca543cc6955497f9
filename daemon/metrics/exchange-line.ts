/**
 * One line of the log per exchange: `filed id=… number=11.11 upstream=openrouter …` (logfmt).
 *
 * What always holds: no body, no header, no URL, nothing that a redaction has not seen; values that
 * come from the wire are quoted and cut, so no line can be forged or flooded.
 */
import type { FiledNotice } from "../filing/messages.ts";

const VALUE_CHARS = 120;

export function exchangeLine(notice: FiledNotice): string {
  const { id, number, upstream, model, status, outcome, totalMs } = notice;
  const ms = totalMs === null ? null : Math.round(totalMs);
  const fields = { id, number, upstream, model, status, outcome, ms };
  const words = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${shown(String(value))}`);
  return `filed ${words.join(" ")}`;
}

function shown(value: string): string {
  const cut = value.length > VALUE_CHARS ? `${value.slice(0, VALUE_CHARS)}…` : value;
  if (/^[\w.:/@+…-]+$/.test(cut)) return cut;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}
