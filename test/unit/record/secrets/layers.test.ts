import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  compose,
  decodePercent,
  unescapeJson,
  withoutTerminalCodes,
} from "../../../../record/secrets/layers.ts";

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test("text without escapes has no layer beneath it", () => {
  assert.equal(unescapeJson("plain / text"), null);
  assert.equal(unescapeJson("a trailing backslash \\"), null);
  assert.equal(decodePercent("100 % sure"), null);
});

test("unescaping gives what JSON.parse gives, as bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (value, ascii) => {
      const plain = JSON.stringify(value).slice(1, -1);
      const written = ascii
        ? plain.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
        : plain;
      const source = latin1(written);
      const text = unescapeJson(source)?.text ?? source;
      const want = latin1(JSON.parse(`"${written}"`));
      // A lone surrogate has no bytes; what stands for it does not matter.
      if (!/\ufffd/.test(Buffer.from(want, "latin1").toString())) assert.equal(text, want);
    }),
  );
});

test("each character maps back to where it was written, through two levels", () => {
  const secret = 'k\t"é/1';
  const twice = latin1(JSON.stringify(JSON.stringify({ a: `x\n${secret} y` })));
  const one = unescapeJson(twice)!;
  const two = compose(one, unescapeJson(one.text)!);
  const start = two.text.indexOf(latin1(secret));
  const raw = twice.slice(two.origin(start), two.origin(start + latin1(secret).length));
  assert.equal(raw, latin1(JSON.stringify(JSON.stringify(secret)).slice(3, -3)));
});

test("percent-encoding maps back as well", () => {
  const layer = decodePercent("a=%66oo%3Abar&b")!;
  assert.equal(layer.text, "a=foo:bar&b");
  assert.equal(layer.origin(layer.text.indexOf("foo")), 2);
  assert.equal(layer.origin(layer.text.indexOf("bar")), 10);
  assert.equal(layer.origin(layer.text.length), 15);
});

test("characters that source code writes by their number are undone too", () => {
  assert.equal(unescapeJson("sk\\x2dor\\055v1\\x0a")!.text, "sk-or-v1\n");
});

test("a terminal's code that was cut off takes nothing of what follows its string", () => {
  for (const code of [
    "\x1b[38;5;141m",
    "\x1b[2K",
    "\x1b]8;;https://x.example/\x07",
    "\x1b]0;a\x1b\\",
  ]) {
    for (let end = 1; end < code.length; end += 1) {
      const text = `{"a":"${code.slice(0, end)}"}\n\ndata: {"b":"m\x07"}`;
      const left = withoutTerminalCodes(text)?.text ?? text;
      assert.ok(left.endsWith('"}\n\ndata: {"b":"m\x07"}'), JSON.stringify(left));
    }
  }
  assert.equal(withoutTerminalCodes("a\x1b[31mb\x1b]0;t\x07c\x1b[1 qd")?.text, "abcd");
});

test("broken escapes are left as they are", () => {
  assert.equal(unescapeJson("\\u12 \\x4 \\n")!.text, "\\u12 \\x4 \n");
  assert.equal(decodePercent("%zz%41")!.text, "%zzA");
});
