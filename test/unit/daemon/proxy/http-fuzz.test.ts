/** Some hundred cases of `npm run fuzz:http`, always the same; the long run draws its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRequests, newTally } from "../../../fuzz/http-requests.ts";
import { checkResponses } from "../../../fuzz/http-responses.ts";

const CASES = 700;

for (const [name, check] of [
  ["requests", checkRequests],
  ["responses", checkResponses],
] as const) {
  test(`${name} that the byte path passes on read the same to llhttp`, async () => {
    const tally = newTally();
    for (let seed = 1; seed <= CASES; seed++) {
      await check(seed, tally).catch((error: Error) => {
        throw new Error(`node test/fuzz/http.ts --only ${name}:${seed}`, { cause: error });
      });
    }
    // Else the cases would be no test.
    assert.ok(tally.passed > CASES / 10, `${tally.passed} passed`);
    assert.ok(tally.stricter < CASES / 2, `${tally.stricter} refused`);
  });
}
