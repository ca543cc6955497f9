/**
 * The ways in which a server writes what it was sent into its answer, and whether somebody who reads
 * the record, and decodes what can be decoded, would see it.
 */

export interface Echo {
  readonly name: string;
  readonly type: string;
  readonly write: (secret: string) => string;
}

const html = (text: string): string =>
  text.replace(
    /[&<>"'/=+]/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? `&#${c.charCodeAt(0)};`,
  );
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const message = (text: string): string =>
  JSON.stringify({ error: { message: `Incorrect API key provided: ${text}. See the docs.` } });

export const ECHOES: readonly Echo[] = [
  {
    name: "plain text",
    type: "text/plain",
    write: (s) => `401: the request said ${s}, which is wrong\r\n`,
  },
  { name: "JSON string", type: "application/json", write: message },
  {
    name: "JSON in JSON",
    type: "application/json",
    write: (s) => JSON.stringify({ body: message(s) }),
  },
  {
    name: "JSON with escaped slashes",
    type: "application/json",
    write: (s) => message(s).replaceAll("/", "\\/"),
  },
  {
    name: "JSON with every letter escaped",
    type: "application/json",
    write: (s) =>
      `{"m":"${[...s].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"}`,
  },
  {
    name: "HTML error page",
    type: "text/html",
    write: (s) => `<html><body><h1>403</h1><p>Key ${html(s)} refused</p></body></html>`,
  },
  {
    name: "URL-encoded",
    type: "text/plain",
    write: (s) => `https://x.example/cb?state=${encodeURIComponent(s)}&n=1`,
  },
  {
    name: "form",
    type: "application/x-www-form-urlencoded",
    write: (s) => `a=1&said=${encodeURIComponent(s)}&b=2`,
  },
  {
    name: "form, by a credential's name",
    type: "application/x-www-form-urlencoded",
    write: (s) => `client_secret=${encodeURIComponent(s)}&b=2`,
  },
  ...[0, 1, 2].map((phase) => ({
    name: `base64 of a text, phase ${phase}`,
    type: "application/json",
    write: (s: string) => JSON.stringify({ data: base64(`${"x".repeat(phase)}key: ${s} end`) }),
  })),
  {
    name: "base64 of a long file",
    type: "application/json",
    write: (s) =>
      JSON.stringify({ data: base64(`${"# notes\n".repeat(90)}K=${s}\n${"-- \n".repeat(200)}`) }),
  },
  {
    name: "base64url",
    type: "text/plain",
    write: (s) => `state ${Buffer.from(`k ${s} e`).toString("base64url")} given`,
  },
  {
    name: "URL-encoded base64",
    type: "text/plain",
    write: (s) => `?state=${encodeURIComponent(base64(`key: ${s} end`))}`,
  },
];

function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((phase) => {
    const whole = Buffer.from("\0".repeat(phase) + secret).toString("base64");
    const form = whole.slice(
      Math.ceil((phase * 8) / 6),
      Math.floor(((phase + secret.length) * 8) / 6),
    );
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** What can be read in a text without knowing how it was written. */
export function readings(text: string): string[] {
  const percent = text.replace(/%[0-9A-F]{2}/gi, (h) =>
    String.fromCharCode(Number.parseInt(h.slice(1), 16)),
  );
  const unescaped = percent
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\+(["\\/])/g, "$1");
  const entities = unescaped
    .replace(/&#(\d+);/g, (_, n) => String.fromCharCode(Number(n)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  return [text, percent, unescaped, entities];
}

/** The longest run of the secret's characters that can be read in the texts, from eight on; or "". */
export function seenOf(secret: string, texts: readonly string[]): string {
  const all = texts.flatMap(readings);
  const size = Math.min(secret.length, 8);
  for (let at = 0; at + size <= secret.length; at += 1) {
    const part = secret.slice(at, at + size);
    if (all.some((text) => text.includes(part))) return part;
  }
  return base64Forms(secret).find((form) => all.some((text) => text.includes(form))) ?? "";
}
