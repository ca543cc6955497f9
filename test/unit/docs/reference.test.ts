import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { referencePages } from "../../docs/reference.ts";

const docs = new URL("../../../docs/", import.meta.url);

for (const [name, text] of Object.entries(await referencePages())) {
  test(`docs/${name} is what its source says (node test/docs/reference.ts writes it)`, () => {
    assert.equal(readFileSync(new URL(name, docs), "utf8"), text);
  });
}

test("every link from one page of the documentation to another leads somewhere", () => {
  const root = new URL("../../../", import.meta.url);
  const pages = [
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
    ...readdirSync(docs, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ];
  const broken = pages.flatMap((page) => {
    const text = readFileSync(new URL(page, root), "utf8");
    return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map((match) => match[1]!)
      .filter((target) => !existsSync(new URL(target, new URL(page, root))))
      .map((target) => `${page} → ${target}`);
  });
  assert.deepEqual(broken, []);
});

test("the README's two commands are scripts of the package", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const { scripts } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  );
  assert.match(readme, /npm ci --omit=dev && npm start/);
  assert.match(readme, /npm ci && npm test/);
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[name!], name);
});
