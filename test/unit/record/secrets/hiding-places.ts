/**
 * The places in which a credential can cross the wire, and what a reader of the captures would look
 * at afterwards. Each place takes a credential, sends it through the redactor as the filer does, and
 * gives everything that would be written.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import type { Chunk, Redactor } from "../../../../record/secrets/redactor.ts";
import type { Kind } from "./credential-kinds.ts";

export interface Place {
  readonly name: string;
  /** All texts that would reach the tree, joined deltas included. */
  readonly written: (redactor: Redactor, kind: Kind) => string[];
}

const body = (redactor: Redactor, json: unknown): string[] => {
  const { value } = redactor.redactBody(Buffer.from(JSON.stringify(json)));
  const text = value.toString("utf8");
  JSON.parse(text);
  return [text];
};

const message = (content: unknown): object => ({
  model: "m",
  messages: [{ role: "user", content }],
});

const dotEnv = ({ text }: Kind): string =>
  `NODE_ENV=production\nPORT=8080\n${text.includes("=") || text.includes(":") ? text : `SOME_KEY="${text}"`}\nDEBUG=0\n`;

/** Pieces of about a third, so that every key lies in at least two. */
function thirds(text: string, kind: Kind): string[] {
  const at = text.indexOf(kind.secret);
  const n = kind.secret.length;
  const cuts = [0, at + Math.floor(n / 3), at + Math.floor((2 * n) / 3), text.length];
  return cuts.slice(1).map((cut, i) => text.slice(cuts[i], cut));
}

interface Dialect {
  readonly name: string;
  readonly event: (piece: string) => string;
  /** Where an assembler finds the delta in an event. */
  readonly path: readonly (string | number)[];
}

const sse = (json: unknown): string => `data: ${JSON.stringify(json)}\n\n`;
const typed = (json: { type: string; [key: string]: unknown }): string =>
  `event: ${json.type}\n${sse(json)}`;

const chat = (delta: object): string => sse({ id: "c", choices: [{ index: 0, delta }] });
const block = (index: number, type: string, key: string, piece: string): string =>
  typed({ type: "content_block_delta", index, delta: { type, [key]: piece } });
const item = (type: string, delta: string): string =>
  typed({ type, item_id: "i", output_index: 0, content_index: 0, delta });

const DIALECTS: readonly Dialect[] = [
  {
    name: "chat content",
    event: (content) => chat({ content }),
    path: ["choices", 0, "delta", "content"],
  },
  {
    name: "chat reasoning",
    event: (reasoning) => chat({ reasoning }),
    path: ["choices", 0, "delta", "reasoning"],
  },
  {
    name: "chat tool arguments",
    event: (args) => chat({ tool_calls: [{ index: 1, function: { arguments: args } }] }),
    path: ["choices", 0, "delta", "tool_calls", 0, "function", "arguments"],
  },
  {
    name: "messages text",
    event: (text) => block(0, "text_delta", "text", text),
    path: ["delta", "text"],
  },
  {
    name: "messages thinking",
    event: (thinking) => block(0, "thinking_delta", "thinking", thinking),
    path: ["delta", "thinking"],
  },
  {
    name: "messages tool input",
    event: (json) => block(1, "input_json_delta", "partial_json", json),
    path: ["delta", "partial_json"],
  },
  {
    name: "responses text",
    event: (delta) => item("response.output_text.delta", delta),
    path: ["delta"],
  },
  {
    name: "responses tool arguments",
    event: (delta) => item("response.function_call_arguments.delta", delta),
    path: ["delta"],
  },
  {
    name: "gemini text",
    event: (text) => sse({ candidates: [{ content: { parts: [{ text }], role: "model" } }] }),
    path: ["candidates", 0, "content", "parts", 0, "text"],
  },
  {
    name: "ollama ndjson",
    event: (content) => `${JSON.stringify({ message: { content }, done: false })}\n`,
    path: ["message", "content"],
  },
];

function deltaOf(event: unknown, path: Dialect["path"]): string {
  let at = event as Record<string | number, unknown> | undefined;
  for (const key of path) at = at?.[key] as typeof at;
  return typeof at === "string" ? at : "";
}

/** The stream in chunks that are not the events: 37 bytes each, 5 ms apart. */
function asChunks(text: string): Chunk[] {
  const bytes = Buffer.from(text);
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length; at += 37) {
    chunks.push([5 * chunks.length, bytes.subarray(at, at + 37)]);
  }
  return chunks;
}

function split(dialect: Dialect, isArguments: boolean): Place {
  return {
    name: `split over deltas: ${dialect.name}`,
    written: (redactor, kind) => {
      const said = `Here it is:\n${kind.text}\nDone.`;
      const whole = isArguments ? JSON.stringify({ path: ".env", content: said }) : said;
      const escaped = isArguments
        ? { ...kind, secret: JSON.stringify(kind.secret).slice(1, -1) }
        : kind;
      const stream = thirds(whole, escaped).map(dialect.event).join("");
      const { value } = redactor.redactChunks(asChunks(stream));
      const text = Buffer.concat(value.map(([, b]) => b)).toString();
      const events = [...text.matchAll(/^(?:data: )?(\{.*\})$/gm)].map((m) => JSON.parse(m[1]!));
      return [text, events.map((e) => deltaOf(e, dialect.path)).join("")];
    },
  };
}

export const PLACES: readonly Place[] = [
  {
    name: "credential header",
    written: (redactor, { secret }) => {
      const headers: [string, string][] = [
        ["Authorization", `Bearer ${secret}`],
        ["x-api-key", secret],
      ];
      return redactor.redactHeaders(headers).value.flat() as string[];
    },
  },
  {
    name: "any other header",
    written: (redactor, { text }) => {
      const value = text.replaceAll("\n", " ");
      return redactor.redactHeaders([["x-debug-info", `v=1; ${value}`]]).value.flat() as string[];
    },
  },
  {
    name: "query parameter",
    written: (redactor, { secret }) => [
      redactor.redactUrl(`/v1beta/models?key=${encodeURIComponent(secret)}&alt=sse`).value,
    ],
  },
  {
    name: "query parameter of another name",
    written: (redactor, { text }) => [
      redactor.redactUrl(`https://x.example/v1?q=${encodeURIComponent(`a ${text} b`)}&n=1`).value,
    ],
  },
  { name: "JSON string", written: (r, { text }) => body(r, message(`Use this:\n${text}\nthanks`)) },
  {
    name: "JSON value by itself",
    written: (r, { text }) => body(r, message([{ type: "text", text }])),
  },
  {
    name: "nested JSON in a string",
    written: (r, { text }) => {
      const inner = JSON.stringify({ stdout: `line\n${text}\n`, code: 0 });
      return body(r, { input: [{ type: "function_call_output", output: inner }] });
    },
  },
  {
    name: "JSON in JSON in a string",
    written: (r, { text }) => {
      const inner = JSON.stringify({ result: JSON.stringify({ stdout: `\t${text}\n` }) });
      return body(r, message(inner));
    },
  },
  {
    name: ".env in a tool's output",
    written: (r, kind) => body(r, { messages: [{ role: "tool", content: dotEnv(kind) }] }),
  },
  {
    name: "base64 by itself",
    written: (r, { text }) => body(r, message(Buffer.from(text).toString("base64"))),
  },
  {
    name: "base64 of a file",
    written: (r, kind) => {
      const file = `# notes on the deployment, see the wiki\n${dotEnv(kind).repeat(1)}# the end of the file\n`;
      return body(
        r,
        message([
          { type: "file", data: Buffer.from(`${file}${"-- \n".repeat(300)}`).toString("base64") },
        ]),
      );
    },
  },
  {
    name: "base64url",
    written: (r, { text }) =>
      body(r, message(`x ${Buffer.from(`k ${text}`).toString("base64url")}`)),
  },
  {
    name: "URL-encoded",
    written: (r, { text }) => body(r, message(`callback?state=${encodeURIComponent(text)}&x=1`)),
  },
  {
    name: "every letter percent-encoded",
    written: (r, { text }) => {
      const all = [...Buffer.from(text)].map((b) => `%${b.toString(16).toUpperCase()}`).join("");
      return body(r, message(`q=${all.replaceAll("%A", "%0A")}`));
    },
  },
  {
    name: "every letter \\u-escaped",
    written: (r, { text }) => {
      const all = [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
      const { value } = r.redactBody(Buffer.from(`{"messages":[{"content":"a ${all.join("")}"}]}`));
      return [value.toString(), JSON.stringify(JSON.parse(value.toString()))];
    },
  },
  {
    name: "gzip body",
    written: (r, { text }) => {
      const wire = gzipSync(JSON.stringify(message(`see ${text} there`)));
      return [r.redactBody(gunzipSync(wire)).value.toString()];
    },
  },
  {
    name: "error message of the upstream",
    written: (r, { text }) =>
      body(r, {
        error: { message: `Incorrect API key provided: ${text}. Check your settings.`, code: 401 },
      }),
  },
  {
    name: "plain text body",
    written: (r, { text }) => [
      r
        .redactBody(Buffer.from(`401 Unauthorized\r\nthe request said: ${text}\r\n`))
        .value.toString(),
    ],
  },
  ...DIALECTS.map((d) => split(d, /arguments|input/.test(d.name))),
];

/** True if somebody who decodes what can be decoded sees the secret. */
export function shows(texts: readonly string[], secret: string): boolean {
  const forms = new Set([secret, encodeURIComponent(secret)]);
  for (const t of [secret, encodeURIComponent(secret)]) forms.add(JSON.stringify(t).slice(1, -1));
  const encoded = [0, 1, 2].map((phase) => {
    const whole = Buffer.from("\0".repeat(phase) + secret).toString("base64");
    return whole.slice(Math.ceil((phase * 8) / 6), Math.floor(((phase + secret.length) * 8) / 6));
  });
  for (const e of encoded) forms.add(e).add(e.replaceAll("+", "-").replaceAll("/", "_"));
  return texts.some((text) => {
    const decoded = text.replace(/%[0-9A-F]{2}/gi, (h) =>
      String.fromCharCode(Number.parseInt(h.slice(1), 16)),
    );
    return [...forms].some((f) => text.includes(f) || decoded.includes(f));
  });
}
