/**
 * An exchange as a curl command: what was sent, for sending it again by hand.
 *
 * Invariants: the output is safe to print and to paste into a POSIX shell (single quotes;
 * what a terminal would obey is spelled by printf, and a body with such in it goes through base64); a credential, masked or not, becomes the variable `$API_KEY`; headers
 * that curl makes itself, or that would contradict the decoded body, are left out.
 */
import type { ExchangeLine } from "./format/schema.ts";

const LEFT_OUT = new Set([
  "host",
  "connection",
  "keep-alive",
  "expect",
  "content-length",
  "transfer-encoding",
  "accept-encoding",
  "content-encoding",
]);
const CREDENTIAL = /^(authorization|proxy-authorization|cookie|x-api-key|api-key|x-goog-api-key)$/i;

/** The stored (decoded, redacted) body, or the name of a file that has it. */
export type CurlBody = Buffer | { readonly file: string } | null;

/** Where the daemon is reached, as a rule, with the upstream's name. */
export function daemonBase(upstream: string | null, origin = "http://127.0.0.1:4177"): string {
  return upstream === null ? origin : `${origin}/${upstream}`;
}

/** The command, on several lines, without a line end after the last. `base` goes before the path. */
export function asCurl(x: ExchangeLine, base: string, body: CurlBody): string {
  const { method, url, headers } = x.request;
  const path = url.startsWith("/") ? url : `/${url}`;
  const words = [`curl ${quoted(base + path)}`];
  if (method !== "POST" || body === null) words.push(`-X ${quoted(method)}`);
  for (const [name, value] of headers) {
    if (!LEFT_OUT.has(name.toLowerCase())) words.push(`-H ${header(name, value)}`);
  }
  const before = bodyWords(body, words);
  return `${before}${words.join(" \\\n  ")}`;
}

/** Adds the body's word; returns what has to stand before the command. */
function bodyWords(body: CurlBody, words: string[]): string {
  if (body === null || (Buffer.isBuffer(body) && body.length === 0)) return "";
  if (!Buffer.isBuffer(body)) {
    words.push(`--data-binary ${quoted(`@${body.file}`)}`);
    return "";
  }
  const text = body.toString("utf8");
  // A leading @ would name a file.
  if (!/^@/.test(text) && text.search(RISKY) < 0 && Buffer.from(text).equals(body)) {
    words.push(`--data-binary ${quoted(text)}`);
    return "";
  }
  words.push("--data-binary @-");
  return `printf %s ${body.toString("base64")} | base64 -d |\n`;
}

/** `authorization: Bearer …` keeps its scheme; the rest comes from the environment. */
function header(name: string, value: string): string {
  if (!CREDENTIAL.test(name) && !value.includes("[redacted")) return quoted(`${name}: ${value}`);
  const scheme = /^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? "";
  return `${quoted(`${name}: ${scheme}`)}"$API_KEY"`;
}

/** What a terminal obeys or hides. */
const RISKY = /(?!\t|\n|\u200c|\u200d|\ufeff)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

function quoted(text: string): string {
  if (/^[\w./:=@%+,-]+$/.test(text)) return text;
  const inQuotes = text.replaceAll("'", `'\\''`).replace(RISKY, (character) => {
    // NUL cannot stand in a word.
    if (character === "\0") return "";
    const octal = Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8)}`).join("");
    return `'"$(printf '${octal}')"'`;
  });
  return `'${inQuotes}'`;
}
