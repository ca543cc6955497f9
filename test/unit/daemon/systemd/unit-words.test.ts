/**
 * Any path comes back from a unit as it went in: read here by the rules of systemd.syntax(7),
 * systemd.unit(5) and systemd.service(5), and by systemd itself in test/systemd/inside.sh.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commandWord, isWritable, value, word } from "../../../../daemon/systemd/unit-words.ts";

/** The words of a value: quotes, then backslashes; a `%` or `$` that stands alone is an error. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"'\\]+))(?=\s|$)/gy;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    assert.ok(match, `no word at ${at} of ${text}`);
    words.push(match[1]?.replace(/\\(.)/g, "$1") ?? match[2]!);
  }
  return words;
}

function halved(text: string, sign: string): string {
  const doubled = sign + sign;
  assert.ok(!text.replaceAll(doubled, "").includes(sign), `a single ${sign} in ${text}`);
  return text.replaceAll(doubled, sign);
}

const paths = fc
  .array(fc.oneof(fc.constantFrom(..."%$\"'\\ ;#~-{}`|&é目🙂/ab"), fc.string({ maxLength: 4 })), {
    maxLength: 20,
  })
  .map((parts) => `/${parts.join("")}`)
  .filter(isWritable);

test("a path is one word of a list, of a command line, and the whole of a value", () => {
  fc.assert(
    fc.property(paths, paths, (one, two) => {
      const list = `${word(one)} ${word(two)}`;
      assert.deepEqual(
        wordsOf(list).map((each) => halved(each, "%")),
        [one, two],
      );
      const command = `${commandWord(one)} serve ${commandWord(two)}`;
      assert.deepEqual(
        wordsOf(command).map((each) => halved(halved(each, "%"), "$")),
        [one, "serve", two],
      );
      assert.equal(halved(value(one), "%").trim(), one);
    }),
    { seed: 18, numRuns: 2_000 },
  );
});

test("what no unit can name is told apart", () => {
  for (const path of ["/a\nb", "/a\u0000", "/a ", "/a\\", "/a\t"]) assert.ok(!isWritable(path));
  for (const path of ["/a b", "/a\\b", "/%h/$x", "/目"]) assert.ok(isWritable(path));
});
