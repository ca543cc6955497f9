import assert from "node:assert/strict";
import { test } from "node:test";
import { CredentialMasker, type CredentialRules } from "../../../../daemon/proxy/credentials.ts";

let seals = 0;
const rules: CredentialRules = {
  isHeader: (name) => /^(?:authorization|set-cookie|x-callnumber-token)$/i.test(name),
  mask: (_name, value) => `masked(${value.length})`,
  maskWithin: (_name, value) => value.replace(/secret=\w+/, "secret=masked"),
  maskUrl: (url, isRefused) =>
    url
      .replace(/key=([^&]*)/, (_, value) => `key=masked(${decodeURIComponent(value).length})`)
      .replace(isRefused ? /~[^/]*/ : /$^/, "~masked"),
  live: (headers, url, injected) => [
    ...injected.map(([, value]) => value),
    ...headers.filter(([name]) => /^authorization$/i.test(name)).map(([, value]) => value),
    ...(/[?&]key=([^&]*)/.exec(url)?.[1] === undefined ? [] : ["from-url"]),
  ],
  seal: (secrets) => {
    seals++;
    return `sealed:${secrets.join("|")}`;
  },
};

test("credential headers and query values are masked, all else stays as spelled", () => {
  const masker = new CredentialMasker(rules, []);
  const made = masker.request(
    ["Host", "h", "AUTHORIZATION", "Bearer abc"],
    "/x?a=%2F&key=s%20t&b",
    [],
  );
  assert.deepEqual(made.headers, [
    ["Host", "h"],
    ["AUTHORIZATION", "masked(10)"],
  ]);
  assert.equal(made.url, "/x?a=%2F&key=masked(3)&b");
  assert.equal(made.sealed, "sealed:Bearer abc|from-url");
});

test("the daemon's own token is left out altogether", () => {
  const masker = new CredentialMasker(rules, []);
  const made = masker.request(["X-Callnumber-Token", "t"], "/x", []);
  assert.deepEqual(made, { headers: [], url: "/x", sealed: null });
});

test("what within another header is a credential is masked, and sealed with the rest", () => {
  const masker = new CredentialMasker(rules, []);
  const made = masker.request(["X-Debug", "secret=abc", "authorization", "k"], "/x", []);
  assert.deepEqual(made.headers[0], ["X-Debug", "secret=masked"]);
  assert.equal(made.sealed, "sealed:k");
  assert.deepEqual(masker.response(["Link", "secret=abc"]), [["Link", "secret=masked"]]);
});

test("the daemon's own token is sealed with every request and masked in the path of a refused one", () => {
  const masker = new CredentialMasker(rules, [], "front-door");
  assert.equal(masker.request(["Host", "h"], "/x", []).sealed, "sealed:front-door");
  const refused = masker.request(["Host", "h"], "/~front-door/x", [], true);
  assert.equal(refused.url, "/~masked/x");
});

test("headers that the configuration names are masked and sealed as well", () => {
  const masker = new CredentialMasker(rules, ["x-internal"]);
  const made = masker.request(["X-Internal", "secret"], "/x", []);
  assert.deepEqual(made.headers, [["X-Internal", "masked(6)"]]);
  assert.equal(made.sealed, "sealed:secret");
});

test("what the configuration puts in is sealed, not recorded", () => {
  const masker = new CredentialMasker(rules, []);
  const made = masker.request(["Host", "h"], "/x", ["authorization", "team"]);
  assert.deepEqual(made.headers, [["Host", "h"]]);
  assert.equal(made.sealed, "sealed:team");
});

test("one credential is sealed once, however often it comes", () => {
  const masker = new CredentialMasker(rules, []);
  seals = 0;
  for (let i = 0; i < 10; i++) masker.request(["authorization", "same"], `/x?n=${i}`, []);
  assert.equal(seals, 1);
  masker.request(["authorization", "other"], "/x", []);
  assert.equal(seals, 2);
});
