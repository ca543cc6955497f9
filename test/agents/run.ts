/**
 * `npm run test:agents`: real coding agents from npm, each directly and through the real daemon, to
 * a fake upstream: an answer, a stream, Ctrl-C in mid-stream, a 429 first. The bytes at the upstream
 * have to be the same, and the exchanges have to be in the tree. Not part of `npm test`, since the
 * agents are large (over 1 GB) and not ours.
 *
 *   node test/agents/run.ts [--only codex,claude-code] [--packages FOLDER]
 *
 * What always holds: every agent is set up by its recipe of `callnumber connect`; exit code 1 where
 * any line of the table is not as it should be.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startTestDaemon } from "../e2e/daemon-harness.ts";
import { AGENTS, type AgentCase, BEHAVIOURS, type ScenarioName } from "./agents.ts";
import { compare, NORMALISATIONS } from "./compare.ts";
import { FakeUpstream, type SeenRequest } from "./fake-upstream.ts";
import { runAgent } from "./run-agent.ts";
import { lookInTree } from "./tree.ts";

const PROMPT = "Say “hello” – 你好 🚀";
const RUN_MS = 90_000;

const { values } = parseArgs({
  options: { only: { type: "string" }, packages: { type: "string" }, show: { type: "boolean" } },
});
const wanted = values.only?.split(",");
const agents = AGENTS.filter(({ recipe }) => wanted?.includes(recipe) ?? true);
const packages = values.packages ?? join(tmpdir(), "callnumber-agents");
const scratch = mkdtempSync(join(tmpdir(), "callnumber-agent-"));
const versions = install(agents);
const fake = new FakeUpstream();
const address = await fake.start();

interface Row {
  readonly agent: string;
  readonly scenario: string;
  readonly good: boolean;
  readonly cells: readonly string[];
  /** What had to be put aside for the comparison. */
  readonly rules: readonly string[];
}

const rows: Row[] = [];
for (const agent of agents) {
  for (const scenario of agent.scenarios) {
    const row = await judge(agent, scenario).catch((error: Error) =>
      failed(agent, scenario, error),
    );
    rows.push(row);
    print(row);
  }
}
fake.close();
rmSync(scratch, { recursive: true, force: true });
const bad = rows.filter(({ good }) => !good).length;
const names = [...versions].map(([name, version]) => `${name}@${version}`).join(", ");
if (wanted === undefined) printIdle(rows);
process.stdout.write(`${rows.length - bad} of ${rows.length} good; ${names}\n`);
process.exitCode = bad === 0 ? 0 : 1;

/** Installs what is missing; gives the versions. */
function install(list: readonly AgentCase[]): Map<string, string> {
  mkdirSync(packages, { recursive: true });
  const names = [...new Set(list.map((agent) => agent.package))];
  const manifest = (name: string) => join(packages, "node_modules", name, "package.json");
  const missing = names.filter((name) => !existsSync(manifest(name)));
  if (missing.length > 0) {
    // All of them, for npm takes away what nobody asks for.
    const asked = list.map((agent) => `${agent.package}@${agent.version ?? "latest"}`);
    const args = ["install", "--no-audit", "--no-fund", "--prefix", packages, ...new Set(asked)];
    execFileSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] });
  }
  const version = (name: string) => JSON.parse(readFileSync(manifest(name), "utf8")).version;
  return new Map(names.map((name) => [name, version(name)]));
}

interface Observed {
  readonly seen: readonly SeenRequest[];
  readonly output: string;
  /** From Ctrl-C to the break at the upstream, milliseconds. */
  readonly breakMs: number | null;
}

/** One run against `base`. */
async function observe(agent: AgentCase, name: ScenarioName, base: string): Promise<Observed> {
  fake.behave(BEHAVIOURS[name]);
  let interruptedAt = 0;
  let breakMs: number | null = null;
  const onBroken = () => {
    if (interruptedAt > 0) breakMs ??= performance.now() - interruptedAt;
  };
  fake.on("broken", onBroken);
  const { output } = await runAgent(agent, {
    packages,
    scratch,
    base,
    prompt: PROMPT,
    timeoutMs: RUN_MS,
    started: (interrupt) => {
      if (name !== "abort") return;
      fake.once("half", () => {
        // What was sent so far has to reach the agent, and its side requests the upstream.
        setTimeout(() => {
          interruptedAt = performance.now();
          interrupt();
        }, 1_500);
      });
    },
  });
  const deadline = performance.now() + 2_000;
  while (name === "abort" && breakMs === null && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  fake.off("broken", onBroken);
  fake.removeAllListeners("half");
  return { seen: fake.seen, output, breakMs };
}

async function judge(agent: AgentCase, name: ScenarioName): Promise<Row> {
  const direct = await observe(agent, name, address);
  const daemon = await startTestDaemon(configuration(agent));
  try {
    const through = await observe(agent, name, `${daemon.url}/${agent.number}`);
    await daemon.filed();
    const { equal, rules, difference } = compare(direct.seen, through.seen);
    const tree = lookInTree(join(daemon.folder, "captures"), agent, name, through.seen);
    const answered = name === "abort" || said(direct) === said(through);
    const cancelled = name !== "abort" || (direct.breakMs !== null && through.breakMs !== null);
    const problems = [...tree.problems];
    if (!equal) problems.push(difference ?? "");
    if (!answered) problems.push(`answers differ: ${direct.output.slice(-300)}`);
    if (direct.seen.length === 0) problems.push(`nothing was sent: ${direct.output.slice(-300)}`);
    if (!cancelled) problems.push("not cancelled");
    if (values.show) process.stdout.write(`${through.output}\n`);
    return {
      agent: agent.recipe,
      scenario: name,
      good: problems.length === 0,
      rules,
      cells: [
        `${through.seen.length} requests ${equal ? "equal" : "DIFFER"}`,
        rules.length === 0 ? "as they are" : `but for ${rules.join(", ")}`,
        name === "abort" ? `broken after ${ms(direct.breakMs)} / ${ms(through.breakMs)}` : "",
        tree.summary,
        ...problems,
      ].filter((cell) => cell !== ""),
    };
  } finally {
    await daemon.close();
  }
}

/** Every vendor is the fake one; the number of the address is planned. */
function configuration({ number }: AgentCase): string {
  const names = ["openai", "anthropic", "google", "openrouter", "chatgpt"];
  const upstreams = names.map((name) => `  ${name}: "${address}/${name}"\n`).join("");
  const plan = `tree:\n  10-19 Agents:\n    ${number.slice(0, 2)} Tool:\n      ${number} Runs: {}\n`;
  return `upstreams:\n${upstreams}${plan}`;
}

/** Whether the agent printed the model's answer. */
function said({ output }: Observed): boolean {
  return output.includes("This is playback");
}

function ms(value: number | null): string {
  return value === null ? "never" : `${value.toFixed(0)} ms`;
}

function failed(agent: AgentCase, scenario: string, error: Error): Row {
  return {
    agent: agent.recipe,
    scenario,
    good: false,
    rules: [],
    cells: [error.stack ?? error.message],
  };
}

/** What is put aside in comparisons though no agent needed it: to be looked at, and taken out. */
function printIdle(all: readonly Row[]): void {
  const needed = new Set(all.flatMap((row) => row.rules));
  const idle = NORMALISATIONS.filter((name) => !needed.has(name));
  if (idle.length > 0)
    process.stdout.write(`put aside by nobody in this run: ${idle.join(", ")}\n`);
}

function print({ agent, scenario, good, cells }: Row): void {
  const mark = good ? "ok  " : "BAD ";
  process.stdout.write(`${mark}${agent.padEnd(16)}${scenario.padEnd(7)}${cells.join("; ")}\n`);
}
