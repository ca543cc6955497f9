/** Small sites for tests: captures of a few words, and what a build makes of them. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { gunzipSync } from "node:zlib";
import { runBuild } from "../../../../site/build/session.ts";
import type { SiteOptions } from "../../../../site/build.ts";
import {
  RESPONSES_LLM,
  resumedWriter,
  sampleId,
  writeSample,
} from "../../record/sample-capture.ts";

export const folder = mkdtempSync(join(tmpdir(), "callnumber-session-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// One state folder: the templates are compiled once for all tests of a file.
export const site = (name: string): SiteOptions => ({
  captures: join(folder, name, "captures"),
  out: join(folder, name, "out"),
  state: join(folder, "state"),
  title: "Test",
  languages: ["en", "zh-Hant"],
  timezone: "UTC",
});
export const build = (options: SiteOptions) => runBuild(options, () => {});

/** Every file of a folder with its bytes, compressed ones unpacked. */
export function published(out: string): Map<string, string> {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        const text = (path.endsWith(".bin") ? gunzipSync(bytes) : bytes).toString();
        return [path.slice(out.length + 1), text];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Files of a day. */
export function capturesOf(day: string, captures: string): string[] {
  return readdirSync(captures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.startsWith(day))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The one conversation page that holds a text. */
export const pageOf = (options: SiteOptions, text: string) => {
  const found = [...published(options.out)].filter(
    ([path, page]) => path.startsWith("c/") && page.includes(text),
  );
  assert.equal(found.length, 1, text);
  return found[0]![1];
};

/** Fails where what is published is not what a build of everything publishes. */
export async function sameAsFresh(options: SiteOptions): Promise<void> {
  const fresh = { ...options, out: `${options.out}-fresh` };
  rmSync(fresh.out, { recursive: true, force: true });
  await build({ ...fresh, all: true });
  const [mine, whole] = [published(options.out), published(fresh.out)];
  assert.deepEqual([...mine.keys()], [...whole.keys()]);
  for (const [path, text] of whole) assert.equal(mine.get(path), text, path);
}

/** A chat over several calls; each repeats what was said before, as clients do. */
export function chat(
  captures: string,
  from: number,
  texts: readonly string[],
  day = "2026-11-22",
  { onlyLast = false, answers = from } = {},
): void {
  const file = join(captures, "10-19 Agents", "11 Made up", "11.11 Chat", `${day}.jsonl`);
  mkdirSync(join(file, ".."), { recursive: true });
  const { writer } = resumedWriter(file);
  texts.forEach((_, n) => {
    if (onlyLast && n < texts.length - 1) return;
    const messages = texts
      .slice(0, n + 1)
      .flatMap((content, turn) => [
        ...(turn > 0 ? [{ role: "assistant", content: `Answer ${answers} ${turn}.` }] : []),
        { role: "user", content },
      ]);
    const message = { role: "assistant", content: `Answer ${from} ${n + 1}.` };
    writeSample(writer, {
      id: sampleId(from + n),
      request: JSON.stringify({ model: "m", messages }),
      response: JSON.stringify({ choices: [{ message, finish_reason: "stop" }] }),
      line: {
        started: `${day}T10:${String(from + n).padStart(2, "0")}:00.000Z`,
        llm: { ...RESPONSES_LLM, api: "openai.chat" },
      },
    });
  });
}

/** A conversation of one call, that began `second` seconds into the day. */
export function single(captures: string, n: number, content: string, second = n): void {
  const day = "2026-11-22";
  const file = join(captures, "10-19 Agents", "11 Made up", "11.11 Chat", `${day}.jsonl`);
  mkdirSync(join(file, ".."), { recursive: true });
  const { writer } = singles.get(file) ?? resumedWriter(file);
  singles.set(file, { writer });
  writeSample(writer, {
    id: sampleId(n),
    request: JSON.stringify({ model: "m", messages: [{ role: "user", content }] }),
    response: JSON.stringify({ choices: [{ message: { role: "assistant", content: `${n}` } }] }),
    line: {
      started: new Date(Date.parse(day) + second * 1000).toISOString(),
      llm: { ...RESPONSES_LLM, api: "openai.chat" },
    },
  });
}
const singles = new Map<string, Pick<ReturnType<typeof resumedWriter>, "writer">>();
