/**
 * A long agent session, turn by turn, through a daemon process: every request joins back byte for
 * byte, the capture is small, and neither process grows. The self-written session always runs; the
 * recorded one is skipped where the corpus is absent.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { constants, zstdDecompressSync } from "node:zlib";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";
import { captureBytes, DaemonProcess, peakMiB } from "./daemon-process.ts";

const PI = fileURLToPath(
  new URL("../../../shared/corpus/sessions/pi-large-session.jsonl.zst", import.meta.url),
);

function startUpstream(): Promise<Server> {
  const answer = JSON.stringify({
    id: "a",
    object: "chat.completion",
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
  });
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(answer);
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

interface Measured {
  sent: number;
  stored: number;
  proxyMiB: number;
  filerMiB: number;
}

/** Sends the bodies one after the other and compares what the tree gives back. */
async function play(bodies: readonly Buffer[], t: TestContext): Promise<Measured> {
  const upstream = await startUpstream();
  const { port } = upstream.address() as AddressInfo;
  const daemon = await new DaemonProcess(`upstreams: { up: "http://127.0.0.1:${port}" }\n`).start();
  try {
    for (const body of bodies) {
      const answer = await fetch(`${daemon.url}/up/v1/chat/completions`, {
        method: "POST",
        body: body as Buffer<ArrayBuffer>,
      });
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
    }
    // Counted while both processes live; the last turns may still be on their way into the tree.
    let filerMiB = Math.max(...daemon.children.map(peakMiB));
    const stored = () => [...daemon.exchanges()].length;
    await daemon.until(() => stored() === bodies.length, 60_000, "all turns filed");
    filerMiB = Math.max(filerMiB, ...daemon.children.map(peakMiB));
    const proxyMiB = peakMiB(daemon.pid);
    assert.equal(await daemon.end(), 0);
    const expected = bodies.map((body) => hash("sha256", body));
    // An exchange is readable while its file is open: one by one, not gathered first.
    const joined = daemon
      .exchanges()
      .map(({ x, reader }) => hash("sha256", reader.requestBody(x) ?? ""))
      .toArray();
    assert.deepEqual(joined, expected);
    for (const { path } of openTree(daemon.captures).files())
      assert.deepEqual(verifyFile(path), []);
    const sent = bodies.reduce((sum, body) => sum + body.length, 0);
    const measured = { sent, stored: captureBytes(daemon.captures), proxyMiB, filerMiB };
    t.diagnostic(
      `${bodies.length} turns: ${(sent / 1e6).toFixed(2)} MB sent, ` +
        `${(measured.stored / 1e6).toFixed(2)} MB stored (1 : ${(sent / measured.stored).toFixed(0)}), ` +
        `proxy ${proxyMiB.toFixed(0)} MiB, filer ${filerMiB.toFixed(0)} MiB at most`,
    );
    return measured;
  } finally {
    await daemon.end("SIGKILL");
    upstream.close();
    upstream.closeAllConnections();
    daemon.remove();
  }
}

/** An agent that reads files: each turn repeats all before it and adds a call and its result. */
function selfWritten(turns: number): Buffer[] {
  const messages: object[] = [
    { role: "system", content: "You mend programs. ".repeat(60) },
    { role: "user", content: "Find out why the build is slow." },
  ];
  return Array.from({ length: turns }, (_, turn) => {
    messages.push(
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            id: `c${turn}`,
            type: "function",
            function: { name: "read", arguments: `{"n":${turn}}` },
          },
        ],
      },
      {
        role: "tool",
        tool_call_id: `c${turn}`,
        content: `file ${turn}\n${"a line of it\n".repeat(180)}`,
      },
    );
    return Buffer.from(JSON.stringify({ model: "m", messages, temperature: 0 }));
  });
}

test("two hundred turns are stored at least forty times smaller and join back", {
  timeout: 120_000,
}, async (t) => {
  const { sent, stored } = await play(selfWritten(200), t);
  assert.ok(sent / stored >= 40, `only ${(sent / stored).toFixed(1)} times smaller`);
});

test("a recorded session of 453 turns stays under 3 MB, 200 MiB and 300 MiB", {
  skip: existsSync(PI) ? false : "the corpus of recorded sessions is not beside this checkout",
  timeout: 300_000,
}, async (t) => {
  const packed = readFileSync(PI);
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const text = zstdDecompressSync(packed, { params });
  const bodies = [];
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = text.indexOf(10, from);
    if (to < 0) to = text.length;
    if (to > from) bodies.push(text.subarray(from, to));
  }
  assert.equal(bodies.length, 453);
  const { stored, proxyMiB, filerMiB } = await play(bodies, t);
  assert.ok(stored < 3e6, `${stored} bytes stored`);
  assert.ok(proxyMiB < 200, `proxy ${proxyMiB} MiB`);
  assert.ok(filerMiB < 300, `filer ${filerMiB} MiB`);
});
