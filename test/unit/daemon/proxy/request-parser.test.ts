import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessageError } from "../../../../daemon/proxy/message-reader.ts";
import { type RequestHead, RequestParser } from "../../../../daemon/proxy/request-parser.ts";
import { LIMITS } from "../../../../record/limits.ts";
import { slowness } from "../../../timing.ts";

interface Seen {
  heads: Pick<RequestHead, "method" | "target" | "http" | "raw" | "facts">[];
  bodies: string[];
  trailers: (readonly string[])[];
  keepAlive: boolean;
  error: string | null;
}

/** Reads request after request out of `bytes`, cut at the given places. */
function parse(bytes: Buffer, cuts: readonly number[] = []): Seen {
  const seen: Seen = { heads: [], bodies: [], trailers: [], keepAlive: true, error: null };
  const parser: RequestParser = new RequestParser({
    head: ({ method, target, http, raw, facts }) => {
      seen.heads.push({ method, target, http, raw, facts });
      seen.bodies.push("");
      seen.keepAlive = parser.keepAlive;
    },
    data: (chunk) => {
      seen.bodies[seen.bodies.length - 1] += chunk.toString("latin1");
    },
    end: (trailers) => {
      seen.trailers.push(trailers);
      parser.next();
    },
  });
  try {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      const piece = bytes.subarray(from, to);
      for (let at = 0; at < piece.length && seen.keepAlive; ) at = parser.push(piece, at);
      from = to;
    }
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error));
    seen.error = error.message;
  }
  return seen;
}

const bytes = (text: string) => Buffer.from(text, "latin1");

const WHOLE = [
  ["no body", "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Latin: \xe9 \r\n\r\n", 1],
  ["a length", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 1],
  [
    "chunks, extensions and trailers",
    "POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n3\r\n\r\n\0\r\n0\r\nX-T: 1\r\nY:\r\n\r\n",
    1,
  ],
  [
    "others behind it",
    "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nPUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
    3,
  ],
  ["an old version", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 1],
] as const;

for (const [name, text, count] of WHOLE) {
  test(`a request with ${name} reads the same however it is cut`, () => {
    const all = bytes(text);
    const whole = parse(all);
    assert.equal(whole.error, null);
    assert.equal(whole.trailers.length, count);
    for (let cut = 1; cut < all.length; cut++) assert.deepEqual(parse(all, [cut]), whole);
    const everyByte = Array.from({ length: all.length - 1 }, (_, i) => i + 1);
    assert.deepEqual(parse(all, everyByte), whole);
  });
}

test("names keep their case and order, values lose the white space around them, nothing else", () => {
  const { heads } = parse(bytes("GET / HTTP/1.1\r\nHOST: h\r\nb:\t 2 3 \t\r\nA:1\r\nb: 4\r\n\r\n"));
  assert.deepEqual(heads[0]?.raw, ["HOST", "h", "b", "2 3", "A", "1", "b", "4"]);
});

test("fields are found by lower-case name, repeated ones joined, none of them an Object's", () => {
  let fields: RequestHead["fields"] = {};
  const parser = new RequestParser({
    head: (head) => {
      fields = head.fields;
    },
    data: () => {},
    end: () => {},
  });
  parser.push(bytes("GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\n__proto__: p\r\n\r\n"), 0);
  assert.deepEqual({ ...fields }, { "x-a": "1, 2", ["__proto__"]: "p" });
  assert.equal(fields.constructor, undefined);
});

for (const [name, text] of [
  ["HTTP/0.9", "GET /a\r\n\r\n"],
  ["HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"],
  ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"],
  ["two blanks", "GET  / HTTP/1.1\r\n\r\n"],
  ["a method that is no token", "G@T / HTTP/1.1\r\n\r\n"],
  ["an endless method", `${"A".repeat(65)} / HTTP/1.1\r\n\r\n`],
  ["a NUL in the target", "GET /\0 HTTP/1.1\r\n\r\n"],
  ["a line end in the target", "GET /a\rb HTTP/1.1\r\n\r\n"],
  ["a TLS hello", "\x16\x03\x01\x02\0"],
  ["white space first", " GET / HTTP/1.1\r\n\r\n"],
  ["a bare LF, at once", "GET / HTTP/1.1\nHost"],
  ["a bare LF in a header, at once", "GET / HTTP/1.1\r\nA: b\nC"],
  ["an obs-fold", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"],
  ["a header without a colon", "GET / HTTP/1.1\r\nA\r\n\r\n"],
  ["white space before the colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n"],
  ["a control character", "GET / HTTP/1.1\r\nA: \x1b\r\n\r\n"],
  ["a bare CR", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"],
  ["a bare CR, at once", "GET / HTTP/1.1\r\nA: b\rc"],
  ["a bare CR in the request line, at once", "GET /\r" + " HTTP"],
  ["a tab behind its framing", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"],
  ["a NUL, at once", "GET / HTTP/1.1\r\nA: \0"],
  ["two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
] as const) {
  test(`${name} is refused, however it is cut`, () => {
    const all = bytes(text);
    for (let cut = 0; cut < all.length; cut++) {
      const { error, heads } = parse(all, cut === 0 ? [] : [cut]);
      assert.ok(error !== null, `cut at ${cut}`);
      assert.deepEqual(heads, []);
    }
  });
}

for (const chunk of [
  "3 ",
  "3\t",
  "3 ;a",
  "3; a",
  "3;",
  "3;a=",
  "0x3",
  "3\r",
  "3;\ra",
  "0\r\nA:\rb",
]) {
  test(`the chunk line ${JSON.stringify(chunk)} is refused, however it is cut`, () => {
    const all = bytes(
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}\r\nabc`,
    );
    for (let cut = 0; cut < all.length; cut++) {
      assert.ok(parse(all, cut === 0 ? [] : [cut]).error !== null, `cut at ${cut}`);
    }
  });
}

test("where a request ends is certain, or nothing behind it is read", () => {
  for (const framing of [
    "Content-Length: 1\r\nContent-Length: 2",
    "Content-Length: 1, 1",
    "Content-Length: -1",
    "Content-Length: 0x1",
    "Content-Length: 1\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  ]) {
    const seen = parse(
      bytes(`POST /a HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\nGET /b HTTP/1.1\r\n\r\n`),
    );
    assert.equal(seen.heads.length, 1, framing);
    assert.equal(seen.heads[0]?.facts.framed, false, framing);
    assert.equal(seen.keepAlive, false, framing);
    assert.deepEqual(seen.bodies, [""]);
  }
  const old = "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
  assert.equal(parse(bytes(old)).keepAlive, false);
});

test("the connection goes on as the version and the Connection header say", () => {
  const after = (line: string, more = "") => parse(bytes(`${line}\r\n${more}\r\n`)).keepAlive;
  assert.equal(after("GET / HTTP/1.1"), true);
  assert.equal(after("GET / HTTP/1.1", "Connection: x, Close\r\n"), false);
  assert.equal(after("GET / HTTP/1.1", "Connection: x\r\nconnection: close\r\n"), false);
  assert.equal(after("GET / HTTP/1.0"), false);
  assert.equal(after("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"), true);
  assert.equal(after("CONNECT h:443 HTTP/1.1"), false);
});

test("a head over the limit is told from a malformed one", () => {
  const parser = new RequestParser({ head: () => {}, data: () => {}, end: () => {} });
  const long = bytes(`GET / HTTP/1.1\r\nA: ${"a".repeat(LIMITS.headBytes)}`);
  assert.throws(() => parser.push(long, 0), { name: "MessageError", tooLarge: true });
});

test("an empty line alone is no beginning of a request", () => {
  const parser = new RequestParser({ head: () => {}, data: () => {}, end: () => {} });
  parser.push(bytes("\r\n"), 0);
  assert.equal(parser.untouched, true);
});

test("trailers are bounded like a head, all together", () => {
  const line = `T: ${"t".repeat(1_000)}\r\n`;
  const start = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  assert.equal(parse(bytes(`${start}${line.repeat(50)}\r\n`)).error, null);
  assert.equal(parse(bytes(`${start}${line.repeat(80)}\r\n`)).error, "too many trailers");
});

test("a head in pieces of one byte costs time in proportion to its bytes", () => {
  const head = bytes(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(10_000)}`);
  const parser = new RequestParser({ head: () => {}, data: () => {}, end: () => {} });
  const limitMs = 150 * slowness();
  const before = process.threadCpuUsage();
  for (let at = 0; at < head.length; at++) parser.push(head.subarray(at, at + 1), 0);
  const { user, system } = process.threadCpuUsage(before);
  assert.ok((user + system) / 1000 < limitMs, `${(user + system) / 1000} ms of ${limitMs}`);
});

test("blanks in a header, however many, cost time in proportion", () => {
  const limitMs = 20 * slowness();
  for (const line of [`A: ${" ".repeat(1_200)}\x01`, `A: b${" \t".repeat(30_000)}c`]) {
    const before = process.threadCpuUsage();
    parse(bytes(`GET / HTTP/1.1\r\n${line}\r\n\r\n`));
    const { user, system } = process.threadCpuUsage(before);
    assert.ok((user + system) / 1000 < limitMs, `${(user + system) / 1000} ms of ${limitMs}`);
  }
});

test("mutated requests throw nothing but MessageError and never pass on a body of another length", () => {
  const seed = bytes(WHOLE[2][1] + WHOLE[3][1]);
  const mutation = fc.tuple(fc.nat(seed.length - 1), fc.nat(255), fc.boolean());
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), fc.nat(seed.length - 1), (changes, cut) => {
      let changed = Buffer.from(seed);
      for (const [at, byte, removed] of changes) {
        const from = at % changed.length;
        if (removed)
          changed = Buffer.concat([changed.subarray(0, from), changed.subarray(from + 1)]);
        else changed[from] = byte;
      }
      const whole = parse(changed);
      // An error may come earlier with a cut, since the rest of the line is not there yet.
      const inTwo = parse(changed, [Math.max(1, cut % changed.length)]);
      assert.deepEqual(inTwo.heads, whole.heads);
      whole.heads.forEach(({ facts }, i) => {
        const complete = i < whole.trailers.length;
        if (facts.body === "length" && complete) {
          assert.equal(whole.bodies[i]?.length, facts.length);
        }
      });
    }),
    { numRuns: 2_000, seed: 20261128 },
  );
});
