/**
 * The worker thread in which recordings are looked for: reading captures may take long, and the
 * byte path must not wait for it. Speaks in messages: `{n, request}` in, `{n, found}` out.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { PlaybackRequest, Recording } from "./playback-upstream.ts";
import { Recordings } from "./recordings.ts";

export interface FinderQuestion {
  readonly n: number;
  readonly request: PlaybackRequest;
}
export interface FinderAnswer {
  readonly n: number;
  readonly found: Recording | null;
}

const recordings = new Recordings(workerData as string);

parentPort?.on("message", ({ n, request }: FinderQuestion) => {
  let found: Recording | null = null;
  try {
    found = recordings.find({ ...request, body: Buffer.from(request.body) });
  } catch {
    // An unreadable tree has no recordings: the canned answer will do.
  }
  parentPort?.postMessage({ n, found } satisfies FinderAnswer);
});
