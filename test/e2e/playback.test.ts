/** Playback answers from what was recorded, with its own timing, and else from the canned reply. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawUpstream, startTestDaemon } from "./daemon-harness.ts";

const ask = (url: string, content: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "m-1", stream: true, messages: [{ role: "user", content }] }),
  });

test("a recorded stream is played back byte for byte, with its timing and at another speed", async () => {
  const upstream = await RawUpstream.start();
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${upstream.port}" }`);
  const events = ['data: {"choices":[{"delta":{"content":"one"}}]}\n\n', "data: [DONE]\n\n"];
  const answer = ask(`${daemon.url}/up`, "first");
  const served = await upstream.next();
  await served.untilText('"first"');
  served.send(
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Was: real\r\nConnection: close\r\n\r\n",
  );
  served.send(events[0] as string);
  await new Promise((resolve) => setTimeout(resolve, 400));
  served.send(events[1] as string);
  served.socket.end();
  assert.equal(await (await answer).text(), events.join(""));
  const filer = await daemon.daemon.filer;
  filer.wake();
  assert.equal(await filer.drain(5_000), true);

  const began = performance.now();
  const played = await ask(`${daemon.url}/playback`, "first");
  assert.equal(played.headers.get("x-callnumber-playback"), "recorded");
  assert.equal(played.headers.get("x-was"), "real");
  assert.equal(await played.text(), events.join(""));
  assert.ok(performance.now() - began >= 395, "the pause was not played");

  const quick = performance.now();
  const fast = await ask(`${daemon.url}/playback`, "first", { "x-callnumber-speed": "0" });
  assert.equal(await fast.text(), events.join(""));
  assert.ok(performance.now() - quick < 300, "speed 0 still paused");

  const near = await ask(`${daemon.url}/playback`, "another question");
  assert.equal(await near.text(), events.join(""), "same path and model");
  const other = await fetch(`${daemon.url}/playback/v1/messages`, { method: "POST", body: "{}" });
  assert.equal(other.headers.get("x-callnumber-playback"), "canned");
  await other.text();
  await upstream.close();
  await daemon.close();
});
