import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, editDistance } from "../../../../daemon/config/did-you-mean.ts";

test("the nearest word is meant, a far one is not", () => {
  const words = ["listen", "captures", "allow_private", "upstreams"];
  assert.equal(didYouMean("lisen", words), "listen");
  assert.equal(didYouMean("allowprivate", words), "allow_private");
  assert.equal(didYouMean("allow-private", words), "allow_private");
  assert.equal(didYouMean("Captures", words), "captures");
  assert.equal(didYouMean("zebra", words), null);
});

test("a swap of neighbours counts once", () => {
  assert.equal(editDistance("tokne", "token"), 1);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("kitten", "sitting"), 3);
});
