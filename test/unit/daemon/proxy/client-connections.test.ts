/** Bytes and connections are counted off the sockets themselves, open or closed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ClientConnections } from "../../../../daemon/proxy/client-connections.ts";

test("bytes count while a connection is open and after it has closed; fresh ends at the first request", async () => {
  const connections = new ClientConnections<{ socket: Socket }>();
  let gone = 0;
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  const connection = { socket };
  connections.add(connection, () => {
    gone += 1;
  });
  assert.deepEqual([connections.freshCount, connections.stats().open], [1, 1]);
  assert.deepEqual([...connections.all()], [connection]);
  client.write("12345");
  await once(socket, "data");
  connections.asked(connection);
  assert.equal(connections.freshCount, 0);
  socket.write("abc");
  await once(client, "data");
  const open = { accepted: 1, open: 1, receivedBytes: 5, sentBytes: 3 };
  assert.deepEqual(connections.stats(), open);
  client.destroy();
  await once(socket, "close");
  assert.deepEqual(connections.stats(), { ...open, open: 0 });
  assert.equal(gone, 1);
  server.close();
});
