/**
 * Whether a streamed answer had come to its own end before its connection was closed: clients that
 * close right after the terminal event (Codex always does) got all there was to get.
 *
 * What always holds: pure; looks at the last lines of the decoded stream only; knows the terminal
 * events of the dialects by their fixed spelling, and says no when in doubt.
 */

/** The last event of a Responses stream carries the whole answer, so it may be long. */
const TAIL_BYTES_MAX = 4 * 1024 * 1024;

/** `body`: the decoded response; `contentType` as sent, or null. */
export function endsWithTerminalEvent(body: Buffer, contentType: string | null): boolean {
  if (body.length === 0) return false;
  const tail = body
    .subarray(Math.max(0, body.length - TAIL_BYTES_MAX))
    .toString("utf8")
    .trimEnd();
  if (contentType?.includes("ndjson") === true) {
    return /"done"\s*:\s*true/.test(tail.slice(tail.lastIndexOf("\n") + 1));
  }
  const last = lastEvent(tail);
  if (/^data:\s*\[DONE\]$/m.test(last)) return true;
  const type = /^event:\s*(\S+)/m.exec(last)?.[1] ?? /"type"\s*:\s*"([a-z_.]+)"/.exec(last)?.[1];
  if (type !== undefined) {
    return /^(?:message_stop|response\.(?:completed|failed|incomplete))$/.test(type);
  }
  // Gemini has no event of its own for the end: the last chunk says why it ended.
  return /"finishReason"\s*:\s*"[A-Z_]+"/.test(last) && last.endsWith("}");
}

function lastEvent(text: string): string {
  const at = Math.max(text.lastIndexOf("\n\n"), text.lastIndexOf("\r\n\r\n"));
  return text.slice(at + 1).trim();
}
