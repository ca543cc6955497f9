import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, relativeLinks } from "../../../../site/build/links.ts";

test("links lead up from where the page lies", () => {
  const html = `<a href="${BASE}11.11/">x</a><script src="${BASE}_astro/a.js"></script>`;
  assert.equal(
    relativeLinks(html, ""),
    '<a href="11.11/">x</a><script src="_astro/a.js"></script>',
  );
  assert.equal(
    relativeLinks(html, "11.11/2026-11-23/"),
    '<a href="../../11.11/">x</a><script src="../../_astro/a.js"></script>',
  );
});

test("a link to the root is one to this folder", () => {
  assert.equal(relativeLinks(`<a href="${BASE}">x</a>`, ""), '<a href="./">x</a>');
  assert.equal(relativeLinks(`<a href="${BASE}">x</a>`, "jdex/"), '<a href="../">x</a>');
});

test("captured text that names the marker stays as it was captured", () => {
  const text = `<p>=&quot;${BASE}x&quot; and ${BASE}x</p>`;
  assert.equal(relativeLinks(text, "a/"), text);
});
