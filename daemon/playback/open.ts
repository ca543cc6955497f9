/**
 * Puts playback together. Loaded with the first call, so that it costs nothing at the start.
 */
import { PlaybackUpstream } from "./playback-upstream.ts";

export function openPlayback(): PlaybackUpstream {
  return new PlaybackUpstream(async () => null);
}
