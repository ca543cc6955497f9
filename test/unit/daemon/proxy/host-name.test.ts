import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalHost,
  hostOf,
  isLoopback,
  originHost,
} from "../../../../daemon/proxy/host-name.ts";

test("a host is read without port and brackets, in its one spelling", () => {
  for (const [value, host] of [
    ["NAS.lan:4177", "nas.lan"],
    ["[::1]:1", "::1"],
    ["localhost.", "localhost"],
    ["0x7f.1:80", "127.0.0.1"],
    ["[::ffff:a00:1]", "10.0.0.1"],
    ["[2001:0DB8::0:1]", "2001:db8::1"],
  ] as const) {
    assert.equal(hostOf(value), host);
  }
  assert.equal(canonicalHost("fe80::1%eth0"), "fe80::1");
});

test("what no URL could hold is no host", () => {
  for (const odd of [
    ...["", "a b", "a@b", "a:b", "a/b", "[::1", "a:123456", "[a]", ".", "..", ".a", "a..b", "a.."],
    ...[
      "1.2.3.4.5",
      "a:65536",
      "256.0.0.1",
      "%31",
      "\u{ff11}27.0.0.1",
      "localhost\0",
      "a:",
      "[::1]a",
    ],
  ]) {
    assert.equal(hostOf(odd), null, odd);
  }
});

test("an origin is a scheme of the web and a host, nothing else", () => {
  assert.equal(originHost("https://A.example:1"), "a.example");
  for (const odd of [
    "null",
    "file://",
    "http://a/b",
    "http://a@b",
    "http://a?b",
    "chrome://a",
    "",
  ]) {
    assert.equal(originHost(odd), null, odd);
  }
});

test("names and addresses are loopback as a whole, not by how they begin or end", () => {
  for (const host of ["localhost", "a.b.localhost", "127.0.0.1", "127.255.0.3", "::1"]) {
    assert.equal(isLoopback(host), true, host);
  }
  for (const host of ["127.evil.example", "notlocalhost", "localhost.a", "128.0.0.1", "::2"]) {
    assert.equal(isLoopback(host), false, host);
  }
});
