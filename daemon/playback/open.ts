/**
 * Puts playback together with the worker that searches the captures. Loaded with the first call.
 *
 * Invariants: the worker never keeps the process alive; where it dies, playback goes on with
 * what was not recorded (see there) and the next request starts another one.
 */
import { Worker } from "node:worker_threads";
import {
  type Answered,
  type PlaybackRequest,
  PlaybackUpstream,
  type Recording,
} from "./playback-upstream.ts";
import type { FinderAnswer, FinderQuestion } from "./recordings-worker.ts";

/**
 * `captures`: absolute path of the tree, which need not exist. `answered` is told of each answer
 * where it came from.
 */
export function openPlayback(
  captures: string,
  refusesMissing: () => boolean,
  answered: (how: Answered) => void,
): PlaybackUpstream {
  const finder = new Finder(captures);
  return new PlaybackUpstream({
    find: (request) => finder.find(request),
    refusesMissing,
    answered,
    closed: () => finder.close(),
  });
}

class Finder {
  private readonly captures: string;
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, (found: Recording | null) => void>();
  private n = 0;

  constructor(captures: string) {
    this.captures = captures;
  }

  find(request: PlaybackRequest): Promise<Recording | null> {
    const worker = this.worker ?? this.start();
    const n = ++this.n;
    return new Promise((resolve) => {
      this.waiting.set(n, resolve);
      worker.postMessage({ n, request } satisfies FinderQuestion);
    });
  }

  close(): void {
    void this.worker?.terminate();
  }

  private start(): Worker {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const program = new URL(`./recordings-worker.${extension}`, import.meta.url);
    const worker = new Worker(program, { workerData: this.captures });
    worker.unref();
    worker.on("message", ({ n, found }: FinderAnswer) => {
      this.waiting.get(n)?.(found && withBuffers(found));
      this.waiting.delete(n);
    });
    const gone = () => {
      this.worker = null;
      for (const answer of this.waiting.values()) answer(null);
      this.waiting.clear();
    };
    worker.on("error", gone);
    worker.on("exit", gone);
    this.worker = worker;
    return worker;
  }
}

/** Buffers arrive from a worker as plain Uint8Arrays. */
function withBuffers(found: Recording): Recording {
  const chunks = found.chunks.map(({ ms, bytes }) => {
    const { buffer, byteOffset, byteLength } = bytes;
    return { ms, bytes: Buffer.from(buffer, byteOffset, byteLength) };
  });
  return { ...found, chunks };
}
