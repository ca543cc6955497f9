import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isWorthHiding,
  liveCredentials,
  maskCredential,
  maskUrl,
} from "../../../../record/secrets/credential-headers.ts";
import { atBest } from "../../../timing.ts";
import { credentialKinds } from "./credential-kinds.ts";

const tag = (secret: string): string => `${secret.length}`.padStart(8, "0");
const KEY = credentialKinds(3).find((k) => k.name === "openrouter")!.secret;

test("a masked value shows scheme and public prefix, a fingerprint, and nothing else", () => {
  const mask = (name: string, value: string): string => maskCredential(name, value, tag);
  assert.equal(mask("authorization", `Bearer ${KEY}`), "Bearer sk-or-v1-…[redacted fp:00000073]");
  assert.equal(mask("x-api-key", "0123456789abcdef0123"), "[redacted fp:00000020]");
  assert.equal(
    mask("authorization", `Basic ${Buffer.from("user:pass").toString("base64")}`),
    "Basic [redacted fp:00000012]",
  );
  assert.equal(mask("x-api-key", "sk-short"), "[redacted fp:00000008]");
  assert.equal(
    mask("cookie", "a=1; session=abc; flag"),
    "a=[redacted fp:00000001]; session=[redacted fp:00000003]; flag",
  );
  assert.equal(
    mask("set-cookie", "sid=abcd; Path=/; HttpOnly"),
    "sid=[redacted fp:00000004]; Path=/; HttpOnly",
  );
  assert.equal(mask("cookie", ""), "");
});

test("masking what is masked changes nothing", () => {
  for (const [name, value] of [
    ["authorization", `Bearer ${KEY}`],
    ["cookie", "a=b; c=d"],
    ["x-api-key", "whatever-it-is"],
  ] as const) {
    const once = maskCredential(name, value, tag);
    assert.equal(maskCredential(name, once, tag), once);
  }
});

test("live credentials come from headers, query and WebSocket sub-protocols, longest first", () => {
  const basic = Buffer.from("deploy:s3cret-Pa55").toString("base64");
  assert.deepEqual(
    liveCredentials(
      [
        ["Authorization", `Bearer ${KEY}`],
        ["Proxy-Authorization", `Basic ${basic}`],
        ["Cookie", "theme=dark; sid=0123456789abcdef0123"],
        ["Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.sk-live-0123456789"],
        ["Content-Type", "application/json"],
      ],
      "/v1beta/models?key=AIza%2Bquery-key&alt=sse",
    ),
    [
      KEY,
      basic,
      "0123456789abcdef0123",
      "deploy:s3cret-Pa55",
      "sk-live-0123456789",
      "AIza+query-key",
      "s3cret-Pa55",
    ],
  );
});

test("schemes with parameters: their secrets are hidden and looked for one by one", () => {
  const value =
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE12345/20261201/x/aws4_request, Signature="0f1e2d3c4b5a69788796a5b4c3d2e1f0"';
  assert.match(
    maskCredential("authorization", value, tag),
    /^AWS4-HMAC-SHA256 \[redacted fp:\d+\]$/,
  );
  assert.ok(
    liveCredentials([["authorization", value]], "/").includes("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
  );
  const digest = 'Digest username="u", response="6629fae49393a05397450978507c4ef1"';
  assert.ok(
    liveCredentials([["authorization", digest]], "/").includes("6629fae49393a05397450978507c4ef1"),
  );
});

test("no scheme is made up: what stands in front of a blank may be the key", () => {
  assert.equal(
    maskCredential("x-master-key", "opaque-word another", tag),
    "[redacted fp:00000019]",
  );
});

test("counts and switches under a credential's name stay, PINs do not", () => {
  assert.equal(maskCredential("x-litellm-key-x", "0.0", tag), "0.0");
  assert.equal(maskCredential("x-auth", "true", tag), "true");
  assert.equal(maskCredential("x-pin", "123", tag), "[redacted fp:00000003]");
});

test("a header that the configuration sets is looked for unless it is plainly no secret", () => {
  const injected = (name: string, value: string) => liveCredentials([], "/", [[name, value]]);
  for (const [name, value] of [
    ["x-corp-gate", "Zq81hWnLx0Tg5BfL"],
    ["x-route", "open-sesame-now"],
    ["x-team", "9f8a7b6c5d4e3f2a1b0c"],
    ["authorization", "Bearer abc-def-ghi"],
  ] as const) {
    assert.equal(injected(name, value).length, 1, name);
  }
  for (const [name, value] of [
    ["user-agent", "callnumber/0.1 (+https://example.org)"],
    ["http-referer", "https://example.org/app"],
    ["anthropic-beta", "context-1m-2025-08-07"],
    ["x-team", "research-eu"],
    ["x-region", "eu-west-1"],
    ["x-debug", "true"],
  ] as const) {
    assert.deepEqual(injected(name, value), [], name);
  }
});

test("of a plain setting that holds a credential that alone is looked for", () => {
  const live = liveCredentials([], "/", [["content-location", "/bot123456:Zq81hWnLx0Tg5BfL/v1"]]);
  assert.deepEqual(live, ["Zq81hWnLx0Tg5BfL"]);
});

test("a masked URL stays a URL, and masking it again changes nothing", () => {
  const once = maskUrl(`/v1?key=${KEY}&alt=sse`, tag);
  assert.equal(once, "/v1?key=sk-or-v1-%E2%80%A6[redacted%20fp:00000073]&alt=sse");
  assert.equal(maskUrl(once, tag), once);
});

test("stand-ins that local servers are given are not hidden: they are words of every text", () => {
  const words = [
    "ollama",
    "lm-studio",
    "EMPTY",
    "none",
    "sk-no-key-required",
    "dummy",
    "test",
    "password",
    "12345678",
    "xxx",
  ];
  assert.deepEqual(words.filter(isWorthHiding), []);
  assert.deepEqual(
    ["hunter2", "correct-horse-battery", KEY, "Tr0ub4"].filter((s) => !isWorthHiding(s)),
    [],
  );
});

test("a header of blanks costs its length: what a client sends must not hold up the others", async () => {
  const value = `Bearer x${" ".repeat(60_000)}y`;
  const best = await atBest(50, () => {
    const begun = performance.now();
    assert.deepEqual(liveCredentials([["authorization", value]], "/"), [value.slice(7)]);
    return performance.now() - begun;
  });
  assert.ok(best < 50, `${best} ms`);
});
