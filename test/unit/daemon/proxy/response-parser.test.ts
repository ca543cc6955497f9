import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessageError } from "../../../../daemon/proxy/message-reader.ts";
import { ResponseParser } from "../../../../daemon/proxy/response-parser.ts";

interface Seen {
  interim: number[];
  head: [number, string, string, string[]] | null;
  body: string;
  trailers: string[] | null;
  rest: string;
  closed: boolean;
  keepAlive: boolean;
  error: string | null;
}

/** Feeds `bytes` cut at the given places, then closes where `close` says so. */
function parse(bytes: Buffer, cuts: readonly number[] = [], method = "GET", close = false): Seen {
  const parser = new ResponseParser();
  const seen: Seen = {
    interim: [],
    head: null,
    body: "",
    trailers: null,
    rest: "",
    closed: false,
    keepAlive: false,
    error: null,
  };
  parser.expect(method, {
    information: (status) => seen.interim.push(status),
    head: (status, reason, http, headers) => {
      seen.head = [status, reason, http, headers];
    },
    data: (chunk) => {
      seen.body += chunk.toString("latin1");
    },
    end: (trailers) => {
      seen.trailers = trailers;
      seen.keepAlive = parser.keepAlive;
    },
  });
  try {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      seen.rest += parser.push(bytes.subarray(from, to))?.toString("latin1") ?? "";
      from = to;
    }
    if (close) seen.closed = parser.close();
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error));
    seen.error = error.message;
  }
  return seen;
}

const bytes = (text: string) => Buffer.from(text, "latin1");

const WHOLE = [
  ["a content-length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: é \r\n\r\nhello"],
  [
    "chunks with extensions and trailers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n3\r\n\r\n\0\r\n0\r\nX-T: 1\r\nY:\r\n\r\n",
  ],
  [
    "interim answers first",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  ],
  ["no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"],
  ["empty headers", "HTTP/1.1 200 \r\nX-Empty:\r\nContent-Length: 1\r\n\r\nx"],
] as const;

for (const [name, text] of WHOLE) {
  test(`an answer with ${name} reads the same however it is cut`, () => {
    const all = bytes(text);
    const whole = parse(all);
    assert.equal(whole.error, null);
    assert.ok(whole.trailers !== null);
    for (let cut = 1; cut < all.length; cut++) assert.deepEqual(parse(all, [cut]), whole);
    const everyByte = Array.from({ length: all.length - 1 }, (_, i) => i + 1);
    assert.deepEqual(parse(all, everyByte), whole);
  });
}

test("names, values, order and repetitions of headers come out as sent", () => {
  const { head } = parse(
    bytes(
      'HTTP/1.0 299 Odd  Reason\r\nB: 1\r\nb:2\r\nX-Json: {"a": 1}\r\nContent-Length: 0\r\n\r\n',
    ),
  );
  assert.deepEqual(head, [
    299,
    "Odd  Reason",
    "1.0",
    ["B", "1", "b", "2", "X-Json", '{"a": 1}', "Content-Length", "0"],
  ]);
});

test("a body without length ends with the connection, and that connection is not used again", () => {
  const seen = parse(bytes("HTTP/1.1 200 OK\r\n\r\nall of it"), [], "GET", true);
  assert.deepEqual(
    [seen.body, seen.closed, seen.trailers, seen.keepAlive],
    ["all of it", true, [], false],
  );
});

for (const [name, text] of [
  ["in the head", "HTTP/1.1 200 OK\r\nX: 1\r\n"],
  ["in a counted body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
  ["between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"],
  ["in the trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n"],
  ["behind an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"],
] as const) {
  test(`a close ${name} is a break`, () => {
    const seen = parse(bytes(text), [], "GET", true);
    assert.deepEqual([seen.closed, seen.trailers, seen.error], [false, null, null]);
  });
}

const BODYLESS = [
  ["HEAD", "200 OK"],
  ["GET", "204 None"],
  ["GET", "304 Same"],
] as const;

for (const [method, status] of BODYLESS) {
  test(`${method} with ${status} has no body, whatever its headers say`, () => {
    const seen = parse(bytes(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`), [], method);
    assert.deepEqual([seen.body, seen.trailers], ["", []]);
  });
}

test("bytes behind an answer are given back and end the life of the connection", () => {
  const seen = parse(bytes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n"));
  assert.deepEqual([seen.body, seen.rest, seen.keepAlive], ["a", "HTTP/1.1 200 OK\r\n", false]);
});

test("keep-alive follows version and Connection, and the upstream's idle time is read", () => {
  const alive = (head: string) => parse(bytes(`${head}\r\nContent-Length: 0\r\n\r\n`)).keepAlive;
  assert.equal(alive("HTTP/1.1 200 OK"), true);
  assert.equal(alive("HTTP/1.1 200 OK\r\nConnection: Close"), false);
  assert.equal(alive("HTTP/1.0 200 OK"), false);
  assert.equal(alive("HTTP/1.0 200 OK\r\nConnection: keep-alive"), true);
});

function head(framing: string, body = ""): string {
  return `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${body}`;
}

test("where a body was announced and none may come, the connection carries no other answer", () => {
  for (const [method, status] of BODYLESS) {
    for (const framing of ["Content-Length: 5", "Transfer-Encoding: chunked"]) {
      const seen = parse(bytes(`HTTP/1.1 ${status}\r\n${framing}\r\n\r\n`), [], method);
      assert.equal(seen.keepAlive, false, `${method} ${status} ${framing}`);
    }
    const seen = parse(bytes(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`), [], method);
    assert.equal(seen.keepAlive, true);
  }
});

for (const [name, text] of [
  ["both framings", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
  ["a signed length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
  ["a length list", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n"],
  ["an obs-fold", "HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n"],
  ["space before the colon", "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n"],
  ["no colon", "HTTP/1.1 200 OK\r\nX\r\n\r\n"],
  ["a NUL", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"],
  ["a bare CR", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n"],
  ["an odd status", "HTTP/1.1 20x OK\r\n\r\n"],
  ["status 0", "HTTP/1.1 099 OK\r\n\r\n"],
  ["another protocol", "SSH-2.0\r\n"],
  ["HTTP/2 in the status line", "HTTP/2 200\r\n\r\n"],
  ["a negative chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"],
  ["a huge chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"],
  [
    "a bare LF behind a chunk size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n",
  ],
  ["a chunk that runs over", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"],
  ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["two lengths that agree", head("Content-Length: 1\r\nContent-Length: 1")],
  ["gzip under the chunks", head("Transfer-Encoding: gzip, chunked")],
  ["gzip alone", head("Transfer-Encoding: gzip")],
  ["a tab behind chunked", head("Transfer-Encoding: chunked\t")],
  ["a tab behind its length", head("Content-Length: 5 \t")],
  ["identity", head("Transfer-Encoding: identity")],
  ["chunks twice", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")],
  ["an empty transfer-encoding", head("Transfer-Encoding:")],
  ...["1 ", "1\t", "1 ;a=b", "1; a=b", "1;a=b ", "1;", "1;=b", '1;a="b', "0x1", "+1", ""].map(
    (size) =>
      [`the chunk size "${size}"`, head("Transfer-Encoding: chunked", `${size}\r\n`)] as const,
  ),
  ["a bare CR, at once", "HTTP/1.1 200 OK\r\nX: a\rb"],
  ["a bare CR in a chunk size, at once", head("Transfer-Encoding: chunked", "1;\ra")],
  ["a bare CR in a trailer, at once", head("Transfer-Encoding: chunked", "0\r\nX: \ra")],
  ["a NUL, at once", "HTTP/1.1 200 OK\r\nX: \0"],
  ["a 101 unasked", "HTTP/1.1 101 Switching\r\n\r\n"],
  ["an endless head", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}`],
] as const) {
  test(`${name} is refused, however it is cut`, () => {
    const all = bytes(text);
    for (let cut = 0; cut < Math.min(all.length, 200); cut++) {
      const seen = parse(all, cut === 0 ? [] : [cut]);
      assert.ok(seen.error !== null, `cut at ${cut}`);
      assert.equal(seen.trailers, null);
    }
  });
}

test("random and mutated bytes never throw anything but MessageError, and are never copied wrongly", () => {
  const good = bytes(WHOLE[1][1]);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(good.length),
      fc.nat(20),
      (noise, at, gap) => {
        parse(
          Buffer.concat([good.subarray(0, at), noise, good.subarray(at + gap)]),
          [],
          "GET",
          true,
        );
        parse(Buffer.from(noise), [], "GET", true);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("any body in any chunks comes out as it went in", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })),
      fc.nat(),
      (chunks, seed) => {
        const framed = chunks.map((c) =>
          Buffer.concat([bytes(`${c.length.toString(16)}\r\n`), c, bytes("\r\n")]),
        );
        const head = bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const all = Buffer.concat([head, ...framed, bytes("0\r\n\r\n")]);
        const cut = seed % all.length;
        const seen = parse(all, [cut]);
        assert.equal(seen.body, Buffer.concat(chunks).toString("latin1"));
        assert.deepEqual(seen.trailers, []);
      },
    ),
    { numRuns: 500 },
  );
});
