/**
 * Which response bodies are streams, that is: stored chunk by chunk with their times. Pure.
 *
 * What always holds: a stream is known by its content type, or, where a server says nothing or
 * something else, by how its first bytes look; a plain JSON answer that merely came in two TCP
 * segments is not one, since storing it whole makes it readable.
 */
import type { HeaderPairs } from "../frames.ts";

const STREAM_TYPES = new Set([
  "text/event-stream",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/json-seq",
  "application/stream+json",
  "application/x-json-stream",
  "application/vnd.amazon.eventstream",
]);

const EVENT_START = /^(?:\ufeff|\r|\n| )*(?:data|event|id|retry)?:/;

/** Media type in lower case without parameters; empty where there is no content-type. */
export function mediaType(headers: HeaderPairs): string {
  const value = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return (value.split(";")[0] ?? "").trim().toLowerCase();
}

/** AWS event-stream: binary frames with their lengths and checksums in them. */
export function isBinaryFraming(headers: HeaderPairs): boolean {
  return mediaType(headers) === "application/vnd.amazon.eventstream";
}

/** `first` are the first decoded bytes of the body. */
export function isStream(
  headers: HeaderPairs,
  chunkCount: number,
  first: Buffer,
  url: string,
): boolean {
  if (chunkCount === 0) return false;
  const type = mediaType(headers);
  if (STREAM_TYPES.has(type)) return true;
  // Gemini without alt=sse streams one JSON array.
  if (/:stream[A-Za-z]*Content(?:\?|$)/.test(url)) return true;
  if (type === "application/json" || first.length === 0) return false;
  return EVENT_START.test(first.subarray(0, 64).toString("latin1").replace("\xef\xbb\xbf", ""));
}
