/** Identities of items against the contract that items.ts states: SHA-256 over role, kind and content. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { itemsOf } from "../../../../record/conversation/items.ts";

test("an item is named by role, kind and content, and measured in bytes, whatever its length", () => {
  const texts = [
    "a",
    "請求 檔案",
    "😀",
    "\ud83d",
    "x\udc00y",
    "é".repeat(90_000),
    "z".repeat(400_000),
  ];
  for (const text of texts) {
    const message = { role: "user", pieces: [{ kind: "text", text }], index: 0, key: "messages" };
    const digest = createHash("sha256").update(`user\0text\0${text}`).digest("hex");
    assert.deepEqual(itemsOf(message as never), [
      { id: digest.slice(0, 16), role: "user", bytes: Buffer.byteLength(text) },
    ]);
  }
});
