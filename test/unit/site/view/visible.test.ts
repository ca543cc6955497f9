import assert from "node:assert/strict";
import { test } from "node:test";
import { visible, visibleParts } from "../../../../site/view/visible.ts";

test("bidi overrides and zero-width characters are shown by their code point", () => {
  assert.equal(visible("safe\u202egnp.exe"), "safe[U+202E]gnp.exe");
  assert.equal(visible("a\u200bb\ufeffc"), "a[U+200B]b[U+FEFF]c");
  assert.equal(visible("\u{e0041}"), "[U+E0041]");
});

test("control characters are shown, line ends and tabs stay", () => {
  assert.equal(visible("a\u0000b\u001bc\td\r\n"), "a[U+0000]b[U+001B]c\td\r\n");
});

test("emoji sequences keep their joiners, and so does Persian spelling", () => {
  assert.equal(visible("👩‍💻"), "👩‍💻");
  assert.equal(visible("می‌خواهم"), "می‌خواهم");
});

test("a joiner between Latin letters is shown: it hides there", () => {
  assert.equal(visible("pay\u200dpal"), "pay[U+200D]pal");
});

test("a lone surrogate is shown and breaks nothing", () => {
  assert.equal(visible("a\ud800b"), "a[U+D800]b");
});

test("nothing printable is lost", () => {
  const text = 'plain 中文 é <b> & "quotes"';
  assert.deepEqual(visibleParts(text), [text]);
});
