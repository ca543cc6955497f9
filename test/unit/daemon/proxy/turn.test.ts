import assert from "node:assert/strict";
import { test } from "node:test";
import { Turn, type TurnMember } from "../../../../daemon/proxy/turn.ts";
import type { FrameToWrite } from "../../../../daemon/spool/writer.ts";
import { LIMITS } from "../../../../record/limits.ts";

/** Members that note what happens to them, in one list. */
function stage() {
  const order: string[] = [];
  const turn = new Turn((frames) => {
    order.push(`record ${frames.map(({ exchange }) => exchange).join()}`);
  });
  const member = (exchange: number, then: () => void = () => {}): TurnMember => ({
    collect: (into: FrameToWrite[]) => into.push({ kind: 5, exchange, atMs: 0, payload: "x" }),
    release: () => {
      order.push(`release ${exchange}`);
      then();
    },
    fault: (error) => order.push(`fault ${exchange}: ${error.message}`),
  });
  return { order, turn, member };
}
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("all that joined in a turn is recorded with one write before any of it goes on", async () => {
  const { order, turn, member } = stage();
  turn.join(member(1));
  turn.join(member(2));
  assert.deepEqual(order, [], "not before the turn ends");
  await nextTurn();
  assert.deepEqual(order, ["record 1,2", "release 1", "release 2"]);
});

test("too much for one turn is recorded and released at once", async () => {
  const { order, turn, member } = stage();
  turn.join(member(1));
  turn.grown(LIMITS.turnBytes - 1);
  assert.deepEqual(order, []);
  turn.grown(1);
  assert.deepEqual(order, ["record 1", "release 1"]);
  turn.join(member(2));
  await nextTurn();
  assert.deepEqual(order.slice(2), ["record 2", "release 2"], "and the turn goes on");
});

test("it says how much has gone on, after it has", async () => {
  const order: (string | number)[] = [];
  const turn = new Turn(
    () => order.push("record"),
    (bytes) => order.push(bytes),
  );
  turn.join({
    collect: (into) => into.push({ kind: 5, exchange: 1, atMs: 0, payload: "x" }),
    release: () => order.push("release"),
    fault: () => {},
  });
  turn.grown(100);
  turn.grown(20);
  await nextTurn();
  assert.deepEqual(order, ["record", "release", 120]);
});

test("who joins while the others are released is served by the next turn", async () => {
  const { order, turn, member } = stage();
  turn.join(member(1, () => turn.join(member(2))));
  await nextTurn();
  await nextTurn();
  assert.deepEqual(order, ["record 1", "release 1", "record 2", "release 2"]);
});

test("an error in one member's release is that member's alone", async () => {
  const { order, turn, member } = stage();
  turn.join(
    member(1, () => {
      throw new Error("a bug");
    }),
  );
  turn.join(member(2));
  await nextTurn();
  assert.deepEqual(order, ["record 1,2", "release 1", "fault 1: a bug", "release 2"]);
});
