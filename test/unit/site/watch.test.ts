import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Report, SiteOptions } from "../../../site/build.ts";
import { watchSite } from "../../../site/watch.ts";
import { generateCaptures } from "../../bench/generate-captures.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-watch-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const options: SiteOptions = {
  captures: join(folder, "captures"),
  out: join(folder, "out"),
  state: join(folder, "state"),
  title: "Watched",
  languages: ["en"],
  timezone: "UTC",
  live: true,
};

const generate = (lastDay: string, seed: number) =>
  generateCaptures({ folder: options.captures, exchanges: 10, days: 1, seed, lastDay });

test("builds at once, after a change, and again after a build that failed", async (t) => {
  generate("2026-11-20", 1);
  const said = new EventEmitter();
  const stop = new AbortController();
  t.signal.addEventListener("abort", () => stop.abort());
  const reports: Report[] = [];
  const watching = watchSite(options, {
    signal: stop.signal,
    onReport: (report) => {
      reports.push(report);
      said.emit("report", report);
    },
    onError: (error) => said.emit("failure", error),
  });
  /** The next report in which the site has so many days: writes may come in more than one burst. */
  const daysBuilt = async (days: number): Promise<Report> => {
    for (;;) {
      const last = reports.at(-1);
      if (last?.days === days) return last;
      await once(said, "report");
    }
  };

  assert.ok((await daysBuilt(3)).pages > 0);
  const stamp = readFileSync(join(options.out, "_live.json"), "utf8");

  generate("2026-11-21", 2);
  await daysBuilt(6);
  assert.ok(readFileSync(join(options.out, "_live.json"), "utf8") > stamp, "pages are told");
  assert.ok(readdirSync(join(options.out, "11.11")).includes("2026-11-21"));

  const failed = once(said, "failure");
  const [file] = readdirSync(options.captures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === "2026-11-21.jsonl")
    .map((entry) => join(entry.parentPath, entry.name));
  const clean = readFileSync(file!);
  const key = ["sk", "ant", "api03", "q7Lw2Zk9".repeat(12)].join("-");
  // Neither a part nor an exchange: nobody can tell what would show it.
  appendFileSync(file!, `{"type":"note","text":"${key}"}\n`);
  const [error] = (await failed) as [Error & { code?: string }];
  assert.equal(error.code, "site-secret-found");

  rmSync(file!);
  await daysBuilt(5);
  appendFileSync(file!, clean);
  await daysBuilt(6);

  stop.abort();
  await watching;
});
