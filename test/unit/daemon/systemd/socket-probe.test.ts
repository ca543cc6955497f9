/** What counts as a served socket: real sockets, one of them behind a stopped accept. */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { isServed } from "../../../../daemon/systemd/socket-probe.ts";

async function listening(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an answer, and a connection closed without one, are served sockets", async () => {
  for (const take of ["HTTP/1.1 200 OK\r\n\r\n", ""]) {
    const server = createServer((socket) => socket.end(take));
    const url = await listening(server);
    assert.equal(await isServed(url, 2_000), true);
    server.close();
  }
});

test("silence and refusal are not", async () => {
  const silent = createServer(() => {});
  const url = await listening(silent);
  assert.equal(await isServed(url, 60), false);
  silent.close();
  const gone = createServer();
  const there = await listening(gone);
  await new Promise((done) => gone.close(done));
  assert.equal(await isServed(there, 2_000), false);
});
