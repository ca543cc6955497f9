/**
 * Holds the two READMEs to each other and to the repository: a newcomer pastes what they print, so
 * both print the same, and what they name is there.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { allCommands } from "../../../cli/commands.ts";

const root = new URL("../../../", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const PAGES = ["README.md", "README.zh-Hant.md", "docs/guide.md"];

/** The lines of fenced blocks, without their comments. */
function codeLines(page: string): string[] {
  return [...read(page).matchAll(/^```\w+\n(.*?)^```/gms)]
    .flatMap(([, block]) => block!.split("\n"))
    .map((line) => line.replace(/\s+# .*$/, "").trim())
    .filter((line) => line !== "");
}

function sampleIds(): string[] {
  const folder = new URL("captures/90-99 Samples/", root);
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => [
      ...readFileSync(new URL(encodeURI(name), folder), "utf8").matchAll(
        /^\{"type":"exchange","id":"(\w{26})"/gm,
      ),
    ])
    .map(([, id]) => id!);
}

test("both READMEs print the same commands", () => {
  assert.deepEqual(codeLines("README.zh-Hant.md"), codeLines("README.md"));
});

for (const page of PAGES) {
  test(`every exchange that ${page} names is one of the samples, and only one`, () => {
    const ids = sampleIds();
    const named = [...read(page).matchAll(/\b(01[0-9A-HJKMNP-TV-Z]{6,24})\b/g)].map(
      ([, id]) => id!,
    );
    assert.ok(named.length > 0);
    for (const id of named) {
      assert.equal(ids.filter((each) => each.startsWith(id)).length, 1, id);
    }
  });

  test(`every command that ${page} prints exists`, async () => {
    const known = new Set(["--help", ...(await allCommands()).map(({ name }) => name)]);
    const used = codeLines(page).flatMap((line) =>
      [...line.matchAll(/(?:^|sudo )(?:npm run (?:-s )?callnumber --|callnumber) ([\w-]+)/g)].map(
        ([, name]) => name!,
      ),
    );
    assert.ok(used.length > 4);
    for (const name of used) assert.ok(known.has(name), name);
  });

  test(`every picture that ${page} shows is there`, () => {
    const base = new URL(page, root);
    for (const [, path] of read(page).matchAll(/(?:!\[[^\]]*\]\(|(?:src|srcset)=")([^)"\s]+)/g)) {
      assert.ok(existsSync(new URL(path!, base)), path);
    }
  });
}
