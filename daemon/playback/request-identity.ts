/**
 * When two requests are the same for playback: what of a body counts, and what may differ.
 *
 * Invariants: pure. Two bodies are the same when they are equal byte for byte, or as JSON:
 * whatever the order of members and the spacing, without the top-level members that name the caller
 * or the call and not what is asked (VOLATILE), and without `cache_control`, which moves from turn to
 * turn. A multipart form counts without its boundary. All else counts: a date in a prompt, too.
 */
import { hash } from "node:crypto";
import { LIMITS } from "../../record/limits.ts";

const VOLATILE = new Set([
  ...["metadata", "client_metadata", "user", "user_id", "safety_identifier"],
  ...["prompt_cache_key", "session_id", "conversation_id", "request_id", "trace_id"],
]);

export const EMPTY_SHA256 = hash("sha256", "", "hex");

/** `method path`, without the fields of a query that carry keys. */
export function addressOf(method: string, url: string): string {
  const [path, query] = url.split("?", 2) as [string, string | undefined];
  const fields = (query ?? "")
    .split("&")
    .filter((field) => field !== "" && !/^(?:key|api_key|token)=/i.test(field))
    .sort();
  return `${method} ${fields.length === 0 ? path : `${path}?${fields.join("&")}`}`;
}

/** Digest of what a body asks; null where it has nothing but its bytes. */
export function askedDigest(body: Buffer, contentType: string | null): string | null {
  const boundary = /^multipart\/.*boundary="?([^";]+)/i.exec(contentType ?? "")?.[1];
  if (boundary !== undefined) {
    return hash("sha256", body.toString("latin1").replaceAll(boundary, "boundary"), "hex");
  }
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value !== "object" || value === null) return null;
    const asked = Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).filter(([name]) => !VOLATILE.has(name)));
    return hash("sha256", JSON.stringify(sorted(asked, LIMITS.jsonDepthCount)), "hex");
  } catch {
    return null;
  }
}

/** Members in one order. Throws RangeError where it nests deeper than `depth`. */
function sorted(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) throw new RangeError("nested too deeply");
  if (Array.isArray(value)) return value.map((inner) => sorted(inner, depth - 1));
  const names = Object.keys(value).sort();
  // Pairs, not members: one named __proto__ is one like any other.
  return names
    .filter((name) => name !== "cache_control")
    .map((name) => [name, sorted((value as Record<string, unknown>)[name], depth - 1)]);
}
