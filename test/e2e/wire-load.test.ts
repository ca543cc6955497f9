/**
 * The byte path under load: many paced streams, a slow reader, many requests in a row, and random
 * bytes. The daemon runs in a process of its own, so that its memory can be told from the test's.
 *
 * Sizes are small here; `CALLNUMBER_LOAD=full` runs them at full size (docs/wire.md). Each
 * prints its figures as a diagnostic.
 */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { Agent, createServer, get, request as httpRequest, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openTree } from "../../record/reader/tree.ts";
import { seededRandom } from "../seeded-random.ts";

const FULL = process.env.CALLNUMBER_LOAD === "full";
const MB = 1024 * 1024;

interface Figures {
  readonly rss: number;
  readonly peak: number;
  readonly health: { readonly inFlight: number };
  readonly faults: readonly string[];
}

interface Stage {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  figures(): Promise<Figures>;
  /** All that has ended is in the tree. */
  filed(): Promise<void>;
  close(): Promise<void>;
}

const started: ChildProcess[] = [];
after(() => {
  for (const child of started) if (child.exitCode === null) child.kill("SIGKILL");
});

async function stage(upstream: Server): Promise<Stage> {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", 4096, () => resolve()));
  const { port } = upstream.address() as { port: number };
  const folder = mkdtempSync(join(tmpdir(), "callnumber-load-"));
  const file = join(folder, "callnumber.yaml");
  writeFileSync(file, `listen: 127.0.0.1:0\nupstreams: { up: "http://127.0.0.1:${port}" }\n`);
  const program = new URL("./load-daemon.ts", import.meta.url);
  const child: ChildProcess = fork(program, [file], { execArgv: [] });
  // A test that fails leaves nobody behind.
  process.once("exit", () => child.kill("SIGKILL"));
  started.push(child);
  const ask = async <T>(question: string): Promise<T> => {
    child.send(question);
    const [answer] = await once(child, "message");
    return answer as T;
  };
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return {
    url,
    port: Number(new URL(url).port),
    folder,
    pid: child.pid as number,
    figures: () => ask<Figures>("rss"),
    filed: async () => assert.deepEqual(await ask("filed"), { filed: true }),
    async close() {
      await ask("close");
      upstream.closeAllConnections();
      upstream.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads a whole answer; `each` sees every chunk. */
function read(url: string, agent: Agent, each: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (res) => {
      res.on("data", each);
      res.on("end", resolve);
      res.on("error", reject);
    }).on("error", reject);
  });
}

const streams = FULL ? 1_000 : 100;
const seconds = FULL ? 10 : 2;

test(`${streams} paced streams: none broken, none out of order`, {
  timeout: 120_000,
}, async (t) => {
  const PER_SECOND = 50;
  const events = seconds * PER_SECOND;
  const upstream = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.flushHeaders();
    let n = 0;
    const begun = performance.now();
    const tick = () => {
      const due = Math.min(
        events,
        Math.floor(((performance.now() - begun) * PER_SECOND) / 1000) + 1,
      );
      for (; n < due; n++) res.write(`data: ${n} ${performance.now().toFixed(3)}\n\n`);
      if (n < events) setTimeout(tick, 1000 / PER_SECOND);
      else res.end();
    };
    tick();
  });
  const on = await stage(upstream);
  const upstreamUrl = `http://127.0.0.1:${(upstream.address() as { port: number }).port}`;
  const run = async (base: string) => {
    const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
    const delays: number[] = [];
    const all = Array.from({ length: streams }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i % 1_000));
      let next = 0;
      let rest = "";
      await read(`${base}/v1/x`, agent, (chunk) => {
        const now = performance.now();
        const parts = (rest + chunk.toString()).split("\n\n");
        rest = parts.pop() as string;
        for (const part of parts) {
          const [, n, at] = part.split(" ");
          assert.equal(Number(n), next++, "out of order");
          delays.push(now - Number(at));
        }
      });
      assert.equal(next, events, "events are missing");
    });
    await Promise.all(all);
    delays.sort((a, b) => a - b);
    return (q: number) => delays[Math.floor(delays.length * q)] as number;
  };
  const direct = await run(upstreamUrl);
  const through = await run(`${on.url}/up`);
  const { peak, faults } = await on.figures();
  t.diagnostic(
    `event delay p50/p99: direct ${direct(0.5).toFixed(2)}/${direct(0.99).toFixed(2)} ms, through ` +
      `${through(0.5).toFixed(2)}/${through(0.99).toFixed(2)} ms; peak RSS ${(peak / MB).toFixed(0)} MB`,
  );
  assert.deepEqual(faults, []);
  assert.ok(peak < 250 * MB, `peak RSS ${peak}`);
  await on.close();
});

const slowBytes = (FULL ? 200 : 40) * MB;

test(`a slow reader of ${slowBytes / MB} MB: flat memory, whole record`, {
  timeout: 120_000,
}, async (t) => {
  const block = Buffer.alloc(64 * 1024, "0123456789abcdef");
  const upstream = createServer((_req, res) => {
    res.writeHead(200, { "content-length": slowBytes });
    let sent = 0;
    const push = () => {
      while (sent < slowBytes) {
        sent += block.length;
        if (!res.write(block)) return res.once("drain", push);
      }
      return res.end();
    };
    push();
  });
  const on = await stage(upstream);
  const before = (await on.figures()).rss;
  let got = 0;
  let most = 0;
  const socket = connect(on.port, "127.0.0.1");
  socket.write(`GET /up/big HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nConnection: close\r\n\r\n`);
  // 10 kB/s at first, for long enough to fill every buffer on the way; then all the rest at once.
  socket.pause();
  for (let i = 0; i < (FULL ? 100 : 20); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    got +=
      (socket.read(Math.min(1_000, socket.readableLength || 1_000)) as Buffer | null)?.length ?? 0;
    most = Math.max(most, (await on.figures()).rss);
  }
  for await (const chunk of socket) got += (chunk as Buffer).length;
  const after = (await on.figures()).rss;
  t.diagnostic(
    `RSS grew by ${((most - before) / MB).toFixed(1)} MB while slow, ${((after - before) / MB).toFixed(1)} MB at the end`,
  );
  assert.ok(most - before < 30 * MB, `grew by ${most - before}`);
  assert.ok(got > slowBytes);
  await on.filed();
  const [line] = exchanges(on.folder);
  assert.equal(line?.outcome, "complete");
  assert.equal(line?.response?.body?.bytes, slowBytes);
  await on.close();
});

function exchanges(folder: string) {
  const tree = openTree(join(folder, "captures"));
  return tree.streams().flatMap(({ number }) =>
    tree.days(number).flatMap(({ files }) => {
      const day = tree.openDay(files);
      const found = [...day.exchanges()];
      day.close();
      return found;
    }),
  );
}

const requests = FULL ? 10_000 : 6_000;

test(`${requests} requests in a row: memory and sockets stay`, { timeout: 120_000 }, async (t) => {
  const upstream = createServer((req, res) => {
    req.resume();
    req.on("end", () => res.end('{"id":"x","choices":[]}'));
  });
  const on = await stage(upstream);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const body = JSON.stringify({
    model: "m",
    messages: [{ role: "user", content: "x".repeat(500) }],
  });
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const req = httpRequest(
        `${on.url}/up/v1/chat/completions`,
        { agent, method: "POST" },
        (res) => {
          assert.equal(res.statusCode, 200);
          res.resume().on("end", resolve);
        },
      );
      req.on("error", reject).end(body);
    });
  const many = async (count: number) => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) await one();
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  };
  await many(1_000);
  const first = (await on.figures()).rss;
  await many(requests - 1_000);
  const last = (await on.figures()).rss;
  agent.destroy();
  // Idle connections to the upstream are closed after a few seconds: then only listeners are left.
  const deadline = performance.now() + 10_000;
  while (openSockets(on.pid) > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { health, faults } = await on.figures();
  t.diagnostic(
    `RSS after 1,000: ${(first / MB).toFixed(1)} MB, at the end: ${(last / MB).toFixed(1)} MB`,
  );
  assert.equal(openSockets(on.pid), 0, "connections are left");
  assert.equal(health.inFlight, 0);
  assert.deepEqual(faults, []);
  assert.ok(last - first < 20 * MB, `grew by ${last - first}`);
  await on.close();
});

/** Established TCP connections of a process, from /proc. */
function openSockets(pid: number): number {
  const own = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) own.add(inode);
    } catch {
      // Closed between the listing and the look.
    }
  }
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields.filter(([, , , state, , , , , , inode]) => state === "01" && own.has(inode ?? ""))
    .length;
}

const connections = FULL ? 2_000 : 200;
const noise = FULL ? 1_000_000 : 100_000;

test(`${noise} random and mutated bytes in ${connections} connections: healthy afterwards`, {
  timeout: 120_000,
}, async () => {
  const upstream = createServer((req, res) => {
    req.resume().on("error", () => {});
    req.on("end", () => res.end("{}"));
  });
  upstream.on("clientError", (_error, socket) => socket.destroy());
  const on = await stage(upstream);
  const seed = Number(process.env.CALLNUMBER_SEED ?? 7);
  const random = seededRandom(seed);
  const good = Buffer.from(
    `POST /up/v1/chat/completions?x=%2F HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n`,
  );
  const size = Math.ceil(noise / connections);
  const attack = (i: number) =>
    new Promise<void>((resolve) => {
      const bytes = Buffer.alloc(size);
      for (let at = 0; at < size; at++) {
        bytes[at] = i % 2 === 0 ? random() * 256 : (good[at % good.length] as number);
      }
      for (let n = 0; i % 2 === 1 && n < 1 + random() * 8; n++) {
        bytes[Math.floor(random() * size)] = random() * 256;
      }
      const socket = connect(on.port, "127.0.0.1", () => {
        const cut = Math.floor(random() * size);
        socket.write(bytes.subarray(0, cut));
        socket.write(bytes.subarray(cut));
        if (i % 3 === 0) socket.resetAndDestroy();
        else socket.end();
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.resume();
      socket.setTimeout(5_000, () => socket.destroy());
    });
  for (let i = 0; i < connections; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => attack(i + k)));
  }
  const answer = await fetch(`${on.url}/up/v1/models`);
  assert.equal(await answer.text(), "{}");
  const { faults, health } = await on.figures();
  assert.deepEqual(faults, [], `seed ${seed}`);
  assert.equal(health.inFlight, 0);
  await on.close();
});
