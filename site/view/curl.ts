/**
 * The call as a command line for a shell: credentials come from the environment, the body from a
 * file, because no quoting survives a megabyte. Pure.
 */
import type { ExchangeLine } from "../../record/format/schema.ts";

/** Headers that curl sets itself or that belong to the connection. */
const OWN = new Set([
  "host",
  "content-length",
  "connection",
  "accept-encoding",
  "transfer-encoding",
  "expect",
  "keep-alive",
]);
const CREDENTIAL = /^(authorization|proxy-authorization|cookie|x-api-key|api-key|x-goog-api-key)$/i;

/** `curl …` for the daemon at its usual address; secrets stand as `$API_KEY`, the body as a file. */
export function curlOf(line: ExchangeLine): string {
  const { method, headers, url, body } = line.request;
  const path = url.startsWith("/") ? url : `/${url}`;
  const base = `http://127.0.0.1:4177${line.upstream ? `/${line.upstream}` : ""}`;
  const parts = [`curl ${quote(base + path)}`];
  if (method !== "POST" || body === null) parts.push(`-X ${quote(method)}`);
  for (const [name, value] of headers) {
    if (OWN.has(name.toLowerCase())) continue;
    parts.push(`-H ${header(name, value)}`);
  }
  if (body !== null) parts.push(`--data-binary @${line.id}.json`);
  return parts.join(" \\\n  ");
}

function header(name: string, value: string): string {
  if (!CREDENTIAL.test(name) && !value.includes("[redacted")) return quote(`${name}: ${value}`);
  const scheme = /^(Bearer|Basic|Token) /i.exec(value)?.[0] ?? "";
  return `"${name.replace(/["$`\\]/g, "")}: ${scheme}$API_KEY"`;
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
