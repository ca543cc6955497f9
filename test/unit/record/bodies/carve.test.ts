import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { carve, insertsOf, type Piece, storedBytes } from "../../../../record/bodies/carve.ts";
import { withInserts } from "../../../../record/bodies/join.ts";

/** Puts the pieces end to end by way of what would be stored. */
function rejoin(body: Buffer, pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => {
      if (typeof piece === "string") return Buffer.from(piece);
      return withInserts(storedBytes(body, piece), insertsOf(body, piece) ?? []);
    }),
  );
}

/** Literals as they are, parts as `{stored}` or `{stored, insert}`. */
function shown(text: string) {
  const body = Buffer.from(text);
  const pieces = carve(body);
  assert.deepEqual(rejoin(body, pieces).toString(), text);
  return pieces.map((piece) => {
    if (typeof piece === "string") return piece;
    const insert = insertsOf(body, piece);
    const stored = storedBytes(body, piece).toString();
    return insert ? { stored, insert } : { stored };
  });
}

test("each element of each top-level array is a part, the rest is literal", () => {
  assert.deepEqual(
    shown('{"model":"m","messages":[{"a":1}, {"b":[2]}],"tools":[{"c":3}],"stream":true}'),
    [
      '{"model":"m","messages":[',
      { stored: '{"a":1}' },
      ", ",
      { stored: '{"b":[2]}' },
      '],"tools":[',
      { stored: '{"c":3}' },
      '],"stream":true}',
    ],
  );
});

test("top-level strings and objects are parts from 256 bytes on", () => {
  const long = JSON.stringify("x".repeat(254));
  const short = JSON.stringify("x".repeat(253));
  const object = `{"k":${long}}`;
  assert.deepEqual(shown(`{"system":${long},"a":${short},"o":${object}}`), [
    '{"system":',
    { stored: long },
    `,"a":${short},"o":`,
    { stored: object },
    "}",
  ]);
});

test("numbers, words and short strings in arrays stay literal", () => {
  assert.deepEqual(shown('{"stop":["\\n","END"],"input":[1,2,null,true]}'), [
    '{"stop":["\\n","END"],"input":[1,2,null,true]}',
  ]);
});

test("a long literal is one part, between two elements or alone", () => {
  const tokens = Array.from({ length: 600 }, (_, i) => i).join();
  assert.deepEqual(shown(`{"m":[{}],"t":[${tokens}],"n":[{}]}`), [
    '{"m":[',
    { stored: "{}" },
    { stored: `],"t":[${tokens}],"n":[` },
    { stored: "{}" },
    "]}",
  ]);
  assert.deepEqual(shown(`{"t":[${tokens}]}`), [{ stored: `{"t":[${tokens}]}` }]);
});

test("cache_control members leave the part and come back by offset", () => {
  const marker = '"cache_control":{"type":"ephemeral"}';
  assert.deepEqual(shown(`{"m":[{"a":"é",${marker}},{${marker},"b":1},{"c":1, ${marker} }]}`), [
    '{"m":[',
    { stored: '{"a":"é"}', insert: [[9, `,${marker}`]] },
    ",",
    { stored: '{"b":1}', insert: [[1, `${marker},`]] },
    ",",
    { stored: '{"c":1 }', insert: [[6, `, ${marker}`]] },
    "]}",
  ]);
});

test("a cache_control that is a word in a text, no object, alone or overlong stays", () => {
  for (const element of [
    '{"t":",\\"cache_control\\":{}"}',
    '{"a":1,"cache_control":null}',
    '{"cache_control":{"type":"ephemeral"}}',
    `{"a":1,"cache_control":{"type":"${"x".repeat(256)}"}}`,
  ]) {
    assert.deepEqual(shown(`{"m":[${element}]}`)[1], { stored: element });
  }
});

test("twice the same marker in one object, nested markers and spacing come back", () => {
  for (const element of [
    '{"cache_control":{},"cache_control":{},"b":1}',
    '{"a":1,"cache_control":{"cache_control":{}} , "cache_control" : { } }',
    '{"cache_control":{},"cache_control":{}}',
    '[[{"a":{"x":1,"cache_control":{}},"cache_control":{}}]]',
  ]) {
    shown(`{"m":[${element}]}`);
  }
});

test("a body that is no JSON object is one part", () => {
  for (const text of [
    "hello",
    "[1,2]",
    '"x"',
    '{"a":1',
    '{"a":1}x',
    '{"a":01}',
    '{"a":+1}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":tru}',
    '{"a":"\u0001"}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":[1,]}',
    '{"a":{,}}',
    '{"a"}',
    "{a:1}",
    '{"a":[}',
    '{"a":[{]}',
    "\ufeff{}",
    '{"a":"',
    '{"a":[{"b":"\\',
    "{",
    '{"a":-',
  ]) {
    assert.deepEqual(shown(text), [{ stored: text }], text);
  }
  assert.deepEqual(carve(Buffer.alloc(0)), []);
});

test("what JSON.parse takes for an object is carved, what it refuses is one part", () => {
  const token = fc.constantFrom(
    ...'{}[],:"\\ \n\t-+.0123456789eE'.split(""),
    ...["true", "false", "null", '"a"', '"\\u00e9"', "{}", "[]", '":"', '":1,"'],
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 14 }), (tokens) => {
      const text = `{"a":${tokens.join("")}}`;
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      const pieces = carve(Buffer.from(text));
      assert.equal(typeof pieces[0] === "string", valid, text);
    }),
    { numRuns: 20_000 },
  );
});

test("nesting of a million levels survives, as a part that is not offered as JSON", () => {
  const deep = "[".repeat(1e6) + "]".repeat(1e6);
  const body = Buffer.from(`{"m":[{"a":1},${deep}]}`);
  const pieces = carve(body);
  assert.equal(pieces.length, 5);
  const [, shallow, , element] = pieces;
  assert.ok(typeof shallow === "object" && shallow.json);
  assert.ok(typeof element === "object" && !element.json);
  assert.ok(rejoin(body, pieces).equals(body));
  const open = Buffer.from(`{"m":${"[".repeat(1e6)}`);
  assert.ok(rejoin(open, carve(open)).equals(open));
});

test("invalid UTF-8 in a literal makes the literal a part", () => {
  const body = Buffer.from('{"k?":"?","m":[{"a":"?"}],"z":1}'.replaceAll("?", "\xff"), "latin1");
  const pieces = carve(body);
  assert.deepEqual(
    pieces.map((p) => typeof p),
    ["object", "object", "string"],
  );
  assert.ok(rejoin(body, pieces).equals(body));
});

test("a body of more elements than LIMITS.bodyPartCount keeps its tail in one piece", () => {
  const body = Buffer.from(`{"m":[${Array.from({ length: 20_000 }, (_, i) => `{"i":${i}}`)}]}`);
  const pieces = carve(body);
  assert.equal(pieces.length, 2 * 16_384 + 1);
  assert.ok(rejoin(body, pieces).equals(body));
});
