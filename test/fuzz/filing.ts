/**
 * `npm run fuzz:filing -- --minutes 10 [--seed 1]`: the long run of what the suite does in short for
 * filing, with a seed that grows from round to round:
 *
 * - random streams and sockets in every coding, also damaged (random-streams.test.ts);
 * - random refusals of the disk (faults.test.ts);
 * - kills of daemon and filer under load while the disk refuses (crash-faults.ts), 40 a round; 200
 *   in one go are `CRASH_COUNT=200 node test/e2e/crash-faults.ts`.
 *
 * Prints one line a step; the first difference ends it with exit code 1 and the seed to repeat it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes ?? 10);
const seed = Number(values.seed ?? Date.now() % 1e6);

const UNIT = "test/unit/daemon/filing";
const STEPS: readonly { readonly file: string; readonly env: Readonly<Record<string, string>> }[] =
  [
    { file: "test/e2e/crash-faults.test.ts", env: { CRASH_COUNT: "40" } },
    { file: `${UNIT}/random-streams.test.ts`, env: { FUZZ_STREAMS: "9000" } },
    { file: `${UNIT}/random-sockets.test.ts`, env: { FUZZ_STREAMS: "2000" } },
    { file: `${UNIT}/faults.test.ts`, env: { FUZZ_FAULTS: "200" } },
  ];
const root = fileURLToPath(new URL("../..", import.meta.url));

async function run(file: string, more: Readonly<Record<string, string>>): Promise<void> {
  const began = performance.now();
  const args = ["--test", "--test-reporter=spec", file];
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", 2] });
  let said = "";
  child.stdout?.on("data", (text) => {
    said += text;
  });
  const [code] = await once(child, "close");
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const numbers = Object.entries(more).map(([name, value]) => `${name}=${value}`);
  const result = /\{"kills".*\}/.exec(said)?.[0] ?? "";
  console.log(
    `${code === 0 ? "clean" : "FAILED"} ${file} ${numbers.join(" ")} ${seconds} s ${result}`,
  );
  if (code === 0) return;
  console.log(said);
  process.exit(1);
}

const end = performance.now() + minutes * 60_000;
for (let round = 0; performance.now() < end; round++) {
  for (const { file, env } of STEPS) {
    const own = String(seed + round);
    await run(file, { ...env, FUZZ_SEED: own, CRASH_SEED: own });
    if (performance.now() >= end) break;
  }
}
