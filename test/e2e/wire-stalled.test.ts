/**
 * Streams in which somebody stands still: an upstream that says nothing more, a client that reads
 * nothing more. Timeouts are off by default, so only the other side's leaving can end these, and it
 * has to reach the one that stands still at once; a client that does not read, as soon as it does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atBest } from "../timing.ts";
import {
  type FiledExchange,
  type RawPeer,
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
} from "./daemon-harness.ts";

const LIMIT_MS = 100;
const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const EVENT = 'data: {"choices":[{"delta":{"content":"half"}}]}\n\n';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

interface Scene {
  readonly client: RawPeer;
  readonly served: RawPeer;
}

/** Client and upstream in mid-stream; what `play` gives is the time, of the best of a few scenes. */
async function bestOf(play: (scene: Scene) => Promise<number>, outcome: string): Promise<void> {
  const upstream = await RawUpstream.start();
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${upstream.port}" }`);
  let filed: FiledExchange[] = [];
  try {
    const ms = await atBest(LIMIT_MS, async () => {
      const client = await rawClient(daemon.port);
      client.send(
        request(daemon.port, "POST /up/v1/chat/completions", ["Content-Length: 2"], "{}"),
      );
      const served = await upstream.next();
      await served.untilText("{}");
      served.send(HEAD + chunk(EVENT));
      await client.untilText("half");
      try {
        return await play({ client, served });
      } finally {
        client.socket.destroy();
      }
    });
    assert.ok(ms <= LIMIT_MS, `${ms} ms`);
    filed = await daemon.filed();
  } finally {
    await daemon.close();
    await upstream.close();
  }
  assert.deepEqual([...new Set(filed.map((line) => line.outcome))], [outcome]);
}

for (const [how, leave] of [
  ["FIN", (client: RawPeer) => client.socket.end()],
  ["RST", (client: RawPeer) => client.socket.resetAndDestroy()],
] as const) {
  test(`an upstream that stalls in mid-stream sees the client's ${how} within 100 ms`, async () => {
    await bestOf(async ({ client, served }) => {
      // Long enough that nothing of the last event is still on its way.
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(served.closed, null);
      const left = performance.now();
      leave(client);
      await served.untilClosed();
      return performance.now() - left;
    }, "client_aborted");
  });
}

test("a client that reads again after its upstream has reset gets the break within 100 ms", async () => {
  await bestOf(async ({ client, served }) => {
    client.socket.pause();
    // Until all buffers between are full and the upstream is held back.
    const block = chunk("x".repeat(64 * 1024));
    for (let sent = 0; sent < 2_000 && served.socket.writableLength < 1_000_000; sent++) {
      served.send(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(served.socket.writableLength >= 1_000_000, "the upstream is never held back");
    served.socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What came is only looked at, not gathered: megabytes are on their way.
    client.socket.removeAllListeners("data");
    let last: Buffer = Buffer.alloc(0);
    client.socket.on("data", (data: Buffer) => {
      last = data;
    });
    const resumed = performance.now();
    client.socket.resume();
    await client.untilClosed();
    const ms = performance.now() - resumed;
    assert.ok(!last.subarray(-5).equals(Buffer.from("0\r\n\r\n")), "a break must be no clean end");
    return ms;
  }, "upstream_aborted");
});
