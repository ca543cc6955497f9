/**
 * Makes the `begin` frame out of the head of a request: what is on record of the caller.
 *
 * Invariants: credentials are masked, the daemon's token is left out, labels and session come
 * from headers alone (bodies are the filer's business). Pure.
 */

import type { Socket } from "node:net";
import { LIMITS } from "../../record/limits.ts";
import { recogniseClient, sessionOf } from "../config/clients.ts";
import type { Begin, HeaderPairs } from "../frames.ts";
import type { Intake } from "./intake.ts";
import { fewHeaders } from "./refusals.ts";
import type { RequestHead } from "./request-parser.ts";
import type { ProxyRuntime } from "./runtime.ts";

/** Own headers that steer the daemon and are therefore no labels. */
const STEERING = new Set(["token", "speed", "hop", "error"]);
const PREFIX = "x-callnumber-";
const FIRST_LETTER = PREFIX.charCodeAt(0);

export function makeBegin(
  id: string,
  request: RequestHead,
  socket: Socket,
  intake: Intake,
  runtime: ProxyRuntime,
): Begin {
  const injected = intake.target?.injected ?? [];
  const raw = intake.isStranger ? fewHeaders(request.raw) : request.raw;
  const agent = request.fields["user-agent"] ?? "";
  const rest = intake.isStranger ? intake.rest.slice(0, LIMITS.refusalTargetChars) : intake.rest;
  const isRefused = intake.target === null;
  const basePath = intake.target?.config.url.basePath ?? "";
  // An upstream's own path may hold a key too (`/bot123:…`).
  const added = basePath === "" ? injected : [...injected, "content-location", basePath];
  const { headers, url, sealed } = runtime.masker.request(raw, rest, added, isRefused);
  return {
    id,
    started: new Date().toISOString(),
    method: request.method,
    url,
    http: request.http,
    headers,
    upstream: intake.target?.config.name ?? null,
    client: {
      name: recogniseClient(request.fields),
      agent: raw.includes(agent) ? agent : null,
      address: socket.remoteAddress ?? null,
    },
    labels: labelsOf(headers),
    number: intake.number,
    session: sessionOf(request.fields),
    sealed,
  };
}

/** `x-callnumber-label: review` → `{label: "review"}`. */
function labelsOf(headers: HeaderPairs): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [sent, value] of headers) {
    // Hardly any header is one of ours: most are told by their length and first letter.
    if (sent.length <= PREFIX.length || (sent.charCodeAt(0) | 32) !== FIRST_LETTER) continue;
    const name = sent.toLowerCase();
    if (!name.startsWith(PREFIX)) continue;
    const label = name.slice(PREFIX.length);
    if (label !== "" && label !== "__proto__" && !STEERING.has(label)) {
      labels[label] = value;
    }
  }
  return labels;
}
