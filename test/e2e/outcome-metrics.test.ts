/**
 * What `/-/metrics` says of how exchanges ended is what the tree says: a client that closes right
 * behind the last event of a stream, as Codex does, had its answer, whatever its socket did then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type RawPeer,
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
} from "./daemon-harness.ts";

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const DELTA = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n';
const LAST = 'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** One stream of `events`, broken off by the client behind the last of them. */
async function leaveBehind(
  events: string,
  leave: (client: RawPeer) => void,
): Promise<{ metrics: string; outcome: string }> {
  const upstream = await RawUpstream.start();
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${upstream.port}" }`);
  try {
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "POST /up/v1/responses", ["Content-Length: 2"], "{}"));
    const served = await upstream.next();
    await served.untilText("{}");
    served.send(HEAD + chunk(events));
    await client.untilText(events.slice(-20));
    leave(client);
    await served.untilClosed();
    let metrics = "";
    for (let tries = 0; tries < 100 && !metrics.includes("exchanges_total{"); tries++) {
      await pause(50);
      metrics = await (await fetch(`${daemon.url}/-/metrics`)).text();
    }
    const [filed] = await daemon.filed();
    return { metrics, outcome: filed?.outcome };
  } finally {
    await daemon.close();
    await upstream.close();
  }
}

for (const [how, leave] of [
  ["FIN", (client: RawPeer) => client.socket.end()],
  ["RST", (client: RawPeer) => client.socket.resetAndDestroy()],
] as const) {
  test(`a ${how} behind the terminal event is counted as complete, as it is filed`, async () => {
    const { metrics, outcome } = await leaveBehind(DELTA + LAST, leave);
    assert.equal(outcome, "complete");
    assert.match(metrics, /^callnumber_exchanges_total\{outcome="complete"\} 1$/m);
    assert.doesNotMatch(metrics, /outcome="client_aborted"/);
    assert.match(metrics, /^callnumber_ended_total 1$/m);
  });

  test(`a ${how} in mid-stream is counted as client_aborted`, async () => {
    const { metrics, outcome } = await leaveBehind(DELTA, leave);
    assert.equal(outcome, "client_aborted");
    assert.match(metrics, /^callnumber_exchanges_total\{outcome="client_aborted"\} 1$/m);
    assert.doesNotMatch(metrics, /outcome="complete"/);
  });
}
