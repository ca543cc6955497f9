/**
 * The outside world of the crash suite: an upstream and clients that remember, each on its own,
 * which bytes they sent and saw. They know nothing of the daemon's files.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** What the world knows of one request. */
export interface Known {
  readonly n: number;
  readonly request: Buffer;
  /** All that the upstream sent, or meant to send. */
  readonly answer: Buffer;
  /** What the client got of it. */
  received: Buffer;
  /** True where the client saw the answer end properly. */
  finished: boolean;
  /** True where the whole request reached the upstream. */
  arrived: boolean;
}

function requestOf(n: number, random: () => number): Buffer {
  const kind = n % 4;
  const turns = kind === 3 ? 200 : kind * 3 + 1;
  const messages = Array.from({ length: turns }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: `turn ${i} ${"lorem ipsum ".repeat(kind === 3 ? 40 : 2)}${i === turns - 1 ? random() : ""}`,
  }));
  return Buffer.from(JSON.stringify({ model: "m", n, stream: n % 2 === 0, messages }));
}

/** Streams are events with a digest each, so that no chunk looks like another. */
function answerOf(n: number): Buffer[] {
  if (n % 2 === 1) {
    const content = `answer ${n} `.repeat(1 + (n % 50));
    return [Buffer.from(JSON.stringify({ id: n, choices: [{ message: { content } }] }))];
  }
  const events = Array.from({ length: 5 + (n % 15) }, (_, i) => {
    const content = createHash("sha256").update(`${n} ${i}`).digest("hex");
    const choices = [{ index: 0, delta: { content } }];
    return Buffer.from(`data: ${JSON.stringify({ id: n, choices })}\n\n`);
  });
  return [...events, Buffer.from("data: [DONE]\n\n")];
}

export class World {
  readonly known = new Map<number, Known>();
  readonly #random: () => number;
  readonly #server: http.Server;
  #next = 1;
  #target = "";
  #stopped = false;
  #underWay = 0;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(random: () => number) {
    this.#random = random;
    this.#server = http.createServer((req, res) => this.#serve(req, res));
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Exchanges that clients saw end. */
  get finished(): number {
    return [...this.known.values()].filter((x) => x.finished).length;
  }

  /** Where clients send from now on; "" while there is nobody. */
  aim(url: string): void {
    this.#target = url;
  }

  /** Runs `count` clients until `stop`. */
  run(count: number): Promise<unknown> {
    return Promise.all(Array.from({ length: count }, () => this.#client()));
  }

  /** Resolves when no request is under way; with nobody to send to, it stays so. */
  async quiet(): Promise<void> {
    while (this.#underWay > 0) await new Promise((done) => setTimeout(done, 5));
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #serve(req: http.IncomingMessage, res: http.ServerResponse): void {
    const n = Number(req.headers["x-oracle"]);
    req.resume();
    req.on("end", () => {
      const known = this.known.get(n);
      if (known !== undefined) known.arrived = true;
      const pieces = answerOf(n);
      const stream = pieces.length > 1;
      res.writeHead(200, { "content-type": stream ? "text/event-stream" : "application/json" });
      const send = (i: number): void => {
        if (i >= pieces.length) {
          res.end();
          return;
        }
        res.write(pieces[i]);
        if (stream) setTimeout(() => send(i + 1), 1 + (n % 5));
        else send(i + 1);
      };
      send(0);
    });
    req.on("error", () => {});
    res.on("error", () => {});
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      if (this.#target === "") {
        await new Promise((done) => setTimeout(done, 5));
        continue;
      }
      this.#underWay++;
      await this.#exchange(this.#next++);
      this.#underWay--;
    }
  }

  #exchange(n: number): Promise<void> {
    const request = requestOf(n, this.#random);
    const known: Known = {
      n,
      request,
      answer: Buffer.concat(answerOf(n)),
      received: Buffer.alloc(0),
      finished: false,
      arrived: false,
    };
    this.known.set(n, known);
    return new Promise((done) => {
      const req = http.request(`${this.#target}/oracle/v1/chat/completions`, {
        method: "POST",
        agent: this.#agent,
        headers: {
          "content-type": "application/json",
          "content-length": request.length,
          "x-oracle": n,
        },
      });
      req.on("error", () => setTimeout(done, 2));
      req.on("response", (res) => {
        const pieces: Buffer[] = [];
        res.on("data", (piece) => {
          pieces.push(piece);
          known.received = Buffer.concat(pieces);
        });
        res.on("end", () => {
          known.finished = res.complete && res.statusCode === 200;
        });
        res.on("error", () => {});
        res.on("close", () => done());
      });
      req.end(request);
    });
  }
}
