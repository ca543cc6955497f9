/**
 * How fast bodies are looked through, in MB/s on one core, here and in another checkout:
 *
 *   node test/bench/redaction.ts [--against PATH] [BODIES.jsonl …]
 *
 * Texts: prose and code as agents send them, coloured terminal output, base64 of random bytes, JSON
 * of numbers; and the request bodies of recorded traffic where files are named. Each version takes
 * its turn within a round; the best of the rounds counts.
 */
import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { createRedactor } from "../../record/secrets/redactor.ts";

const ROUNDS = 7;
const MB = 1_000_000;

const { values, positionals } = parseArgs({
  options: { against: { type: "string" } },
  allowPositionals: true,
});

async function load(root: string): Promise<typeof createRedactor> {
  const module = await import(pathToFileURL(resolve(root, "record/secrets/redactor.ts")).href);
  return module.createRedactor;
}

function fill(unit: string): Buffer {
  return Buffer.from(unit.repeat(Math.ceil((4 * MB) / unit.length)));
}

const source = readFileSync(new URL("run.ts", import.meta.url), "utf8");
const message = (content: string): string =>
  `${JSON.stringify({ role: "tool", tool_call_id: "call_1", content })},`;
const coloured = source.replace(/\w+/g, (word) => `\x1b[01;31m\x1b[K${word}\x1b[m\x1b[K`);

function recorded(path: string): Buffer[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const body = JSON.parse(line).request?.body;
      return typeof body === "string" ? [Buffer.from(body)] : [];
    });
}

const texts: [name: string, bodies: Buffer[]][] = [
  ["code in a tool's output", [fill(message(source))]],
  ["coloured output", [fill(message(coloured))]],
  [
    "base64 of random bytes",
    [Buffer.from(randomFillSync(Buffer.alloc(3 * MB)).toString("base64"))],
  ],
  ["numbers", [fill(JSON.stringify({ v: [0.12, 3.4567, -8e-5], at: 1_732_345_678 }))]],
  ...positionals.map((path): [string, Buffer[]] => [path.split("/").at(-1)!, recorded(path)]),
];
const roots = values.against === undefined ? ["."] : [values.against, "."];
const makers = await Promise.all(roots.map(load));

for (const [name, bodies] of texts) {
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const best = makers.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, make] of makers.entries()) {
      // A new one: the last round's bodies would be known to it.
      const redactor = make({ fingerprint: () => "00000000" });
      const begin = process.threadCpuUsage();
      for (const body of bodies) redactor.redactBody(body);
      const { user, system } = process.threadCpuUsage(begin);
      best[i] = Math.min(best[i]!, (user + system) / 1000);
    }
  }
  const figures = best.map((ms) => `${(bytes / MB / (ms / 1000)).toFixed(0)} MB/s`);
  console.log(`${name}: ${figures.join(" → ")} (${(bytes / MB).toFixed(1)} MB)`);
}
