import assert from "node:assert/strict";
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { test } from "node:test";
import { CaptureTree } from "../../../../record/johnny-decimal/tree.ts";
import { allow } from "../../../../record/secrets/allow-list.ts";
import { build, capturesOf, chat, pageOf, published, sameAsFresh, site } from "./built-site.ts";

/** Made at run time, so that no scanner takes this file for a leak. */
const KEY = ["sk", "ant", "api03", "q7Lw2Zk9".repeat(12)].join("-");

test("a credential keeps back its conversation, not the site", async () => {
  const options = site("leak");
  chat(options.captures, 1, ["How do tides work, in short?", "And on lakes, is it the same?"]);
  chat(options.captures, 10, ["Why is my login refused?", `It says: ${KEY}`, "Never mind then."]);
  const report = await build(options);
  assert.ok(
    report.held.length > 0 && report.held.every((line) => line.includes("2026-11-22.jsonl:")),
  );
  const pages = published(options.out);
  for (const [path, text] of pages) {
    for (const word of [KEY.slice(0, 20), "login", "Never mind"]) {
      assert.ok(!text.includes(word), `${path}: ${word}`);
    }
  }
  assert.ok(pageOf(options, "And on lakes").includes("Answer 1 2."));
  const [held] = [...pages].filter(
    ([path, text]) => path.startsWith("c/") && text.includes("--allow"),
  );
  assert.match(held![1], /anthropic-key[\s\S]*callnumber scan --fix/);
  const day = pages.get("11.11/2026-11-22/index.html")!;
  assert.ok(
    day.includes(held![0].replace("index.html", "")),
    "its rows lead to the page that says so",
  );
  assert.ok(!report.held.join().includes(KEY.slice(0, 12)));
  // What is filed later in it is kept back too, and the rest is built.
  chat(options.captures, 20, ["What else is there to know?"]);
  assert.deepEqual((await build(options)).held, report.held);
  await sameAsFresh(options);
});

test("a conversation over two days is kept back on both", async () => {
  const options = site("two-days");
  const first = ["How do tides work on the moon, in short?", "And on the lakes of the moon?"];
  chat(options.captures, 1, first, "2026-11-21");
  chat(options.captures, 10, ["What is a heron? Say it in a few words."], "2026-11-21");
  await build(options);
  const texts = () =>
    [...published(options.out)].filter(([, text]) => text.includes("on the moon"));
  assert.ok(texts().length > 3);
  chat(options.captures, 20, [...first, `My key is ${KEY}`], "2026-11-22", {
    onlyLast: true,
    answers: 1,
  });
  const { held } = await build(options);
  assert.ok(held.length > 0);
  assert.deepEqual(
    texts().map(([path]) => path),
    [],
  );
  assert.ok(pageOf(options, "What is a heron?"));
  await sameAsFresh(options);
  const hits = held.map((line) => {
    const [fingerprint, , rule] = line.split(" ").toReversed();
    return { fingerprint: fingerprint!, rule: rule! };
  });
  allow(new CaptureTree({ captures: options.captures }), hits, "made up", new Date());
  assert.deepEqual((await build(options)).held, []);
  assert.ok(texts().length > 3);
  await sameAsFresh(options);
});

test("a find that was allowed is published, and the list names no secret", async () => {
  const options = site("allowed");
  chat(options.captures, 1, [`Is this a key? ${KEY}`]);
  const before = await build(options);
  const fingerprint = before.held[0]!.split(" ").at(-1)!;
  const hits = [{ rule: "anthropic-key", fingerprint }];
  const tree = new CaptureTree({ captures: options.captures });
  assert.throws(() => allow(tree, hits, " ", new Date()), { code: "allow-refused" });
  assert.throws(() => allow(tree, hits, KEY, new Date()), { code: "allow-refused" });
  const list = allow(tree, hits, "made up for a test", new Date());
  assert.ok(!readFileSync(list, "utf8").includes(KEY.slice(0, 8)));
  assert.deepEqual((await build(options)).held, []);
  assert.ok(pageOf(options, "Is this a key?").includes(KEY));
  await sameAsFresh(options);
  // Taken off the list again, it is kept back again.
  rmSync(list);
  assert.deepEqual((await build(options)).held, before.held);
  await sameAsFresh(options);
});

test("a credential on a line that no call accounts for ends the build", async () => {
  const options = site("unknown-line");
  chat(options.captures, 1, ["How do tides work, in short?"]);
  await build(options);
  const before = published(options.out);
  const [file] = capturesOf("2026-11-22", options.captures);
  appendFileSync(file!, `{"type":"note","text":"${KEY}"}\n`);
  await assert.rejects(build(options), { code: "site-secret-found" });
  assert.deepEqual(published(options.out), before);
});
