import assert from "node:assert/strict";
import { test } from "node:test";
import { cutBuilds } from "./cut-builds.ts";

test("after a build that was cut short the next one publishes what a build of everything does", async () => {
  const kills = Number(process.env.SITE_KILLS ?? 6);
  const result = await cutBuilds(kills, Number(process.env.SITE_SEED ?? 22), { exchanges: 120 });
  assert.equal(result.kills, kills);
  assert.ok(result.cut > 0 && result.files > kills * 50, JSON.stringify(result));
});
