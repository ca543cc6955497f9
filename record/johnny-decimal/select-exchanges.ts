/**
 * `--where`: which exchanges are meant, as `name=glob` conditions joined by commas. All must hold.
 *
 *   model=claude-*,outcome=complete        label.task=review
 *
 * Invariants: pure; `*` stands for any text and `?` for one character, capitals do not
 * matter; an unknown name is an error, never a condition that quietly matches nothing.
 */
import { CodedError } from "../errors.ts";
import type { ExchangeLine } from "../format/schema.ts";

type Value = (x: ExchangeLine) => readonly (string | null | undefined)[];

const VALUES: Readonly<Record<string, Value>> = {
  id: (x) => [x.id],
  client: (x) => [x.client.name],
  agent: (x) => [x.client.agent],
  upstream: (x) => [x.upstream],
  model: (x) => [x.llm?.model, x.llm?.served_model],
  api: (x) => [x.llm?.api],
  outcome: (x) => [x.outcome],
  session: (x) => [x.session],
  status: (x) => [x.response && String(x.response.status)],
  url: (x) => [x.request.url],
};

/** Parses conditions. Throws `bad-argument` naming the one that is none. */
export function parseWhere(text: string): (x: ExchangeLine) => boolean {
  const conditions = text.split(",").map((part) => {
    const [, name, glob] = /^\s*([a-z]+(?:\..+?)?)\s*=\s*(.*?)\s*$/su.exec(part) ?? [];
    const label = name?.startsWith("label.") ? name.slice("label.".length) : null;
    const value: Value | undefined =
      label !== null
        ? (x) => [x.labels[label]]
        : Object.hasOwn(VALUES, name ?? "")
          ? VALUES[name!]
          : undefined;
    if (value === undefined || glob === undefined) {
      const names = [...Object.keys(VALUES), "label.NAME"].join(", ");
      throw new CodedError("bad-argument", `not a condition: "${part.trim()}" (names: ${names})`);
    }
    const pattern = globPattern(glob);
    return (x: ExchangeLine) => value(x).some((each) => each != null && pattern.test(each));
  });
  return (x) => conditions.every((holds) => holds(x));
}

/** True for an exchange in which something went wrong, on whichever side. */
export function isFailed(x: ExchangeLine): boolean {
  return x.outcome !== "complete" || (x.response?.status ?? 0) >= 400 || x.llm?.error != null;
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/\*+/g, "*")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "isu");
}
