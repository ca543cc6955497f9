import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHost, checkOrigin, checkToken, hasPassed } from "../../../../daemon/proxy/guard.ts";

const hosts = new Set(["localhost", "127.0.0.1", "::1", "nas.lan"]);

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
    { "sec-fetch-site": "none, cross-site" },
    { origin: "http://localhost, http://evil.example" },
    { origin: "http://localhost.evil.example" },
    { origin: "http://127.evil.example" },
    { origin: "http://127.0.0.1.evil.example:4177" },
    { origin: "http://127.0.0.evil.example" },
    { origin: "http://localhost@evil.example" },
    { origin: "http://127.0.0.1#.evil.example" },
    { origin: "http://nas.lan.evil.example" },
    { origin: "http://evilnas.lan" },
    { origin: "http://128.0.0.1" },
    { origin: "http://[::2]" },
    { origin: "ws://evil.example" },
    { origin: "" },
  ]) {
    assert.equal(checkOrigin(headers, hosts)?.code, "origin-refused", JSON.stringify(headers));
  }
});

test("own hosts and pages pass in every spelling of their address", () => {
  for (const host of LOOPBACK) {
    assert.equal(checkHost(host, hosts, "127.0.0.1"), null, host);
    for (const port of ["", ":3000"]) {
      assert.equal(checkOrigin({ origin: `http://${host}${port}` }, hosts), null, host);
    }
  }
  assert.equal(checkHost("[fe80::1]", hosts, "fe80::1%eth0"), null);
});

const LOOPBACK = [
  ...["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "0x7f000001", "127.0.0.1."],
  ...["[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]"],
  ...["localhost", "LOCALHOST", "localhost.", "app.localhost", "nas.LAN."],
];

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
