/** The daemon from a client's request to the capture file: real sockets, real filer process. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startTestDaemon } from "./daemon-harness.ts";

test("a streamed answer crosses the daemon byte for byte and is filed with its outcome", async () => {
  const events = ['data: {"n":1}\n\n', 'data: {"n":2}\n\n', "data: [DONE]\n\n"];
  const upstream = createServer((req, res) => {
    req.resume();
    res.writeHead(200, { "content-type": "text/event-stream" });
    let sent = 0;
    const timer = setInterval(() => {
      res.write(events[sent++] as string);
      if (sent === events.length) {
        clearInterval(timer);
        res.end();
      }
    }, 15);
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${port}" }`);
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });
  const answer = await fetch(`${daemon.url}/up/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-or-v1-0123456789abcdef0123456789abcdef" },
    body,
  });
  assert.equal(await answer.text(), events.join(""));
  const [filed, ...more] = await daemon.filed();
  assert.equal(more.length, 0);
  assert.equal(filed?.outcome, "complete");
  assert.equal(filed?.request.url, "/v1/chat/completions");
  assert.equal(filed?.request.body.bytes, body.length);
  assert.equal(filed?.response.body.bytes, events.join("").length);
  assert.equal(filed?.timing.chunks, 3);
  assert.equal(filed?.verbatim, true);
  assert.doesNotMatch(JSON.stringify(filed), /0123456789abcdef/);
  upstream.closeAllConnections();
  upstream.close();
  await daemon.close();
});

test("playback answers a chat completion without key and network", async () => {
  const daemon = await startTestDaemon("");
  const answer = await fetch(`${daemon.url}/playback/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] }),
  });
  const reply = (await answer.json()) as { choices: { message: { content: string } }[] };
  assert.match(reply.choices[0]?.message.content ?? "", /hello/);
  await daemon.close();
});

test("health, readiness and version are the daemon's own routes and are not recorded", async () => {
  const daemon = await startTestDaemon("");
  for (const name of ["health", "ready", "version"]) {
    const answer = await fetch(`${daemon.url}/-/${name}`);
    assert.equal(answer.status, 200, name);
  }
  const missing = await fetch(`${daemon.url}/-/nothing`);
  assert.equal(missing.headers.get("x-callnumber-error"), "no-such-route");
  assert.equal(daemon.daemon.health().exchanges, 0);
  await daemon.close();
});
