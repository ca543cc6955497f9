/**
 * The daemon's own routes under `/-/`: for monitors, scripts and people.
 *
 * Invariants: read-only, JSON unless said otherwise, never an upstream contacted, not
 * recorded. Strangers (beyond loopback, without the token) learn `ready` and the bare status of
 * `health`, which balancers need, and nothing else.
 */
import type { ClientStream } from "./client-stream.ts";
import type { Refusal } from "./guard.ts";
import { quote } from "./message-reader.ts";

/** What a route answers: a status and a body that is sent as JSON, or as text where it is a string. */
export interface OwnAnswer {
  readonly status: number;
  readonly body: object | string;
}

export interface OwnRoute {
  readonly answer: () => OwnAnswer;
  /** What a stranger gets; null: a refusal. */
  readonly bare: (() => OwnAnswer) | null;
}

export type OwnRoutes = Readonly<Record<string, OwnRoute>>;

/** `path` is what follows `/-/`, e.g. `/health`. Returns why not, where it is not answered. */
export function answerOwnRoute(
  routes: OwnRoutes,
  path: string,
  stream: ClientStream,
  isStranger: boolean,
): Refusal | null {
  const name = path.slice(1);
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (isStranger && !route?.bare) {
    return { code: "token-refused", message: "this route wants the token" };
  }
  if (route === undefined) return { code: "no-such-route", message: `no route ${quote(path)}` };
  const answer = isStranger && route.bare ? route.bare() : route.answer();
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
  return null;
}
