/**
 * Foreign pages in a real browser: whatever their host is called and by whatever way they ask, no
 * request of theirs reaches an upstream, so none spends the key that the configuration puts in. Own
 * pages get through by the same ways, which shows that the ways work.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WebSocketServer } from "ws";
import { startTestDaemon, type TestDaemon } from "./daemon-harness.ts";
import { launch } from "./site-harness.ts";

const FOREIGN = [
  ...["127.evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example"],
  ...["notlocalhost", "127-0-0-1.example", "localhost.example."],
];
const OWN = ["localhost", "127.0.0.1", "app.localhost"];

let browser: Browser;
let daemon: TestDaemon;
const reached: string[] = [];
const note = (request: IncomingMessage) => {
  reached.push(`${request.url} ${request.headers["x-api-key"]}`);
};
const upstream = createServer((request, response) => {
  note(request);
  response.end("{}");
});
const sockets = new WebSocketServer({ server: upstream });
sockets.on("connection", (_socket, request) => note(request));
const pages = createServer((_request, response) => {
  response.setHeader("content-type", "text/html").end("<title>page</title>");
});

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  daemon = await startTestDaemon(
    `upstreams: { up: { url: "http://127.0.0.1:${port}", headers: { x-api-key: injected } } }`,
  );
  browser = await launch(["--host-resolver-rules=MAP * 127.0.0.1"]);
});

after(async () => {
  await browser.close();
  sockets.close();
  upstream.closeAllConnections();
  upstream.close();
  pages.close();
  await daemon.close();
});

/** Asks the daemon by every way that a page has; resolves when the last has succeeded or failed. */
async function askFrom(host: string, daemonUrl: string): Promise<void> {
  const page = await browser.newPage();
  const { port } = pages.address() as AddressInfo;
  await page.goto(`http://${host}:${port}/`);
  await page.evaluate(async (url) => {
    const settled = (request: Promise<unknown>) => request.catch(() => null);
    const loaded = (element: HTMLImageElement | HTMLScriptElement, src: string) =>
      new Promise((resolve) => {
        element.onload = resolve;
        element.onerror = resolve;
        element.src = src;
        document.head.append(element);
      });
    await settled(fetch(`${url}/up/simple`, { method: "POST", mode: "no-cors", body: "{}" }));
    await settled(fetch(`${url}/up/cors`, { method: "POST", body: "{}" }));
    await settled(fetch(`${url}/up/preflight`, { method: "PUT", headers: { "x-a": "b" } }));
    await settled(
      fetch(`${url}/up/noreferrer`, { mode: "no-cors", referrerPolicy: "no-referrer" }),
    );
    await loaded(new Image(), `${url}/up/image`);
    await loaded(document.createElement("script"), `${url}/up/script`);
    navigator.sendBeacon(`${url}/up/beacon`, "{}");
    await new Promise((resolve) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/up/socket`);
      socket.onopen = resolve;
      socket.onerror = resolve;
    });
    await new Promise((resolve) => {
      const events = new EventSource(`${url}/up/events`);
      events.onopen = events.onerror = () => {
        events.close();
        resolve(null);
      };
    });
  }, daemonUrl);
  await page.close();
}

for (const host of FOREIGN) {
  test(`a page of ${host} reaches no upstream`, async () => {
    const before = reached.length;
    for (const name of ["127.0.0.1", "localhost", host]) {
      await askFrom(host, `http://${name}:${daemon.port}`);
    }
    assert.deepEqual(reached.slice(before), []);
  });
}

for (const host of OWN) {
  test(`a page of ${host} gets through, also by WebSocket`, async () => {
    const before = reached.length;
    await askFrom(host, `http://${host}:${daemon.port}`);
    const got = reached.slice(before);
    for (const way of ["cors", "socket", "events"]) {
      assert.ok(got.includes(`/${way} injected`), `${way} of ${got.join(", ")}`);
    }
  });
}
