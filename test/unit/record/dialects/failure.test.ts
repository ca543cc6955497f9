import assert from "node:assert/strict";
import { test } from "node:test";
import { failureIn, failureOf } from "../../../../record/dialects/failure.ts";

const none = () => "";

test("errors in every shape become one line, type first", () => {
  const cases: [unknown, string | null][] = [
    [
      { error: { type: "invalid_request_error", message: "no model" } },
      "invalid_request_error: no model",
    ],
    [{ error: { error: { code: "x", message: "deep" } } }, "x: deep"],
    [{ error: "model not found" }, "model not found"],
    [{ error: { status: "INVALID_ARGUMENT", code: 400, message: "bad" } }, "INVALID_ARGUMENT: bad"],
    [[{ error: { code: 429, message: "slow\n down" } }], "429: slow down"],
    [
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
      "overloaded_error: Overloaded",
    ],
    [{ type: "error", code: "c", message: "m" }, "c: m"],
    [{ response: { error: { code: "server_error", message: "boom" } } }, "server_error: boom"],
    [{ choices: [{ error: { code: 502, message: "died" } }] }, "502: died"],
    [{ errors: [{ message: "first" }, { message: "second" }] }, "first"],
    [{ error: null }, null],
    [{ error: {} }, null],
    [{ error: "" }, null],
    [{ choices: [{ finish_reason: "content_filter" }] }, null],
    [{ stop_reason: "refusal" }, null],
    ["error", null],
    [null, null],
  ];
  for (const [body, expected] of cases)
    assert.equal(failureIn(body), expected, JSON.stringify(body));
});

test("an error status is an error whatever the body says", () => {
  assert.equal(
    failureOf(400, { message: "too long", __type: "ValidationException" }, none),
    "HTTP 400 ValidationException: too long",
  );
  assert.equal(failureOf(422, { detail: "nope" }, none), "HTTP 422 nope");
  assert.equal(
    failureOf(502, undefined, () => "<html><title>Bad  gateway</title>"),
    "HTTP 502 Bad gateway",
  );
  assert.equal(
    failureOf(500, undefined, () => "\u0000\u0001"),
    "HTTP 500",
  );
  assert.equal(failureOf(500, undefined, none), "HTTP 500");
  assert.equal(failureOf(200, { message: "hello" }, none), null);
  assert.equal(failureOf(null, undefined, none), null);
});

test("a very long message is cut", () => {
  assert.ok((failureIn({ error: "x".repeat(1e6) }) ?? "").length <= 501);
});
