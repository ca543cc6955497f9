/**
 * Runs one agent once: a fresh home, set up by its recipe, and its command in a process group of its
 * own, as a terminal has it.
 *
 * What always holds: nothing of the caller's environment gets in but PATH; the folders have the same
 * names in every run, since agents tell the model where they are; what was started is ended.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fillRecipe, RECIPES } from "../../daemon/config/recipes.ts";
import type { AgentCase } from "./agents.ts";

export interface Run {
  /** What it printed, both streams. */
  readonly output: string;
  readonly code: number | null;
}

export interface RunOptions {
  /** Folder with the agent's `node_modules`. */
  readonly packages: string;
  /** Folder for home and workplace; emptied first. */
  readonly scratch: string;
  /** What stands before the upstream's name: fake, or daemon with number. */
  readonly base: string;
  readonly prompt: string;
  /** Rejected after this long, milliseconds. */
  readonly timeoutMs: number;
  /** Told how to interrupt the agent as Ctrl-C does. */
  readonly started?: (interrupt: () => void) => void;
}

/** Runs it to its end. */
export async function runAgent(agent: AgentCase, options: RunOptions): Promise<Run> {
  const home = join(options.scratch, "home");
  const work = join(options.scratch, "work");
  for (const folder of [home, work]) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    mkdirSync(folder, { recursive: true });
  }
  const programs = join(options.packages, "node_modules", ".bin");
  const plain = {
    PATH: `${programs}:${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: home,
    ...agent.env,
  };
  const env = { ...plain, ...setUp(agent, options.base, { home, work, env: plain }) };
  const program = join(programs, agent.bin);
  const child = spawn(program, agent.args(options.prompt), {
    cwd: work,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = -(child.pid as number);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const timer = setTimeout(() => kill(group, "SIGKILL"), options.timeoutMs);
  options.started?.(() => kill(group, "SIGINT"));
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  kill(group, "SIGKILL");
  killHelpers(home);
  return { output, code };
}

function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(group, signal);
  } catch {
    // It has ended already.
  }
}

/** Some agents leave a server of their own behind, outside their group: it knows its home. */
function killHelpers(home: string): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const env = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (env.includes(`HOME=${home}`)) kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
}

interface Place {
  readonly home: string;
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Follows the recipe: files are written, commands before the start run, exports given back. */
function setUp(agent: AgentCase, base: string, { home, work, env }: Place): Record<string, string> {
  const recipe = RECIPES.find(({ client }) => client === agent.recipe);
  if (recipe === undefined) throw new Error(`no recipe for ${agent.recipe}`);
  const exported: Record<string, string> = {};
  const texts = new Map<string, string>();
  const commands: string[] = [];
  for (const step of fillRecipe(recipe, base, recipe.upstream)) {
    const text = Object.entries(agent.fill ?? {}).reduce(
      (a, [k, v]) => a.replaceAll(k, v),
      step.text,
    );
    const set = step.kind === "shell" ? /^export (\w+)=(.*)$/.exec(text) : null;
    if (set !== null) exported[set[1] as string] = set[2] as string;
    else if (step.kind === "shell") commands.push(text);
    if (step.kind === "file") texts.set(step.path as string, text);
  }
  for (const [path, own] of Object.entries(agent.files ?? {})) {
    texts.set(path, combined(texts.get(path), own));
  }
  for (const [path, text] of texts) {
    const file = path.startsWith("~/") ? join(home, path.slice(2)) : join(work, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  // The last is the start of the agent itself, which is run with a prompt.
  for (const command of commands.slice(0, -1)) {
    execFileSync("sh", ["-c", command], {
      cwd: work,
      env: { ...env, ...exported },
      stdio: "ignore",
    });
  }
  return exported;
}

/** Text stands before the recipe's; an object is put into the recipe's JSON. */
function combined(recipe: string | undefined, own: string | object): string {
  if (typeof own === "string") return recipe === undefined ? own : `${own}${recipe}\n`;
  return JSON.stringify(merged(recipe === undefined ? {} : JSON.parse(recipe), own));
}

type Table = Record<string, unknown>;

function merged(a: Table, b: object): Table {
  const out = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const both = isTable(out[key]) && isTable(value);
    out[key] = both ? merged(out[key] as Table, value) : value;
  }
  return out;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
