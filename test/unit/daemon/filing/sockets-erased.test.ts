/**
 * Turns of an open WebSocket that are filed leave the spool as well, where messages are not
 * compressed; whatever is written anew when, and whenever the filer dies, each turn is filed once.
 * Random cuts of the bytes, segment ends, rounds, filer deaths, other calls beside it.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FrameKind } from "../../../../daemon/frames.ts";
import type { SpoolWriter } from "../../../../daemon/spool/writer.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { filerOf, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";
import { Sender } from "./ws-sender.ts";

function spooled({ spoolDir }: Scene): string {
  const files = fs.readdirSync(spoolDir).map((name) => fs.readFileSync(join(spoolDir, name)));
  return Buffer.concat(files).toString("latin1");
}

/** The client's bytes are masked: they are looked for as they are on the wire. */
function onWire(text: string, masked: boolean): string {
  return Sender.text(text, masked).subarray(-40).toString("latin1");
}

for (let seed = 1; seed <= 12; seed++) {
  test(`turns of an open socket leave the spool and are filed once, seed ${seed}`, async () => {
    const random = seededRandom(seed);
    const at = scene();
    const spool: SpoolWriter = spoolOf(at, 1_000 + Math.floor(random() * 20_000));
    const id = put(spool, {
      request: "",
      head: { status: 101, headers: [] },
      response: [],
      end: null,
    });
    const number = Number(id.slice(-6));
    let filer = filerOf(at);
    const act = async () => {
      const what = random();
      if (what < 0.2) spool.renew();
      else if (what < 0.5) await filer.filer.run();
      else if (what < 0.6) filer = filerOf(at);
      else if (what < 0.7) put(spool);
    };
    const write = async (kind: number, bytes: Buffer) => {
      for (let from = 0; from < bytes.length; ) {
        const to = random() < 0.7 ? bytes.length : from + Math.ceil(random() * bytes.length);
        spool.append(kind, number, 10, bytes.subarray(from, to));
        from = to;
        await act();
      }
    };
    const asked: string[] = [];
    const said: string[] = [];
    for (let i = 0; i < 12; i++) {
      asked.push(
        JSON.stringify({ type: "response.create", i, input: "q".repeat(random() ** 2 * 5_000) }),
      );
      said.push(
        JSON.stringify({ type: "response.completed", response: { id: `r${i}`, output: [] } }),
      );
      await write(FrameKind.clientFrame, Sender.text(asked[i]!, true));
      await write(FrameKind.upstreamFrame, Sender.text(said[i]!, false));
      if (i !== 5) continue;
      // Idle, with the socket open: nothing of what is filed is left.
      for (let round = 0; round < 3; round++) {
        await filer.filer.run();
        spool.renew();
      }
      await filer.filer.run();
      const left = spooled(at);
      for (const text of asked) assert.ok(!left.includes(onWire(text, true)), text.slice(0, 60));
      for (const text of said) assert.ok(!left.includes(onWire(text, false)), text);
    }
    const end = { outcome: "client_aborted", error: null, total_ms: 99, verbatim: true };
    spool.append(FrameKind.end, number, 99, JSON.stringify(end));
    await filer.filer.run();
    filer.filer.close();
    const turns = readTree(at).filter(({ request }) => request?.includes("response.create"));
    assert.deepEqual(
      turns.map(({ request }) => request?.toString()),
      asked,
    );
    assert.equal(new Set(turns.map(({ line }) => line.id)).size, 12);
    for (const [i, { line, chunks }] of turns.entries()) {
      assert.equal(line.outcome, "complete");
      assert.deepEqual(
        chunks?.map(([, bytes]) => bytes.toString()),
        [said[i]],
      );
    }
  });
}
