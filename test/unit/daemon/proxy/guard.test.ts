import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkHost,
  checkOrigin,
  checkToken,
  hasPassed,
  hostName,
} from "../../../../daemon/proxy/guard.ts";

const hosts = new Set(["localhost", "127.0.0.1", "::1", "nas.lan"]);

test("host names are read without port and brackets, and odd ones not at all", () => {
  assert.equal(hostName("NAS.lan:4177"), "nas.lan");
  assert.equal(hostName("[::1]:1"), "::1");
  for (const odd of ["", "a b", "a@b", "a:b", "a/b", "[::1", "a:123456"])
    assert.equal(hostName(odd), null, odd);
});

test("own names pass, also any *.localhost and the very address that was reached", () => {
  for (const host of ["localhost:4177", "127.0.0.1", "[::1]:4177", "NAS.LAN", "app.localhost"]) {
    assert.equal(checkHost(host, hosts, "127.0.0.1"), null, host);
  }
  assert.equal(checkHost("192.168.1.5:4177", hosts, "::ffff:192.168.1.5"), null);
  for (const host of [
    "evil.example",
    "192.168.1.5",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "",
  ]) {
    assert.equal(checkHost(host, hosts, "127.0.0.1")?.code, "host-refused", host);
  }
});

test("no origin and own origins pass, foreign ones and cross-site do not", () => {
  assert.equal(checkOrigin({}, hosts), null);
  assert.equal(
    checkOrigin({ origin: "http://localhost:3000", "sec-fetch-site": "same-site" }, hosts),
    null,
  );
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "file://" },
    { "sec-fetch-site": "cross-site" },
    { origin: "http://localhost.evil.example" },
  ]) {
    assert.equal(checkOrigin(headers, hosts)?.code, "origin-refused", JSON.stringify(headers));
  }
});

test("the token must be there and right where one is set", () => {
  assert.equal(checkToken(null, null), null);
  assert.equal(checkToken("t", "t"), null);
  assert.equal(checkToken("t", null)?.code, "token-refused");
  assert.equal(checkToken("t", "tt")?.code, "token-refused");
  assert.equal(checkToken("t", "")?.code, "token-refused");
});

test("a hop list names whom a request has passed", () => {
  assert.equal(hasPassed("a, b", "b"), true);
  assert.equal(hasPassed("ab", "b"), false);
  assert.equal(hasPassed(null, "b"), false);
});
