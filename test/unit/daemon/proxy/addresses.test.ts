import assert from "node:assert/strict";
import type { LookupAddress, lookup } from "node:dns";
import { test } from "node:test";
import {
  guardedLookup,
  isExplicitHost,
  isPrivateAddress,
} from "../../../../daemon/proxy/addresses.ts";

for (const address of [
  "127.0.0.1",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "224.0.0.1",
  "::1",
  "::",
  "fe80::1",
  "fd00::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "0:0:0:0:0:ffff:0a00:0001",
  "::ffff:0:127.0.0.1",
  "::127.0.0.1",
  "::7f00:1",
  "::8.8.8.8",
  "64:ff9b::127.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::a00:1",
  "64:ff9b::1",
  "64:ff9b::",
  "64:ff9b::1:0:0",
  "64:ff9b:1::8.8.8.8",
  "64:ff9b:1:ffff::1",
  "2002:7f00:1::",
  "2002:a9fe:a9fe::1",
  "2002:808:808::1",
  "2001::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001:2::1",
  "2001:20::1",
  "2001:db8::1",
  "3fff::1",
  "100::1",
  "5f00::1",
  "fec0::1",
  "feff::1",
  "fe80::1%eth0",
  "fc00::1",
  "ff0e::1",
  "0.1.2.3",
  "100.127.255.255",
  "127.255.255.254",
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "240.0.0.1",
  "239.255.255.255",
]) {
  test(`${address} is private`, () => assert.equal(isPrivateAddress(address), true));
}

for (const address of [
  "1.1.1.1",
  "172.32.0.1",
  "192.169.0.1",
  "8.8.8.8",
  "2606:4700::1111",
  "::ffff:8.8.8.8",
  "::ffff:808:808",
  "64:ff9b::8.8.8.8",
  "64:ff9b::808:808",
  "100.63.255.255",
  "100.128.0.1",
  "198.17.255.255",
  "198.20.0.1",
  "223.255.255.255",
  "2001:200::1",
  "2001:4860:4860::8888",
  "2003::1",
  "2a00:1450::1",
  "not an address",
]) {
  test(`${address} is not private`, () => assert.equal(isPrivateAddress(address), false));
}

test("a literal address and localhost are permission enough, names are not", () => {
  for (const host of ["127.0.0.1", "::1", "localhost", "a.localhost"])
    assert.equal(isExplicitHost(host), true, host);
  for (const host of ["nas.lan", "localhost.example", "api.openai.com"])
    assert.equal(isExplicitHost(host), false, host);
});

/** A name service that always answers with `addresses`. */
function answering(addresses: string[]) {
  return ((
    _name: string,
    _options: object,
    callback: (error: null, found: LookupAddress[]) => void,
  ) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    )) as typeof lookup;
}

function resolve(addresses: string[], all: boolean): Promise<unknown> {
  return new Promise((done, fail) => {
    guardedLookup(answering(addresses))("name", { all }, (error, found) =>
      error ? fail(error) : done(found),
    );
  });
}

test("a name that resolves to private addresses alone fails, naming them", async () => {
  await assert.rejects(resolve(["127.0.0.1", "fd00::1"], true), {
    code: "CALLNUMBER_PRIVATE",
    message: "name resolves to 127.0.0.1, fd00::1, which is private",
  });
});

test("of a mixed answer only the public addresses are dialled", async () => {
  assert.deepEqual(await resolve(["10.0.0.1", "1.1.1.1"], true), [
    { address: "1.1.1.1", family: 4 },
  ]);
  assert.equal(await resolve(["10.0.0.1", "1.1.1.1"], false), "1.1.1.1");
});
