import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoute, targetPath } from "../../../../daemon/proxy/route.ts";

const read = (target: string) => readRoute(target, (name) => name === "up" || name === "11.11x");
const place = (
  upstream: string | null,
  rest: string,
  number: string | null = null,
  token: string | null = null,
) => ({
  kind: "upstream",
  upstream,
  number,
  token,
  rest,
});

for (const [target, route] of [
  ["/up/v1/x?y=/..", place("up", "/v1/x?y=/..")],
  ["/up", place("up", "")],
  ["/up?x", place("up", "?x")],
  ["/11.12/up/v1", place("up", "/v1", "11.12")],
  ["/11.12/v1/x", place(null, "/v1/x", "11.12")],
  ["/v1/x", place(null, "/v1/x")],
  ["/11.11x/y", place("11.11x", "/y")],
  ["/~t%2Fk/11.12/up/x", place("up", "/x", "11.12", "t/k")],
  ["/-/health?x", { kind: "own", path: "/health", token: null }],
  ["/~t/-/health", { kind: "own", path: "/health", token: "t" }],
  ["/up/a@b:c;d//e/...//f..g", place("up", "/a@b:c;d//e/...//f..g")],
] as const) {
  test(`${target} is read`, () => assert.deepEqual(read(target), route));
}

for (const target of [
  "",
  "*",
  "x",
  "http://evil/x",
  "//evil",
  "/\\evil",
  "/%2Fevil",
  "/%5cevil",
  "/up/../x",
  "/up/..",
  "/up/.",
  "/up/%2e%2e/x",
  "/up/%252E%252e/x",
  "/up/x%2f..%2fy",
  "/up/..%5cx",
  "/up/..;a/x",
  "/up/x\\y",
  "/up#f",
  "/up/%00",
  "/up/?q=%00",
  "/up/\u00e9",
  "/up/ x",
  "/up@evil/x",
]) {
  test(`${JSON.stringify(target)} is refused`, () => assert.equal(read(target).kind, "refused"));
}

test("the upstream's base path comes first and a request line never lacks a path", () => {
  assert.equal(targetPath("/api", "/v1/x?y"), "/api/v1/x?y");
  assert.equal(targetPath("/api", ""), "/api");
  assert.equal(targetPath("", ""), "/");
  assert.equal(targetPath("", "?x"), "/?x");
});
