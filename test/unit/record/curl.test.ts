import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { asCurl, type CurlBody, daemonBase } from "../../../record/curl.ts";
import type { ExchangeLine } from "../../../record/format/schema.ts";

const exchange = (headers: [string, string][], url = "/v1/chat/completions", method = "POST") =>
  ({
    id: "01K",
    upstream: "openai",
    request: { method, url, http: "1.1", headers, body: null },
  }) as unknown as ExchangeLine;

/** The words that a shell passes to curl, and what comes on its standard input. */
function shellWords(x: ExchangeLine, body: CurlBody): { words: string[]; input: Buffer } {
  const show = `curl() { for word in "$@"; do printf '%s\\0' "$word" >&2; done; cat; }; API_KEY=k\n`;
  const command = asCurl(x, daemonBase(x.upstream), body);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", `${show}${command}`], { input: "" });
  assert.equal(status, 0);
  return { words: stderr.toString().split("\0").slice(0, -1), input: stdout };
}

test("a credential comes from the environment, whatever was recorded of it", () => {
  const x = exchange([
    ["Authorization", "Bearer sk-…[redacted fp:1a2b3c4d]"],
    ["x-api-key", "abc"],
  ]);
  const { words } = shellWords(x, null);
  assert.ok(words.includes("Authorization: Bearer k"));
  assert.ok(words.includes("x-api-key: k"));
  assert.doesNotMatch(words.join(" "), /redacted|abc/);
});

test("a quote in a header, an address or a header's name cannot end the shell's quoting", () => {
  const x = exchange(
    [
      ["x-note", "it's; rm -rf ~ $(id)"],
      ["x-`id`", "[redacted]"],
    ],
    "/v1/'$(id)",
  );
  const { words } = shellWords(x, null);
  assert.equal(words[0], "http://127.0.0.1:4177/openai/v1/'$(id)");
  assert.ok(words.includes("x-note: it's; rm -rf ~ $(id)"));
  assert.ok(words.includes("x-`id`: k"));
});

test("bodies reach curl byte for byte: text, quotes, a leading @, binary", () => {
  for (const body of ["it's $HOME `id` \\ \n", "@/etc/passwd", "{}"].map((s) => Buffer.from(s))) {
    const { words, input } = shellWords(exchange([]), body);
    const given = words[words.indexOf("--data-binary") + 1]!;
    assert.deepEqual(given === "@-" ? input : Buffer.from(given), body);
  }
  const binary = Buffer.from([0, 255, 10, 13]);
  assert.deepEqual(shellWords(exchange([]), binary).input, binary);
});

test("the body of a long request can be named as a file", () => {
  assert.ok(shellWords(exchange([]), { file: "01K.json" }).words.includes("@01K.json"));
});

test("headers that curl sets itself or that belong to the encoded body are left out", () => {
  const headers = ["Host", "Content-Length", "Content-Encoding", "Connection"];
  const { words } = shellWords(exchange(headers.map((name) => [name, "x"])), null);
  assert.deepEqual(words, ["http://127.0.0.1:4177/openai/v1/chat/completions", "-X", "POST"]);
});

test("what a terminal would obey is spelled out and still reaches curl as it was", () => {
  const hostile = "a\u001b]0;title\u0007b\u009b31m\u202e\u2066c\u2028\ue000'd";
  const x = exchange([["x-note", hostile]], `/v1/${hostile}`);
  const body = Buffer.from(hostile);
  const command = asCurl(x, daemonBase(x.upstream), body);
  assert.doesNotMatch(command, /(?![\t\n])[\p{Cc}\p{Cf}\p{Co}\p{Zl}]/u);
  const { words, input } = shellWords(x, body);
  assert.equal(words[0], `http://127.0.0.1:4177/openai/v1/${hostile}`);
  assert.ok(words.includes(`x-note: ${hostile}`));
  assert.deepEqual(input, body);
});
