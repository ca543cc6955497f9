/**
 * What is measured: the requests, how many at once, and for how long.
 *
 * What always holds: requests look like what agents send (an SDK's headers, a key, a chat body) and
 * no two have the same bytes; the large ones repeat one history and differ in the newest message,
 * as the turns of a session do.
 */

export const BURST_EVENTS = 500;
export const PACED_EVENTS = 100;
export const PACED_GAP_MS = 10;

export type Shape = "plain" | "burst" | "paced";

export interface Scenario {
  readonly name: string;
  readonly shape: Shape;
  readonly concurrency: number;
  /** Bytes of the request body, about. */
  readonly requestBytes: number;
  /** Ends after so many requests, or after the time that the command line gives. */
  readonly requests: number | null;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "small, 1 at a time", shape: "plain", concurrency: 1, requestBytes: 900, requests: null },
  { name: "small, 16 at once", shape: "plain", concurrency: 16, requestBytes: 900, requests: null },
  { name: "small, 64 at once", shape: "plain", concurrency: 64, requestBytes: 900, requests: null },
  { name: "400 KB, 4 at once", shape: "plain", concurrency: 4, requestBytes: 400e3, requests: 600 },
  { name: "SSE burst", shape: "burst", concurrency: 1, requestBytes: 900, requests: 20 },
  { name: "SSE paced", shape: "paced", concurrency: 16, requestBytes: 900, requests: 32 },
];

const FIXED_TEXT = "The quick brown fox reads the file, changes a line and runs the tests again. ";
/** Stands where the counter is put in. */
const MARK = "0000000000";

export interface RequestTemplate {
  /** A copy is made per request; `numberAt` is where the ten digits of its number go. */
  readonly bytes: Buffer;
  readonly numberAt: number;
}

/** The request of a scenario to `host`, below `base`. */
export function requestTemplate(scenario: Scenario, host: string, base: string): RequestTemplate {
  const body = JSON.stringify({
    model: "bench/small-1",
    messages: history(scenario.requestBytes),
    temperature: 0.2,
    stream: scenario.shape !== "plain",
  });
  const head = [
    `POST ${base}/v1/chat/completions?shape=${scenario.shape} HTTP/1.1`,
    `Host: ${host}`,
    "Accept: application/json",
    "Content-Type: application/json",
    "User-Agent: OpenAI/JS 7.57.0",
    "X-Stainless-Retry-Count: 0",
    "X-Stainless-Lang: js",
    "X-Stainless-Package-Version: 7.57.0",
    "X-Stainless-OS: Linux",
    "X-Stainless-Arch: x64",
    "X-Stainless-Runtime: node",
    "X-Stainless-Runtime-Version: v24.0.0",
    "Authorization: Bearer sk-bench-notasecret-0123456789abcdefghijklmnop",
    "Accept-Language: *",
    "Sec-Fetch-Mode: cors",
    "Accept-Encoding: gzip, deflate",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ].join("\r\n");
  const bytes = Buffer.from(`${head}\r\n\r\n${body}`);
  return { bytes, numberAt: bytes.lastIndexOf(MARK) };
}

function history(bytes: number): { role: string; content: string }[] {
  const messages = [{ role: "system", content: `You are a benchmark. ${FIXED_TEXT.repeat(4)}` }];
  let size = 600;
  for (let turn = 0; size < bytes - 4000; turn += 1) {
    const content = `Turn ${turn}: ${FIXED_TEXT.repeat(25)}`;
    messages.push({ role: turn % 2 === 0 ? "user" : "assistant", content });
    size += content.length + 40;
  }
  messages.push({ role: "user", content: `Question ${MARK}: what has changed?` });
  return messages;
}
