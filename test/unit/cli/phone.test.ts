import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { Writable } from "node:stream";
import { test } from "node:test";
import { lanAddress, phoneLines } from "../../../cli/phone.ts";

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;

test("the address is that of the home network, not of a container, a tunnel or a link", () => {
  const interfaces = {
    lo: [at("127.0.0.1", true)],
    docker0: [at("172.17.0.1")],
    tailscale0: [at("100.101.102.103")],
    eth0: [at("fe80::1"), at("169.254.7.7"), at("192.168.1.20")],
  };
  assert.equal(lanAddress(interfaces), "192.168.1.20");
  assert.equal(lanAddress({ ...interfaces, eth0: [] }), "100.101.102.103");
  assert.equal(lanAddress({ lo: [at("127.0.0.1", true)] }), null);
});

test("a terminal gets a QR code in colours of its own, a pipe gets the address alone", async () => {
  const out = new Writable();
  const url = "http://192.168.1.20:4178/~abc/";
  const plain = await phoneLines(url, out);
  assert.ok(plain.some((line) => line.includes(url)));
  assert.doesNotMatch(plain.join("\n"), /\u001b|█/);
  const shown = await phoneLines(url, Object.assign(out, { isTTY: true }));
  const code = shown.filter((line) => line.includes("█"));
  assert.ok(code.length > 10);
  for (const line of code) assert.match(line, /^ {2}\u001b\[97;40m[█▀▄ ]+\u001b\[0m$/);
});
