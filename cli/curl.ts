/**
 * An exchange as a curl command: what was sent, for sending it again by hand.
 *
 * What always holds: the output is safe to paste into a shell (single quotes, bytes that are no
 * text go through base64), and a masked credential becomes an environment variable's name.
 */
import type { ExchangeLine } from "../record/format/schema.ts";

/** Headers that curl makes itself, or that would contradict the decoded body. */
const LEFT_OUT = new Set([
  "host",
  "content-length",
  "connection",
  "transfer-encoding",
  "accept-encoding",
  "content-encoding",
]);
const MASKED = /\[redacted/;

/** The command, several lines, ended by LF. `body` is the stored (decoded, redacted) request body. */
export function asCurl(x: ExchangeLine, body: Buffer | null): string {
  const words = [`curl -X ${quoted(x.request.method)} "$BASE_URL"${quoted(x.request.url)}`];
  for (const [name, value] of x.request.headers) {
    if (LEFT_OUT.has(name.toLowerCase())) continue;
    words.push(MASKED.test(value) ? masked(name, value) : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body !== null && body.length > 0) {
    const text = body.toString("utf8");
    if (!text.includes("\0") && Buffer.from(text).equals(body))
      words.push(`--data-binary ${quoted(text)}`);
    else
      return `printf %s ${body.toString("base64")} | base64 -d |\n${[...words, "--data-binary @-"].join(" \\\n  ")}\n`;
  }
  return `${words.join(" \\\n  ")}\n`;
}

/** `authorization: Bearer …` keeps its scheme; the rest comes from the environment. */
function masked(name: string, value: string): string {
  const scheme = /^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? "";
  return `-H ${quoted(`${name}: ${scheme}`)}"$${variableName(name)}"`;
}

function variableName(header: string): string {
  return /^(authorization|x-api-key|api-key|x-goog-api-key)$/i.test(header)
    ? "API_KEY"
    : header.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

function quoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
