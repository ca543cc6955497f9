/**
 * Headers and members of URLs in an exchange line whose *names* say that their values are
 * credentials, and that are not masked: what an older version has let through.
 */
import { createRedactor, type Redactor } from "./redactor.ts";

export interface NamedSecret {
  readonly rule: string;
  /** `request.headers.x-api-key 3`: place, and position in it. */
  readonly where: string;
  readonly value: string;
}

type Pairs = readonly (readonly [string, string])[];

interface Message {
  readonly url?: unknown;
  readonly headers?: unknown;
  readonly trailers?: unknown;
}

/** `Bearer sk-or-v1-…[redacted fp:1a2b3c4d]`, as whichever version wrote it. */
const MASKED = /^(?:[\w-]+ )?\S{0,24}\[redacted[^\]]{0,40}\]$/;

let redactor: Redactor | undefined;

/** Of a line of a capture file, without its LF; none in any other line. */
export function namedIn(line: Buffer): NamedSecret[] {
  if (!line.toString("latin1", 0, 20).startsWith('{"type":"exchange",')) return [];
  let record: { request?: Message; response?: Message | null };
  try {
    record = JSON.parse(line.toString());
  } catch {
    return [];
  }
  const found: NamedSecret[] = [];
  for (const [side, message] of [
    ["request", record.request],
    ["response", record.response],
  ] as const) {
    for (const kind of ["headers", "trailers"] as const) {
      found.push(...namedPairs(message?.[kind], `${side}.${kind}`));
    }
  }
  const url = record.request?.url;
  if (typeof url === "string") {
    const { hits } = byName().redactUrl(url);
    if (hits.some(isByName)) found.push({ rule: "credential-parameter", where: "url", value: url });
  }
  return found;
}

function namedPairs(pairs: unknown, where: string): NamedSecret[] {
  if (!Array.isArray(pairs)) return [];
  return pairs.filter(isPair).flatMap(([name, value], n): NamedSecret[] => {
    if (MASKED.test(value)) return [];
    const { hits } = byName().redactHeaders([[name, value]] satisfies Pairs, where);
    const rule = hits.find(isByName)?.rule;
    return rule === undefined
      ? []
      : [{ rule, where: `${where}.${name.toLowerCase()} ${n}`, value }];
  });
}

const isByName = ({ rule }: { rule: string }): boolean =>
  rule === "credential-header" || rule === "credential-parameter";

function isPair(pair: unknown): pair is [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string");
}

function byName(): Redactor {
  redactor ??= createRedactor({ fingerprint: () => "00000000" });
  return redactor;
}
