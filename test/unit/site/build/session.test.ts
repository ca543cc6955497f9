import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { runBuild } from "../../../../site/build/session.ts";
import { generateCaptures } from "../../../bench/generate-captures.ts";
import {
  RESPONSES_LLM,
  resumedWriter,
  sampleId,
  writeSample,
} from "../../record/sample-capture.ts";
import { build, capturesOf, folder, pageOf, published, site } from "./built-site.ts";

test("the overview says what recorders could not put into the tree, until they could", async () => {
  const options = site("unfiled");
  generateCaptures({ folder: options.captures, exchanges: 5, days: 1, seed: 1 });
  const home = () => [
    readFileSync(join(options.out, "index.html"), "utf8"),
    readFileSync(join(options.out, "zh-Hant", "index.html"), "utf8"),
  ];
  await build(options);
  for (const page of home()) assert.doesNotMatch(page, /class="unfiled"/);
  const system = "00-09 System/00 System management/00.00 JDex for the system";
  const file = join(options.captures, system, "unfiled.nas.json");
  mkdirSync(join(file, ".."), { recursive: true });
  const at = "2026-11-23T08:00:00.000Z";
  const facts = { set_aside: 2, not_recorded: 1, filing: "fails", recording: "works" };
  const unfiled = { format: "callnumber-unfiled/1", writer: "<nas>", at, ...facts };
  writeFileSync(file, JSON.stringify(unfiled));
  const report = await build(options);
  assert.ok(report.pages < 15, `${report.pages} pages`);
  const [english, chinese] = home();
  assert.match(english!, /These captures are not complete/);
  assert.match(
    english!,
    /&lt;nas&gt;: <\/b>2 calls are set aside.*, 1 call was not recorded whole, filing fails/,
  );
  assert.match(chinese!, /有 2 次呼叫暫存在一旁/);
  rmSync(file);
  await build(options);
  for (const page of home()) assert.doesNotMatch(page, /class="unfiled"/);
});

test("what is built day by day is what is built at once", async () => {
  const [whole, daily] = [site("whole"), site("daily")];
  // So many that a day of the first stream has two pages.
  const days = { exchanges: 1050, days: 3, seed: 7, lastDay: "2026-11-22" };
  generateCaptures({ folder: whole.captures, ...days });
  await build(whole);
  for (const day of ["2026-11-20", "2026-11-21", "2026-11-22"]) {
    for (const file of capturesOf(day, whole.captures)) {
      const target = file.replace(whole.captures, daily.captures);
      mkdirSync(join(target, ".."), { recursive: true });
      // In two pieces: the second build continues the digest of the first.
      const lines = readFileSync(file, "utf8").trimEnd().split("\n");
      const exchanges = lines.flatMap((line, n) => (line.includes('"type":"exchange"') ? [n] : []));
      const half = exchanges[Math.floor(exchanges.length / 2)] ?? 0;
      writeFileSync(target, `${lines.slice(0, half + 1).join("\n")}\n`);
    }
    await build(daily);
    for (const file of capturesOf(day, whole.captures)) {
      const target = file.replace(whole.captures, daily.captures);
      appendFileSync(target, readFileSync(file).subarray(statSync(target).size));
    }
    const report = await build(daily);
    assert.equal(report.dirtyDays, 3);
  }
  const [a, b] = [published(whole.out), published(daily.out)];
  assert.deepEqual([...b.keys()], [...a.keys()]);
  for (const [path, text] of a) assert.equal(b.get(path), text, path);
});

test("nothing changed: nothing is rendered", async () => {
  const options = site("idle");
  generateCaptures({ folder: options.captures, exchanges: 10, days: 1, seed: 1 });
  assert.ok((await build(options)).pages > 0);
  const again = await build(options);
  assert.deepEqual([again.pages, again.dirtyDays, again.exchanges], [0, 0, 0]);
});

test("of a day that was pruned nothing stays published", async () => {
  const options = site("pruned");
  generateCaptures({
    folder: options.captures,
    exchanges: 80,
    days: 2,
    seed: 5,
    lastDay: "2026-11-22",
  });
  await build(options);
  const before = [...published(options.out).keys()];
  const secretDay = before.filter((path) => path.includes("2026-11-21"));
  assert.ok(secretDay.some((path) => path.startsWith("_raw/")));
  const own = join(options.out, "CNAME");
  writeFileSync(own, "example.org");
  for (const file of capturesOf("2026-11-21", options.captures)) rmSync(file);
  const report = await build(options);
  assert.equal(report.removed, 3);
  const after = published(options.out);
  assert.ok(after.has("CNAME"), "what the build did not write is left alone");
  after.delete("CNAME");
  for (const [path, text] of after) {
    assert.ok(!path.includes("2026-11-21"), path);
    assert.ok(!text.includes("2026-11-21/"), `${path} links to the day that is gone`);
  }
  // As if that day had never been.
  const fresh = { ...options, out: join(folder, "pruned", "fresh") };
  await build(fresh);
  assert.deepEqual([...after.keys()], [...published(fresh.out).keys()]);
});

test("a pruned day goes also where everything is made anew", async () => {
  const options = site("anew");
  generateCaptures({
    folder: options.captures,
    exchanges: 40,
    days: 2,
    seed: 9,
    lastDay: "2026-11-22",
  });
  await build(options);
  for (const file of capturesOf("2026-11-21", options.captures)) rmSync(file);
  await build({ ...options, title: "Another title" });
  const fresh = { ...options, out: join(folder, "anew", "fresh") };
  await build(fresh);
  assert.deepEqual([...published(options.out).keys()], [...published(fresh.out).keys()]);
});

test("a conversation that lost turns loses them on its pages", async () => {
  const options = site("shorter");
  generateCaptures({
    folder: options.captures,
    exchanges: 60,
    days: 1,
    seed: 11,
    lastDay: "2026-11-22",
  });
  await build(options);
  const [file] = capturesOf("2026-11-22", options.captures).filter((path) =>
    path.includes("11.11"),
  );
  const lines = readFileSync(file!, "utf8").trimEnd().split("\n");
  const last = lines.findLast((line) => line.includes('"type":"exchange"'))!;
  const { id } = JSON.parse(last) as { id: string };
  const holds = () => [...published(options.out).values()].some((text) => text.includes(id));
  assert.ok(holds());
  writeFileSync(file!, `${lines.filter((line) => line !== last).join("\n")}\n`);
  await build(options);
  assert.ok(!holds());
});

test("threads publish what one thread publishes, also where templates are still to be compiled", async () => {
  const options = { ...site("threads"), state: join(folder, "state-threads") };
  const one = { ...options, out: join(folder, "threads", "one") };
  const size = { folder: options.captures, exchanges: 700, days: 1, seed: 4 };
  generateCaptures(size);
  const files = capturesOf("2026-11-22", options.captures);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  assert.ok(bytes > LIMITS.siteThreadBytes);
  await build(options);
  // In pieces, each too small for threads.
  for (const file of files) {
    const whole = readFileSync(file);
    rmSync(file);
    for (let from = 0; from < whole.length; ) {
      const border = whole.indexOf('\n{"type":"part"', from + LIMITS.siteThreadBytes / 2);
      const to = border < 0 ? whole.length : border + 1;
      appendFileSync(file, whole.subarray(from, to));
      from = to;
      await build(one);
    }
  }
  const [a, b] = [published(options.out), published(one.out)];
  assert.deepEqual([...b.keys()], [...a.keys()]);
  for (const [path, text] of a) assert.ok(b.get(path) === text, path);
});

test("a day that was rewritten to a larger one shows what it holds now and nothing else", async () => {
  const options = site("rewritten");
  const at = { days: 1, lastDay: "2026-11-22" };
  generateCaptures({ folder: options.captures, exchanges: 30, seed: 3, ...at });
  await build(options);
  const other = join(folder, "rewritten", "other");
  generateCaptures({ folder: other, exchanges: 90, seed: 4, ...at });
  for (const file of capturesOf("2026-11-22", options.captures)) {
    const larger = readFileSync(file.replace(options.captures, other));
    assert.ok(larger.length > statSync(file).size);
    // In place: the same file, as an editor or a script may leave it.
    writeFileSync(file, larger);
  }
  await build(options);
  const fresh = { ...options, out: join(folder, "rewritten", "fresh") };
  await build(fresh);
  assert.deepEqual(published(options.out), published(fresh.out));
});

test("another title, in the plan or of a folder, shows on the pages that name it", async () => {
  const options = site("retitled");
  generateCaptures({
    folder: options.captures,
    exchanges: 40,
    days: 2,
    seed: 6,
    lastDay: "2026-11-22",
  });
  await build(options);
  const rows = [{ number: "13.11", title: "Planned", description: "Not written yet" }];
  const planned = { ...options, plan: { rows } };
  const report = await build(planned);
  assert.ok(report.pages > 0 && report.dirtyDays === 0);
  assert.ok(published(options.out).get("jdex/index.html")!.includes("Not written yet"));
  const stream = join(options.captures, "10-19 Coding agents", "11 Cline");
  renameSync(join(stream, "11.11 OpenRouter"), join(stream, "11.11 Another name"));
  await build(planned);
  const pages = published(options.out);
  for (const [path, text] of pages) assert.ok(!text.includes("11.11 OpenRouter"), path);
  assert.ok([...pages].some(([path, text]) => path.startsWith("c/") && text.includes("Another")));
  const fresh = { ...planned, out: join(folder, "retitled", "fresh") };
  await build(fresh);
  assert.deepEqual(pages, published(fresh.out));
  assert.equal((await build(planned)).pages, 0);
});

test("captures that go away while a build reads them make it begin again, not fail", async () => {
  const options = site("moved");
  generateCaptures({
    folder: options.captures,
    exchanges: 60,
    days: 3,
    seed: 8,
    lastDay: "2026-11-22",
  });
  let gone = false;
  await runBuild(options, () => {
    if (gone) return;
    gone = true;
    for (const file of capturesOf("2026-11-22", options.captures)) rmSync(file);
  });
  assert.ok(gone);
  const fresh = { ...options, out: join(folder, "moved", "fresh") };
  await build(fresh);
  assert.deepEqual(published(options.out), published(fresh.out));
});

test("captures that keep going away end the build with a plain error", async () => {
  const options = site("moving");
  generateCaptures({
    folder: options.captures,
    exchanges: 60,
    days: 3,
    seed: 8,
    lastDay: "2026-11-22",
  });
  const days = ["2026-11-22", "2026-11-21"];
  await assert.rejects(
    runBuild(options, ({ step, done }) => {
      // Once in each attempt, before its newest day is read.
      const day = step === "reading" && done === 1 ? days.shift() : undefined;
      if (day) for (const file of capturesOf(day, options.captures)) rmSync(file);
    }),
    { code: "site-captures-moved" },
  );
});

/** An exchange of the Responses API, which names the response before it instead of repeating it. */
function followed(
  captures: string,
  n: number,
  stream: string,
  {
    day,
    previous,
    text,
    session = null,
  }: {
    day: string;
    previous: string | null;
    text: string;
    session?: string | null;
  },
): void {
  const file = join(captures, "10-19 Agents", "11 Made up", stream, `${day}.jsonl`);
  mkdirSync(join(file, ".."), { recursive: true });
  const body = {
    model: "m",
    instructions: "Be brief, and say what you did. ".repeat(12),
    input: [{ role: "user", content: text }],
    ...(previous !== null && { previous_response_id: previous }),
  };
  const response = {
    id: `r${n}`,
    object: "response",
    status: "completed",
    model: "m",
    output: [
      {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: `Done ${n}.` }],
      },
    ],
  };
  const { writer } = resumedWriter(file);
  writeSample(writer, {
    id: sampleId(n),
    request: JSON.stringify(body),
    response: JSON.stringify(response),
    line: {
      started: `${day}T10:00:0${n}.000Z`,
      session,
      llm: RESPONSES_LLM,
    },
  });
}

test("a request that names the response of another day is shown as its next turn", async () => {
  const options = site("followed");
  const { captures } = options;
  const stream = "11.11 Responses";
  followed(captures, 1, stream, { day: "2026-11-20", previous: null, text: "What is in it?" });
  followed(captures, 2, stream, { day: "2026-11-21", previous: "r1", text: "Run the test." });
  await build(options);
  followed(captures, 3, stream, { day: "2026-11-22", previous: "r2", text: "Mend it, please." });
  await build(options);
  const page = pageOf(options, "Mend it, please.");
  for (const text of ["What is in it?", "Run the test.", "Done 3."]) assert.ok(page.includes(text));
  assert.ok(!page.includes("not in the captures"));
  // The turns before are not new in it, for the lists and the search.
  const rows = published(options.out).get("11.11/2026-11-22/index.html")!;
  assert.ok(rows.includes("Mend it, please.") && !rows.includes("Run the test."));
  const said = published(options.out).get("_said/11.11/2026-11-22/0.bin")!;
  assert.ok(said.includes("What is in it?") && said.includes("Done 2."));
});

test("where the response that a request goes on from was not captured, the page says so", async () => {
  const options = site("unknown");
  const stream = "11.11 Responses";
  followed(options.captures, 4, stream, { day: "2026-11-22", previous: "r0", text: "Go on." });
  await build(options);
  const page = pageOf(options, "Go on.");
  assert.match(page, /What came before is not in the captures[^<]*<code>r0<\/code>/);
});

test("a session over two streams is one conversation, and every row leads to its turn", async () => {
  const options = site("streams");
  const { captures } = options;
  const day = "2026-11-22";
  const long = "word ".repeat(LIMITS.sitePageBytes / 12);
  for (let n = 1; n < 9; n += 1) {
    const stream = n % 2 === 0 ? "11.11 Large model" : "11.12 Small model";
    followed(captures, n, stream, { day, previous: null, text: `${n} ${long}`, session: "one" });
  }
  await build(options);
  const pages = published(options.out);
  const talks = new Set([...pages.keys()].flatMap((path) => /^c\/([^/]+)\//.exec(path)?.[1] ?? []));
  assert.equal(talks.size, 1);
  let links = 0;
  for (const stream of ["11.11", "11.12"]) {
    const list = pages.get(`${stream}/${day}/index.html`)!;
    for (const [, path, id] of list.matchAll(/href="\.\.\/\.\.\/(c\/[^"#]+)#(x[^"]+)"/g)) {
      assert.ok(pages.get(`${path}index.html`)?.includes(`id="${id}"`), `${path}#${id}`);
      links += 1;
    }
  }
  assert.equal(links, 8);
  assert.ok(pages.has(`c/${[...talks][0]}/2/index.html`), "it has several pages");
});
