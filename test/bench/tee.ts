/**
 * The yardstick: the plainest reverse proxy that one writes with node:http and undici. It streams
 * both ways with backpressure and records nothing.
 *
 *   node test/bench/tee.ts PORT_OF_UPSTREAM
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";

const origin = `http://127.0.0.1:${process.argv[2]}`;
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
/** The upstream and its connections have their own; undici writes its own `host`. */
const NOT_PASSED_ON = new Set(["connection", "host", "keep-alive", "transfer-encoding"]);

function passedOn(raw: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!NOT_PASSED_ON.has(name.toLowerCase())) out.push(name, raw[i + 1] as string);
  }
  return out;
}

const server = createServer({ noDelay: true }, (req, res) => {
  const { url: path = "/", method = "GET" } = req;
  agent.dispatch(
    { origin, path, method: method as "POST", headers: passedOn(req.rawHeaders), body: req },
    {
      onRequestStart() {},
      onResponseStart(controller, status, _headers, message) {
        const raw = (controller.rawHeaders as Buffer[]).map((bytes) => bytes.toString("latin1"));
        res.writeHead(status, message, passedOn(raw));
        res.on("drain", () => controller.resume());
      },
      onResponseData(controller, data) {
        if (!res.write(data)) controller.pause();
      },
      onResponseEnd() {
        res.end();
      },
      onResponseError() {
        res.destroy();
      },
    },
  );
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
