/**
 * The load generator: raw sockets that send a prepared request, wait for the whole answer and send
 * the next one (closed loop). Costs as little as it can, since it shares its core with the upstream.
 *
 * What always holds: times are taken when the bytes are at hand, before anything is parsed; an
 * answer that is not a 200 or breaks off fails the run, so no contender wins by answering less.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { RequestTemplate } from "./scenarios.ts";

export interface LoadOptions {
  readonly port: number;
  readonly template: RequestTemplate;
  readonly concurrency: number;
  /** Stops after so many requests, or after `seconds`. */
  readonly requests: number | null;
  readonly seconds: number;
  /** Number of the first request; the bodies carry it. */
  readonly firstNumber: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from sending to the last byte of the answer. */
  readonly latencies: number[];
  /** Streams only: milliseconds to the first event, and from the writing of each event to here. */
  readonly firstEvents: number[];
  readonly eventLags: number[];
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const run = new Run(options);
  const lanes = await Promise.all(
    Array.from({ length: options.concurrency }, async () => {
      const socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      return new Lane(socket, run);
    }),
  );
  const began = performance.now();
  run.until = began + options.seconds * 1000;
  await Promise.all(lanes.map((lane) => lane.start()));
  const seconds = (performance.now() - began) / 1000;
  const { latencies, firstEvents, eventLags } = run;
  return { requests: latencies.length, seconds, latencies, firstEvents, eventLags };
}

class Run {
  readonly options: LoadOptions;
  readonly latencies: number[] = [];
  readonly firstEvents: number[] = [];
  readonly eventLags: number[] = [];
  until = 0;
  sent = 0;

  constructor(options: LoadOptions) {
    this.options = options;
  }

  /** The next request's bytes; null where the run is over. */
  next(): Buffer | null {
    const { requests, template, firstNumber } = this.options;
    const over = requests === null ? performance.now() >= this.until : this.sent >= requests;
    if (over) return null;
    const bytes = Buffer.from(template.bytes);
    const number = String(firstNumber + this.sent++).padStart(10, "0");
    bytes.write(number, template.numberAt, "latin1");
    return bytes;
  }
}

const HEAD_END = Buffer.from("\r\n\r\n");

class Lane {
  private readonly socket: Socket;
  private readonly run: Run;
  private sentAt = 0;
  private head: Buffer | null = null;
  /** Bytes of a counted body that are still to come; -1 for a chunked one, NaN before the head. */
  private left = Number.NaN;
  private tail = "";
  private events = 0;
  private done: () => void = () => {};
  private failed: (error: Error) => void = () => {};

  constructor(socket: Socket, run: Run) {
    this.socket = socket;
    this.run = run;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
      this.socket.on("data", (bytes) => this.received(bytes));
      this.socket.on("error", reject);
      this.socket.on("close", () => reject(new Error("the proxy closed the connection")));
      this.send();
    });
  }

  private send(): void {
    const bytes = this.run.next();
    if (bytes === null) {
      this.socket.removeAllListeners("close");
      this.socket.end();
      this.done();
      return;
    }
    this.left = Number.NaN;
    this.events = 0;
    this.sentAt = performance.now();
    this.socket.write(bytes);
  }

  private received(bytes: Buffer): void {
    const now = performance.now();
    let body = bytes;
    if (Number.isNaN(this.left)) {
      const all = this.head === null ? bytes : Buffer.concat([this.head, bytes]);
      const end = all.indexOf(HEAD_END);
      this.head = end === -1 ? all : null;
      if (end === -1) return;
      this.readHead(all.toString("latin1", 0, end));
      body = all.subarray(end + 4);
    }
    if (this.left === -1) this.streamed(body, now);
    else {
      this.left -= body.length;
      if (this.left === 0) this.ended(now);
    }
  }

  private readHead(head: string): void {
    if (!head.startsWith("HTTP/1.1 200")) {
      this.failed(new Error(`not a 200: ${head.slice(0, 400)}`));
      this.socket.destroy();
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.left = length === undefined ? -1 : Number(length);
    this.tail = "";
  }

  private streamed(body: Buffer, now: number): void {
    if (body.length === 0) return;
    const text = this.tail + body.toString("latin1");
    let last = 0;
    const nowUs = Number(process.hrtime.bigint() / 1000n);
    for (const match of text.matchAll(/"at":(\d+)\}/g)) {
      last = match.index + match[0].length;
      this.run.eventLags.push((nowUs - Number(match[1])) / 1000);
      if (this.events++ === 0) this.run.firstEvents.push(now - this.sentAt);
    }
    this.tail = text.slice(Math.max(last, text.length - 200));
    if (text.endsWith("0\r\n\r\n")) this.ended(now);
  }

  private ended(now: number): void {
    this.run.latencies.push(now - this.sentAt);
    this.send();
  }
}
