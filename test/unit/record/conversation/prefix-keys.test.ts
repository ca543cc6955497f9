/** Keys of beginnings, taken over from another list or not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PrefixKeys, shortHash } from "../../../../record/conversation/items.ts";
import type { Item } from "../../../../record/conversation/model.ts";
import { seededRandom } from "../../../seeded-random.ts";

const itemOf = (name: string): Item => ({ id: shortHash(name), role: "user", bytes: 1 });
const keysOf = (keys: PrefixKeys): string[] =>
  Array.from({ length: keys.length + 1 }, (_, k) => keys.at(k));

test("keys that were taken over are those of the list by itself, over any branching", () => {
  const random = seededRandom(3);
  const made: { items: Item[]; keys: PrefixKeys }[] = [{ items: [], keys: new PrefixKeys([]) }];
  for (let i = 0; i < 2000; i++) {
    const from = made[Math.floor(random() * made.length)]!;
    const kept = from.items.slice(0, Math.floor(random() * (from.items.length + 1)));
    const base = random() < 0.5 ? from.items : kept;
    const added = Array.from({ length: Math.floor(random() * 4) }, (_, k) => itemOf(`${i} ${k}`));
    const items = [...base, ...added];
    made.push({ items, keys: new PrefixKeys(items, from.keys) });
  }
  for (const { items, keys } of made) assert.deepEqual(keysOf(keys), keysOf(new PrefixKeys(items)));
});

test("lists begin alike exactly as far as their keys are the same", () => {
  const lists = ["a b c d", "a b x d", "a b", "b a", "a b c d e"].map((text) => {
    const items = text.split(" ").map(itemOf);
    return { items, keys: new PrefixKeys(items) };
  });
  for (const one of lists) {
    for (const other of lists) {
      for (let k = 0; k <= Math.min(one.items.length, other.items.length); k++) {
        const alike = one.items.slice(0, k).every(({ id }, i) => id === other.items[i]!.id);
        assert.equal(one.keys.at(k) === other.keys.at(k), alike);
      }
    }
  }
});
