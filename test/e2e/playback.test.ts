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
  assert.equal(near.headers.get("x-callnumber-playback"), "canned", "only path and model are its");
  assert.doesNotMatch(await near.text(), /"one"/);
  const other = await fetch(`${daemon.url}/playback/v1/messages`, { method: "POST", body: "{}" });
  assert.equal(other.headers.get("x-callnumber-playback"), "canned");
  await other.text();
  const counted = await (await fetch(`${daemon.url}/-/metrics`)).text();
  assert.match(counted, /callnumber_playback_total\{answer="recorded"\} 2/);
  assert.match(counted, /callnumber_playback_total\{answer="canned"\} 2/);
  await upstream.close();
  await daemon.close();
});

test("with missing: refuse, what was never recorded is an error in the API's own shape", async () => {
  const daemon = await startTestDaemon("playback: { missing: refuse }");
  const shapes: readonly (readonly [path: string, error: (body: never) => unknown])[] = [
    ["v1/chat/completions", (body: { error: { code: string } }) => body.error.code],
    ["v1/messages", (body: { error: { type: string } }) => body.error.type],
    ["v1beta/models/g:generateContent", (body: { error: { status: string } }) => body.error.status],
    ["api/chat", (body: { error: string }) => typeof body.error],
    ["model/m/converse", (body: { message: string }) => typeof body.message],
  ];
  const said: unknown[] = [];
  for (const [path, error] of shapes) {
    const answer = await fetch(`${daemon.url}/playback/${path}`, { method: "POST", body: "{}" });
    assert.deepEqual(
      [answer.status, answer.headers.get("x-callnumber-playback")],
      [404, "missing"],
      path,
    );
    said.push(error((await answer.json()) as never));
  }
  assert.deepEqual(said, [
    "recording_not_found",
    "not_found_error",
    "NOT_FOUND",
    "string",
    "string",
  ]);
  const counted = await (await fetch(`${daemon.url}/-/metrics`)).text();
  assert.match(counted, /callnumber_playback_total\{answer="missing"\} 5/);
  await daemon.close();
});
