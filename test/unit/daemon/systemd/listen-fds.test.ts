/** Which file descriptors are taken for listening sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { takeListenFds } from "../../../../daemon/systemd/listen-fds.ts";

test("sockets meant for this process are taken, and no child can take them again", () => {
  const env = { LISTEN_PID: "77", LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b", PATH: "/bin" };
  assert.deepEqual(takeListenFds(env, 77), [3, 4]);
  assert.deepEqual(env, { PATH: "/bin" });
});

test("sockets meant for another process, and numbers that are none, are left alone", () => {
  assert.deepEqual(takeListenFds({}, 77), []);
  assert.deepEqual(takeListenFds({ LISTEN_PID: "78", LISTEN_FDS: "1" }, 77), []);
  assert.deepEqual(takeListenFds({ LISTEN_FDS: "1" }, 77), []);
  for (const count of ["0", "-1", "x", "1.5", "100000"]) {
    assert.deepEqual(takeListenFds({ LISTEN_PID: "77", LISTEN_FDS: count }, 77), [], count);
  }
});
