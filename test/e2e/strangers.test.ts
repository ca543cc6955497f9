/**
 * Strangers: who is neither on this machine nor has the token learns nothing of the daemon, and may
 * knock as often as he likes without filling the tree.
 */
import assert from "node:assert/strict";
import { request as ask } from "node:http";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { LIMITS } from "../../record/limits.ts";
import { rawClient, startTestDaemon, type TestDaemon } from "./daemon-harness.ts";

/** An address of this machine that is not loopback. */
const outer = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

interface Answer {
  readonly status: number;
  readonly body: string;
}

function get(daemon: TestDaemon, host: string, path: string, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = daemon;
    const call = ask({ host, port, path, headers, agent: false }, async (answer) => {
      let body = "";
      for await (const chunk of answer) body += chunk;
      resolve({ status: answer.statusCode ?? 0, body });
    });
    call.on("error", reject);
    call.end();
  });
}

test("beyond loopback the own routes want the token, but for a bare status", async (t) => {
  const daemon = await startTestDaemon(
    "listen: 0.0.0.0:0\ntoken: opensesame99\nhosts: [proxied.example]\n",
  );
  t.after(() => daemon.close());
  const token = { "x-callnumber-token": "opensesame99" };
  const strangers: [string, Record<string, string>][] = [
    // A reverse proxy on this machine asks for others.
    ["127.0.0.1", { host: "proxied.example" }],
    ...["x-forwarded-for", "x-forwarded-proto", "forwarded", "via", "x-real-ip", "true-client-ip"]
      .concat("cf-connecting-ip", "x-original-forwarded-for")
      .map((name): [string, Record<string, string>] => ["127.0.0.1", { [name]: "1.2.3.4" }]),
  ];
  if (outer !== undefined) strangers.push([outer, {}]);
  for (const [host, headers] of strangers) {
    const bare = await get(daemon, host, "/-/health", headers);
    assert.deepEqual(bare, { status: 200, body: '{"status":"ok"}\n' });
    assert.equal((await get(daemon, host, "/-/ready", headers)).body, '{"ready":true}\n');
    for (const path of ["/-/metrics", "/-/version", "/-/nothing", "/~wrong/-/metrics"]) {
      const { status, body } = await get(daemon, host, path, headers);
      assert.equal(status, 403, path);
      assert.doesNotMatch(body, /callnumber_|node/);
    }
    const wrong = { ...headers, "x-callnumber-token": "opensesame98" };
    assert.equal((await get(daemon, host, "/-/metrics", wrong)).status, 403);
    const full = await get(daemon, host, "/-/metrics", { ...headers, ...token });
    assert.match(full.body, /callnumber_refused_total\{code="token-refused"\} \d/);
    const known = await get(daemon, host, "/~opensesame99/-/health", headers);
    assert.ok("spool" in JSON.parse(known.body));
  }
  assert.match((await get(daemon, "127.0.0.1", "/-/metrics")).body, /^callnumber_requests_total/m);
  assert.ok("spool" in JSON.parse((await get(daemon, "127.0.0.1", "/-/health")).body));
});

test("thousands of refusals of every kind are counted, and few and little of them recorded", async () => {
  const daemon = await startTestDaemon(
    'token: opensesame99\nupstreams: { up: "http://127.0.0.1:1" }',
  );
  const own = `Host: 127.0.0.1:${daemon.port}`;
  const large = `X-Large: ${"x".repeat(50_000)}\r\nCookie: ${"c".repeat(5_000)}`;
  const target = `/up/${"t".repeat(5_000)}`;
  const heads = [
    `GET ${target} HTTP/1.1\r\nHost: evil.example`,
    `GET ${target} HTTP/1.1\r\n${own}\r\nOrigin: http://evil.example`,
    `GET ${target} HTTP/1.1\r\n${own}`,
    `GET /~${"w".repeat(5_000)}${target} HTTP/1.1\r\n${own}`,
    `GET ${target}/../x HTTP/1.1\r\n${own}`,
    `GET ${target} HTTP/1.1\r\n${own}\r\nHost: b`,
    `TRACE ${target} HTTP/1.1\r\n${own}`,
    `GET ${target} HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\nUpgrade: websocket`,
    `GET /-/x HTTP/1.1\r\nHost: ${"h".repeat(5_000)}\r\nConnection: Upgrade\r\nUpgrade: websocket`,
    `GARBAGE ${"g".repeat(5_000)}`,
  ];
  const rounds = 30;
  for (let i = 0; i < rounds; i++) {
    await Promise.all(
      heads.map(async (head) => {
        const client = await rawClient(daemon.port);
        client.send(`${head}\r\n${large}\r\n\r\n`);
        await client.untilText("\r\n\r\n");
        client.socket.destroy();
      }),
    );
  }
  const { refused } = daemon.daemon.health();
  assert.deepEqual(refused, {
    strangers: rounds * (heads.length - 1),
    unrecorded: rounds * (heads.length - 1) - LIMITS.refusalsMinuteCount,
    malformed: rounds,
  });
  assert.equal(daemon.daemon.health().backlog.exchanges <= LIMITS.refusalsMinuteCount, true);
  const filed = await daemon.filed();
  assert.equal(filed.length, LIMITS.refusalsMinuteCount);
  for (const one of filed) {
    assert.equal(one.outcome, "rejected");
    assert.ok(JSON.stringify(one).length < 8_000, `${JSON.stringify(one).length} bytes`);
  }
  await daemon.close();
});
