import assert from "node:assert/strict";
import { test } from "node:test";
import {
  replaceSpans,
  spansOfHeader,
  spansOfMembers,
  spansOfProtocols,
  spansOfUrl,
} from "../../../../record/secrets/credential-spans.ts";
import { atBest } from "../../../timing.ts";

const hide = (): string => "•";
const url = (text: string, isRefused = false): string =>
  replaceSpans(text, spansOfUrl(text, isRefused), hide);

test("a URL's credentials: members of query and fragment, of its user, and in its path", () => {
  const OPAQUE = "f3Zq81hWnLx0Tg5B";
  for (const [whole, masked] of [
    ["/v1/models?key=abc&alt=sse", "/v1/models?key=•&alt=sse"],
    [
      "/v1?x-rapidapi-key=abc#access_token=def&state=1",
      "/v1?x-rapidapi-key=•#access_token=•&state=1",
    ],
    ["/v1?api%5Fkey=abc", "/v1?api%5Fkey=•"],
    [`/v1?k=abcdef&k2=1`, "/v1?k=•&k2=1"],
    [`/v1?z=${OPAQUE}&y=short`, "/v1?z=•&y=short"],
    ["/v1?next=https%3A%2F%2Fx%2F%3Ftoken%3Dabc&n=1", "/v1?next=•&n=1"],
    ["/bot123456:opaque-part/sendMessage", "/bot123456:•/sendMessage"],
    ["/123456%3Aopaque-part/x", "/123456%3A•/x"],
    [`/hooks/token/${OPAQUE}/run`, "/hooks/token/•/run"],
    ["/a;jsessionid=abc/b", "/a;jsessionid=•/b"],
    ["/a?b=1;key=abc;c=2", "/a?b=1;key=•;c=2"],
    ["/a?b=%26key%3Dabc", "/a?b=•"],
    ["/a?b=c%3Fkey%3Dabc", "/a?b=•"],
    [`/v1/tokens/${OPAQUE}`, "/v1/tokens/•"],
    [`/hooks/${OPAQUE}`, "/hooks/•"],
    [`/invite/${OPAQUE}/accept`, "/invite/•/accept"],
    [`/reset-password/${OPAQUE}`, "/reset-password/•"],
    [`/key-${OPAQUE}/v1`, "/key-•/v1"],
    ["//user:pw@h.example/x", "//•@h.example/x"],
    ["https://user:pw@h.example/x?n=1", "https://•@h.example/x?n=1"],
  ] as const) {
    assert.equal(url(whole), masked);
  }
});

test("paths and queries of the APIs stay as they are", () => {
  for (const whole of [
    "/v1/chat/completions",
    "/v1/messages/count_tokens?beta=true",
    "/v1/keys/info",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "/model/anthropic.claude-sonnet-4-v1%3A0/converse-stream",
    "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x/invoke",
    "/v1/responses/resp_68af4030592c81938ec0a5fbab4a3e9f?stream=true&starting_after=0",
    "/api/tags/llama3:8b",
    "/v1/threads/thread_abc123/messages?after=msg_vuJDCpLaKhGfCx4CF8nDkKOF&order=asc",
    "/openai/deployments/gpt-4o/chat/completions?api-version=2024-05-01-preview",
    "/~user/x",
    "/v1/hooks/daily-report-2026/run",
    "/docs/token-classification-models/x",
    "/key-concepts-of-the-api/x",
  ]) {
    assert.equal(url(whole), whole);
  }
});

test("of a refused request everything that may be meant as the daemon's token is masked", () => {
  assert.equal(url("/~front-door/up/v1", true), "/~•/up/v1");
  assert.equal(url("/%7Efront-door/up/v1", true), "/%7E•/up/v1");
  assert.equal(url("http://h/~front-door/up?x=1", true), "http://h/~•/up?x=1");
  assert.equal(url("//evil/~front-door/", true), "//evil/~•/");
  assert.equal(url("/key:secret@evil/x", true), "/•@evil/x");
});

test("within other headers, members are masked by their names", () => {
  const header = (name: string, value: string): string =>
    replaceSpans(value, spansOfHeader(name, value), hide);
  assert.equal(header("referer", "http://h/x?key=abc&n=1"), "http://h/x?key=•&n=1");
  assert.equal(header("Location", "/cb#access_token=abc"), "/cb#access_token=•");
  assert.equal(
    header("link", '<https://h/?page_token=a&api_key=b>; rel="next"'),
    '<https://h/?page_token=a&api_key=•>; rel="next"',
  );
  assert.equal(
    header("x-portkey-config", '{"virtual_key":"abc","retry":{"attempts":3}}'),
    '{"virtual_key":"•","retry":{"attempts":3}}',
  );
  assert.equal(header("baggage", "userId=alice,sessionToken=abc"), "userId=alice,sessionToken=•");
  for (const [name, value] of [
    ["accept", "text/html;q=0.9, */*;q=0.8"],
    ["content-type", "multipart/form-data; boundary=----x"],
    ["x-amzn-trace-id", "Root=1-a7421915-90c1cf280ff1d9482f772c88;Parent=9b34e4bcd8b6"],
    ["strict-transport-security", "max-age=31536000; includeSubDomains"],
    ["www-authenticate", 'Bearer realm="OpenAI API", error="invalid_token"'],
  ] as const) {
    assert.equal(header(name, value), value);
  }
});

test("a browser's key among WebSocket sub-protocols", () => {
  const protocols = (value: string): string => replaceSpans(value, spansOfProtocols(value), hide);
  assert.equal(
    protocols("realtime, openai-insecure-api-key.sk-abc, openai-beta.realtime-v1"),
    "realtime, openai-insecure-api-key.•, openai-beta.realtime-v1",
  );
  assert.equal(protocols("bearer, abcdefgh"), "bearer, •");
  assert.equal(protocols("base64url.bearer.authorization.k8s.io.QUJDREVG"), "base64url.bearer.•");
  for (const plain of [
    "graphql-transport-ws",
    "openai-organization.org-x, realtime",
    "chat, v2.chat",
  ]) {
    assert.equal(protocols(plain), plain);
  }
});

test("forms, and what has no end, cost their length", async () => {
  assert.deepEqual(
    spansOfMembers("grant_type=refresh&client_secret=abc").map((s) => s.start),
    [33],
  );
  const texts = [
    "?".repeat(60_000),
    "a=".repeat(30_000),
    ";/".repeat(30_000),
    `"a":"`.repeat(9_000),
  ];
  const best = await atBest(250, () => {
    const begun = performance.now();
    for (const text of texts) {
      spansOfUrl(text, true);
      spansOfHeader("x", text);
      spansOfProtocols(text);
    }
    return performance.now() - begun;
  });
  assert.ok(best < 250, `${best} ms`);
});
