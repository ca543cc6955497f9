import assert from "node:assert/strict";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build, chat, pageOf, published, sameAsFresh, single, site } from "./built-site.ts";

test("one new call renders what it changes, not its day", async () => {
  const options = { ...site("one"), languages: ["en"] };
  const texts = Array.from({ length: 600 }, (_, n) => `Question ${n} about something of its own.`);
  const long = (n: number) => texts.slice(n, n + 1);
  for (let n = 0; n < texts.length; n += 1) single(options.captures, n, long(n)[0]!);
  const all = await build(options);
  assert.ok(all.pages > texts.length);
  single(options.captures, 600, "One more question.");
  const one = await build(options);
  // Its own page, those of the calls in its chunk (their pages name its size), the newest page of
  // the day, the numbers above and the few that sum up.
  assert.ok(one.pages < 50, `${one.pages} pages`);
  assert.ok(one.exchanges < 80, `${one.exchanges} exchanges read`);
  // Filed late: what began after it moves by a place.
  single(options.captures, 601, "An earlier question.", 560.5);
  const late = await build(options);
  assert.ok(late.pages < 140, `${late.pages} pages`);
  await sameAsFresh(options);
});

test("two folders with one number are named, and both are shown", async () => {
  const options = site("twice");
  chat(options.captures, 1, ["How do tides work, in short?"]);
  await build(options);
  const stream = join(options.captures, "10-19 Agents", "11 Made up");
  const other = site("twice-other");
  chat(other.captures, 30, ["Which birds sing at night?"]);
  renameSync(
    join(other.captures, "10-19 Agents", "11 Made up", "11.11 Chat"),
    join(stream, "11.11 Another"),
  );
  const report = await build(options);
  assert.match(report.damage.join("\n"), /2 folders have the number 11\.11/);
  for (const text of ["How do tides", "Which birds"]) pageOf(options, text);
  for (let n = 0; n < 3; n += 1) {
    chat(options.captures, 40 + n, [`More of the same ${n}, please.`]);
    await build(options);
    pageOf(options, `More of the same ${n}`);
  }
  await sameAsFresh(options);
  rmSync(join(stream, "11.11 Another"), { recursive: true });
  assert.deepEqual((await build(options)).damage, []);
  await sameAsFresh(options);
});

test("a folder that is renamed while calls are filed in it is renamed on every page", async () => {
  const options = { ...site("renamed"), languages: ["en"] };
  for (let n = 0; n < 200; n += 1) single(options.captures, n, `Question ${n} of its own kind.`);
  await build(options);
  single(options.captures, 200, "Another one on the same day.");
  const category = join(options.captures, "10-19 Agents", "11 Made up");
  renameSync(join(category, "11.11 Chat"), join(category, "11.11 Renamed"));
  await build(options);
  assert.match(pageOf(options, "Question 3 of"), /11\.11 Renamed/);
  await sameAsFresh(options);
});

test("a published folder that was deleted is made again", async () => {
  const options = site("deleted");
  chat(options.captures, 1, ["How do tides work, in short?"]);
  await build(options);
  const before = published(options.out);
  rmSync(options.out, { recursive: true });
  await build(options);
  assert.deepEqual(published(options.out), before);
});

test("two builds in one folder work one after the other", async () => {
  const options = site("both");
  chat(options.captures, 1, ["How do tides work, in short?"]);
  await Promise.all([build(options), build({ ...options, all: true }), build(options)]);
  await sameAsFresh(options);
});
