/**
 * Whether the tree holds what an agent did: one exchange per request or turn, filed under the number
 * of its address, with the client's name, its session, what the dialect makes of it and how it ended.
 */
import type { ExchangeLine } from "../../record/format/schema.ts";
import { openTree } from "../../record/reader/tree.ts";
import type { AgentCase, ScenarioName } from "./agents.ts";
import type { SeenRequest } from "./fake-upstream.ts";

export interface TreeFinding {
  readonly summary: string;
  readonly problems: readonly string[];
}

export function lookInTree(
  captures: string,
  agent: AgentCase,
  scenario: ScenarioName,
  seen: readonly SeenRequest[],
): TreeFinding {
  const problems: string[] = [];
  const lines: ExchangeLine[] = [];
  const tree = openTree(captures);
  for (const { number } of tree.streams()) {
    for (const { files } of tree.days(number)) {
      const day = tree.openDay(files);
      const found = [...day.exchanges()];
      day.close();
      lines.push(...found);
      if (found.length > 0 && number !== agent.number) problems.push(`filed under ${number}`);
    }
  }
  const expected = expectedCount(seen);
  if (lines.length !== expected) problems.push(`${lines.length} exchanges, not ${expected}`);
  for (const line of lines) problems.push(...look(line, agent));
  const calls = lines.filter(isCall);
  problems.push(...lookAtSessions(calls, agent, seen));
  const outcomes = lines.map(endOf);
  if (scenario === "abort" && !outcomes.includes("client_aborted")) {
    problems.push("no exchange was client_aborted");
  }
  if (scenario !== "abort" && outcomes.some((end) => !/^(?:complete|429)$/.test(end))) {
    problems.push("an exchange is not complete");
  }
  if (scenario === "429" && !outcomes.includes("429")) problems.push("the 429 is missing");
  const summary = `tree: ${outcomes.join(", ")} as ${lines[0]?.client.name ?? "unknown"}`;
  const apis = new Set(calls.map(({ llm }) => llm?.api ?? "no dialect"));
  return { summary: `${summary}, ${[...apis].join(" and ")}`, problems };
}

/** One for each request over HTTP; for a socket one for each message that begins a turn. */
function expectedCount(seen: readonly SeenRequest[]): number {
  const turns = new Map<number, number>();
  let count = 0;
  for (const { socket, line } of seen) {
    if (socket === null) count++;
    else turns.set(socket, (turns.get(socket) ?? 0) + (line === "MESSAGE" ? 1 : 0));
  }
  for (const messages of turns.values()) count += Math.max(1, messages);
  return count;
}

function look(line: ExchangeLine, agent: AgentCase): string[] {
  const problems: string[] = [];
  const name = line.client.name;
  if (name !== agent.client) problems.push(`client is ${name}`);
  const refused = line.response?.status === 429;
  if (isCall(line) && line.llm?.api !== agent.api && !refused)
    problems.push(`api is ${line.llm?.api}`);
  if (!line.verbatim) problems.push("not verbatim");
  return problems;
}

/** Not one of the lists and settings that an agent asks for beside. */
function isCall({ request }: ExchangeLine): boolean {
  const path = request.url.split("?", 1)[0] as string;
  return /\/(?:messages|responses|chat\/completions)$|:(?:streamG|g)enerateContent$/.test(path);
}

/** The sessions in the tree are those of the headers at the upstream. */
function lookAtSessions(
  lines: readonly ExchangeLine[],
  { session }: AgentCase,
  seen: readonly SeenRequest[],
): string[] {
  if (session === null) return [];
  const sent = new Set<string>();
  for (const { headers } of seen) {
    const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === session);
    if (at >= 0) sent.add(headers[at + 1] as string);
  }
  const wrong = lines.find((line) => line.session === null || !sent.has(line.session));
  return wrong === undefined && sent.size > 0 ? [] : [`session is ${wrong?.session}`];
}

function endOf({ response, outcome }: ExchangeLine): string {
  return response?.status === 429 ? "429" : outcome;
}
