/**
 * The daemon's own routes under `/-/`: for monitors, scripts and people.
 *
 * What always holds: read-only, JSON unless said otherwise, no token needed for what tells nothing
 * (`health`, `ready`, `version`), never an upstream contacted, not recorded.
 */
import type { ClientStream } from "./client-stream.ts";

/** What a route answers: a status and a body that is sent as JSON, or as text where it is a string. */
export interface OwnAnswer {
  readonly status: number;
  readonly body: object | string;
}

export type OwnRoutes = Readonly<Record<string, () => OwnAnswer>>;

/** `path` is what follows `/-/`, e.g. `/health`. False where there is no such route. */
export function answerOwnRoute(routes: OwnRoutes, path: string, stream: ClientStream): boolean {
  const name = path.slice(1);
  if (!Object.hasOwn(routes, name)) return false;
  const answer = routes[name]?.();
  if (answer === undefined) return false;
  const text = typeof answer.body === "string" ? answer.body : `${JSON.stringify(answer.body)}\n`;
  const type = typeof answer.body === "string" ? "text/plain; version=0.0.4" : "application/json";
  const body = Buffer.from(text);
  stream.head(answer.status, answer.status === 200 ? "OK" : "", [
    "content-type",
    `${type}; charset=utf-8`,
    "content-length",
    String(body.length),
    "cache-control",
    "no-store",
  ]);
  stream.finish([body]);
  return true;
}
