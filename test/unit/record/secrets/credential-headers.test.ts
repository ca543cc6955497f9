import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isCredentialHeader,
  isCredentialParameter,
  isWorthHiding,
  liveCredentials,
  maskCredential,
} from "../../../../record/secrets/credential-headers.ts";
import { atBest } from "../../../timing.ts";
import { credentialKinds } from "./credential-kinds.ts";

const tag = (secret: string): string => `${secret.length}`.padStart(8, "0");
const KEY = credentialKinds(3).find((k) => k.name === "openrouter")!.secret;

test("credential headers are known by name, in any case", () => {
  const yes = [
    "Authorization",
    "PROXY-AUTHORIZATION",
    "x-api-key",
    "api-key",
    "X-Goog-Api-Key",
    "Cookie",
    "Set-Cookie",
    "x-auth-token",
    "X-Amz-Security-Token",
    "Ocp-Apim-Subscription-Key",
    "cf-access-client-secret",
    "x-stainless-api-key",
    "helicone-auth-token",
  ];
  const no = [
    "content-type",
    "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-tokens-remaining",
    "x-ratelimit-limit-token",
    "idempotency-key",
    "sec-websocket-key",
    "x-claude-code-session-id",
    "x-max-token",
    "traceparent",
    "cache-control",
  ];
  assert.deepEqual(
    yes.filter((n) => !isCredentialHeader(n)),
    [],
  );
  assert.deepEqual(no.filter(isCredentialHeader), []);
});

test("query parameters of the usual names are credentials, alt and page_token are not", () => {
  assert.deepEqual(
    [
      "key",
      "api_key",
      "api-key",
      "access_token",
      "token",
      "X-Amz-Signature",
      "sig",
      "client_secret",
    ].filter((n) => !isCredentialParameter(n)),
    [],
  );
  assert.deepEqual(
    ["alt", "beta", "page_token", "model", "max_tokens"].filter(isCredentialParameter),
    [],
  );
});

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
