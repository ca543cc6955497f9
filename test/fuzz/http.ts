/**
 * `npm run fuzz:http -- --minutes 10 [--seed 1]`: the differential fuzz of the HTTP/1.1 byte path
 * against llhttp for as long as you like. Each case has a seed of its own; what fails is printed with
 * it, and `--only requests:SEED` runs it again.
 */
import { parseArgs } from "node:util";
import { checkRequests, newTally } from "./http-requests.ts";
import { checkResponses } from "./http-responses.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    only: { type: "string" },
  },
});
const SIDES = { requests: checkRequests, responses: checkResponses };
const tallies = { requests: newTally(), responses: newTally() };
const FAILURES_MAX = 20;
let failures = 0;

async function run(side: keyof typeof SIDES, seed: number): Promise<void> {
  try {
    await SIDES[side](seed, tallies[side]);
  } catch (error) {
    failures++;
    process.stdout.write(`--only ${side}:${seed}\n${(error as Error).message}\n`);
  }
}

const [side, only] = values.only?.split(":") ?? [];
if (side !== undefined) {
  await run(side as keyof typeof SIDES, Number(only));
} else {
  const until = Date.now() + Number(values.minutes) * 60_000;
  const first = Number(values.seed);
  process.stderr.write(`seed ${first}, ${values.minutes} minutes\n`);
  for (let seed = first; Date.now() < until && failures < FAILURES_MAX; seed++) {
    await run("requests", seed);
    await run("responses", seed);
  }
}
for (const [name, tally] of Object.entries(tallies)) {
  const { cases, passed, stricter } = tally;
  process.stdout.write(
    `${name}: ${cases} cases, ${passed} passed on, ${stricter} refused that llhttp reads\n`,
  );
}
process.stdout.write(`${failures} failures\n`);
process.exit(failures === 0 ? 0 : 1);
