/**
 * One self-written stream or answer for every quirk of wire.md, as raw bytes, with what must come out
 * of it. quirks.test.ts feeds each whole, and cut into two chunks at every byte.
 */
import { awsEvent } from "./aws-frame.ts";

export interface Quirk {
  readonly name: string;
  readonly url: string;
  readonly type?: string | null;
  readonly status?: number;
  readonly request?: object;
  readonly body: string | Buffer;
  /** Text of the answer. */
  readonly text?: string;
  readonly reasoning?: string;
  /** Tool calls as `name(arguments)`. */
  readonly calls?: string[];
  readonly finish?: string[];
  /** [input, cache read, output, reasoning], undefined where not said. */
  readonly usage?: (number | undefined)[];
  readonly error?: RegExp;
  readonly notes?: RegExp;
  /** Members of the assembled message, by path. */
  readonly assembled?: Record<string, unknown>;
  /** Assembled at all: false where a plain answer came. */
  readonly stream?: boolean;
}

const CHAT = "/v1/chat/completions";
const MESSAGES = "/v1/messages";
const RESPONSES = "/v1/responses";
const GEMINI = "/v1beta/models/gemini-x:streamGenerateContent";

const c = (delta: object, more: object = {}, top: object = {}) =>
  JSON.stringify({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, ...more }],
    ...top,
  });
const d = (...lines: string[]) => lines.map((line) => `data: ${line}\n\n`).join("");
const hi = [
  c({ role: "assistant", content: "H" }),
  c({ content: "i" }),
  c({}, { finish_reason: "stop" }),
];
const usage = { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 };
const last = (value: object) =>
  JSON.stringify({ id: "c1", object: "chat.completion.chunk", choices: [], ...value });
const done = { text: "Hi", finish: ["stop"] };
const call = (value: object) => c({ tool_calls: [value] });
const a = (...events: object[]) =>
  events
    .map((e) => `event: ${(e as { type: string }).type}\ndata: ${JSON.stringify(e)}\n\n`)
    .join("");
const begin = (u: object = { input_tokens: 5, output_tokens: 1 }) => ({
  type: "message_start",
  message: {
    id: "m1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    stop_reason: null,
    usage: u,
  },
});
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const text = (t: string) => ({ type: "text_delta", text: t });
const end = (reason: string, u: object) => [
  { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: u },
  { type: "message_stop" },
];
const g = (parts: object[], more: object = {}, top: object = {}) =>
  JSON.stringify({ candidates: [{ content: { role: "model", parts }, ...more }], ...top });

const FRAMING: Quirk[] = [
  { name: "CRLF", url: CHAT, body: d(...hi, "[DONE]").replaceAll("\n", "\r\n"), ...done },
  { name: "CR alone", url: CHAT, body: d(...hi, "[DONE]").replaceAll("\n", "\r"), ...done },
  {
    name: "comment lines",
    url: CHAT,
    body: `: OPENROUTER PROCESSING\n\n: ping\n${d(...hi)}: bye\n\n`,
    ...done,
  },
  { name: "byte order mark", url: CHAT, body: `\ufeff${d(...hi)}`, ...done },
  {
    name: "data: without a space",
    url: CHAT,
    body: d(...hi).replaceAll("data: ", "data:"),
    ...done,
  },
  {
    name: "id: and retry: lines",
    url: CHAT,
    body: `retry: 10\nid: 1\n${d(...hi).replaceAll("\n\n", "\nid: 2\n\n")}`,
    ...done,
  },
  { name: "no blank line after the last event", url: CHAT, body: d(...hi).trimEnd(), ...done },
  { name: "blank lines before the first event", url: CHAT, body: `\n\n${d(...hi)}`, ...done },
  {
    name: "several data: lines in one event",
    url: CHAT,
    body: d(...hi).replaceAll(',"choices"', ',\ndata: "choices"'),
    ...done,
  },
  {
    name: "two events without a blank line between",
    url: CHAT,
    body: `data: ${hi[0]}\ndata: ${hi[1]}\n\ndata: ${hi[2]}\n\n`,
    ...done,
  },
  {
    name: "a line broken inside a string",
    url: CHAT,
    body: d(...hi).replaceAll("chat.completion", "chat.\ndata: completion"),
    ...done,
  },
  { name: "no content type", url: CHAT, type: null, body: d(...hi), ...done },
  { name: "wrong content type", url: CHAT, type: "application/json", body: d(...hi), ...done },
  {
    name: "characters of four bytes",
    url: CHAT,
    body: d(c({ content: "漢🎈" }), c({ content: "é" }), hi[2]!),
    text: "漢🎈é",
    finish: ["stop"],
  },
  { name: "no [DONE]", url: CHAT, body: d(...hi), ...done },
  {
    name: "[DONE] where none belongs",
    url: MESSAGES,
    body:
      a(
        begin(),
        ...block(0, { type: "text", text: "" }, text("Hi")),
        ...end("end_turn", { output_tokens: 2 }),
      ) + d("[DONE]"),
    text: "Hi",
    finish: ["end_turn"],
    usage: [5, undefined, 2],
  },
  {
    name: "data after [DONE]",
    url: CHAT,
    body: d(...hi, "[DONE]", last({ usage })),
    ...done,
    usage: [10, undefined, 3],
  },
  {
    name: "events without an event: line",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(0, { type: "text", text: "" }, text("Hi")),
      ...end("end_turn", { output_tokens: 2 }),
    ).replace(/event: .*\n/g, ""),
    text: "Hi",
    finish: ["end_turn"],
  },
  {
    name: "an event that is no JSON",
    url: CHAT,
    body: d(hi[0]!, "pong", hi[1]!, hi[2]!),
    ...done,
    notes: /1 stream events are not JSON/,
  },
  {
    name: "stream: true answered without a stream",
    url: CHAT,
    request: { stream: true },
    type: "application/json",
    body: JSON.stringify({
      object: "chat.completion",
      model: "m",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage,
    }),
    ...done,
    usage: [10, undefined, 3],
    stream: false,
  },
  {
    name: "a JSON body padded with white space",
    url: CHAT,
    type: "application/json",
    body: `\n   \n\n ${JSON.stringify({ object: "chat.completion", choices: [{ message: { content: "Hi" }, finish_reason: "stop" }] })}\n \n`,
    ...done,
    stream: false,
  },
  {
    name: "newline-delimited JSON",
    url: "/api/chat",
    body: `{"model":"l","message":{"role":"assistant","content":"H"},"done":false}\n{"model":"l","message":{"role":"assistant","content":"i"},"done":false}\n{"model":"l","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":4,"eval_count":2}\n`,
    ...done,
    usage: [4, undefined, 2],
  },
  {
    name: "JSON values run together",
    url: "/api/generate",
    body: `{"model":"l","response":"H","done":false}{"model":"l","response":"i","done":false}{"model":"l","response":"","done":true,"prompt_eval_count":4,"eval_count":2}`,
    ...done,
    usage: [4, undefined, 2],
  },
  {
    name: "one JSON array as a stream",
    url: GEMINI,
    type: "application/json",
    body: `[${g([{ text: "H" }])}\n,\r\n${g([{ text: "i" }], { finishReason: "STOP" }, { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 } })}\n]`,
    text: "Hi",
    finish: ["STOP"],
    usage: [3, undefined, 1],
  },
  {
    name: "a JSON array torn off",
    url: GEMINI,
    body: `[${g([{ text: "Hi" }])}\n,\r\n{"candidates":[{"cont`,
    text: "Hi",
    notes: /stops before its end/,
  },
  {
    name: "AWS event stream",
    url: "/model/anthropic.claude-x/converse-stream",
    type: "application/vnd.amazon.eventstream",
    body: Buffer.concat([
      awsEvent("messageStart", { role: "assistant", p: "abc" }),
      awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "H" }, p: "ab" }),
      awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "i" } }),
      awsEvent("contentBlockStart", {
        contentBlockIndex: 1,
        start: { toolUse: { toolUseId: "t", name: "ls" } },
      }),
      awsEvent("contentBlockDelta", {
        contentBlockIndex: 1,
        delta: { toolUse: { input: '{"a"' } },
      }),
      awsEvent("contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: ":1}" } } }),
      awsEvent("contentBlockStop", { contentBlockIndex: 1 }),
      awsEvent("messageStop", { stopReason: "tool_use" }),
      awsEvent("metadata", {
        usage: { inputTokens: 4, outputTokens: 2, cacheReadInputTokens: 100, totalTokens: 106 },
      }),
    ]),
    text: "Hi",
    calls: ['ls({"a":1})'],
    finish: ["tool_use"],
    usage: [104, 100, 2],
  },
];

const CHUNKS: Quirk[] = [
  {
    name: "no finish_reason",
    url: CHAT,
    body: d(hi[0]!, hi[1]!, "[DONE]"),
    text: "Hi",
    finish: [],
    notes: /stops before its end/,
  },
  { name: "repeated finish_reason", url: CHAT, body: d(...hi, hi[2]!, "[DONE]"), ...done },
  {
    name: "usage in a chunk with choices: []",
    url: CHAT,
    body: d(...hi, last({ usage }), "[DONE]"),
    ...done,
    usage: [10, undefined, 3],
  },
  {
    name: "usage in the last chunk with a choice",
    url: CHAT,
    body: d(hi[0]!, hi[1]!, c({}, { finish_reason: "stop" }, { usage })),
    ...done,
    usage: [10, undefined, 3],
  },
  {
    name: "usage in every chunk",
    url: CHAT,
    body: d(
      c({ content: "H" }, {}, { usage: { ...usage, completion_tokens: 1, total_tokens: 11 } }),
      c({ content: "i" }, { finish_reason: "stop" }, { usage }),
    ),
    ...done,
    usage: [10, undefined, 3],
  },
  {
    name: "usage under x_groq",
    url: CHAT,
    body: d(hi[0]!, hi[1]!, c({}, { finish_reason: "stop" }, { x_groq: { id: "r", usage } })),
    ...done,
    usage: [10, undefined, 3],
    assembled: { "x_groq.id": "r" },
  },
  {
    name: "usage absent",
    url: CHAT,
    body: d(...hi, "[DONE]"),
    ...done,
    assembled: { usage: undefined },
  },
  {
    name: "cumulative usage",
    url: `${GEMINI}?alt=sse`,
    body: d(
      g(
        [{ text: "H" }],
        {},
        {
          usageMetadata: {
            promptTokenCount: 9,
            cachedContentTokenCount: 4,
            candidatesTokenCount: 1,
            totalTokenCount: 10,
          },
        },
      ),
      g(
        [{ text: "i" }],
        { finishReason: "STOP" },
        {
          usageMetadata: {
            promptTokenCount: 9,
            candidatesTokenCount: 2,
            thoughtsTokenCount: 5,
            totalTokenCount: 16,
          },
        },
      ),
    ),
    text: "Hi",
    finish: ["STOP"],
    usage: [9, 4, 7, 5],
  },
  {
    name: "usage repeated in message_delta",
    url: MESSAGES,
    body: a(
      begin({
        input_tokens: 5,
        cache_read_input_tokens: 50,
        cache_creation_input_tokens: 0,
        output_tokens: 3,
      }),
      ...block(0, { type: "text", text: "" }, text("Hi")),
      ...end("end_turn", { input_tokens: 5, cache_read_input_tokens: 50, output_tokens: 20 }),
    ),
    text: "Hi",
    finish: ["end_turn"],
    usage: [55, 50, 20],
  },
  {
    name: "chunk id changing in mid-stream",
    url: CHAT,
    body: d(
      '{"id":"","object":"","model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}',
      ...hi.map((line, i) => line.replace('"c1"', `"c${i}"`)),
    ),
    ...done,
    assembled: { id: "c0", "prompt_filter_results.0.prompt_index": 0 },
  },
  {
    name: "role repeated",
    url: CHAT,
    body: d(...["H", "i"].map((t) => c({ role: "assistant", content: t })), hi[2]!),
    ...done,
    assembled: { "choices.0.message.role": "assistant" },
  },
  {
    name: "n > 1, interleaved",
    url: CHAT,
    body: d(
      c({ content: "H" }),
      c({ content: "B" }, { index: 1 }),
      c({ content: "i" }, { finish_reason: "stop" }),
      c({ content: "ye" }, { index: 1, finish_reason: "length" }),
    ),
    text: "HiBye",
    finish: ["stop", "length"],
  },
  {
    name: "a chunk without choices",
    url: CHAT,
    body: d('{"id":"c1","object":"chat.completion.chunk","provider":"P"}', ...hi),
    ...done,
    assembled: { provider: "P" },
  },
  {
    name: "delta.content as an array",
    url: CHAT,
    body: d(
      c({ content: [{ type: "thinking", thinking: [{ type: "text", text: "a" }] }] }),
      c({ content: [{ type: "thinking", thinking: [{ type: "text", text: "b" }] }] }),
      c({ content: "H" }),
      c({ content: [{ type: "text", text: "i" }] }, { finish_reason: "stop" }),
    ),
    ...done,
    reasoning: "ab",
  },
  {
    name: "reasoning_content",
    url: CHAT,
    body: d(
      c({ role: "assistant", content: null, reasoning_content: "a" }),
      c({ reasoning_content: "b" }),
      ...hi,
    ),
    ...done,
    reasoning: "ab",
  },
  {
    name: "reasoning",
    url: CHAT,
    body: d(c({ reasoning: "a", content: "" }), c({ reasoning: "b" }), ...hi),
    ...done,
    reasoning: "ab",
  },
  {
    name: "reasoning_details",
    url: CHAT,
    body: d(
      c({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "a" }] }),
      c({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "b", signature: "s" }] }),
      c({ reasoning_details: [{ type: "reasoning.encrypted", index: 1, data: "X" }] }),
      ...hi,
    ),
    ...done,
    reasoning: "ab",
    assembled: {
      "choices.0.message.reasoning_details": [
        { type: "reasoning.text", index: 0, text: "ab", signature: "s" },
        { type: "reasoning.encrypted", index: 1, data: "X" },
      ],
    },
  },
  {
    name: "a whole tool call in one chunk",
    url: CHAT,
    body: d(
      call({ index: 0, id: "t", type: "function", function: { name: "ls", arguments: '{"a":1}' } }),
      c({}, { finish_reason: "tool_calls" }),
    ),
    calls: ['ls({"a":1})'],
    finish: ["tool_calls"],
  },
  {
    name: "tool deltas without index",
    url: CHAT,
    body: d(
      call({ id: "t1", function: { name: "ls", arguments: "{" } }),
      call({ function: { arguments: "}" } }),
      call({ id: "t2", function: { name: "ls", arguments: '{"b":2}' } }),
    ),
    calls: ["ls({})", 'ls({"b":2})'],
    finish: [],
  },
  {
    name: "gaps in tool indexes",
    url: CHAT,
    body: d(
      call({ index: 5, id: "t5", function: { name: "b", arguments: "{}" } }),
      call({ index: 2, id: "t2", function: { name: "a", arguments: "{" } }),
      call({ index: 2, function: { arguments: "}" } }),
    ),
    calls: ["a({})", "b({})"],
  },
  {
    name: "parallel calls all of index 0",
    url: CHAT,
    body: d(
      call({ index: 0, id: "t1", function: { name: "a", arguments: "{}" } }),
      call({ index: 0, id: "t2", function: { name: "b", arguments: "{}" } }),
    ),
    calls: ["a({})", "b({})"],
  },
  {
    name: "name and id repeated with every delta",
    url: CHAT,
    body: d(
      call({ index: 0, id: "t1", function: { name: "ls", arguments: "{" } }),
      call({ index: 0, id: "t1", function: { name: "ls", arguments: "}" } }),
      call({ index: 0, id: "", function: { name: "", arguments: "" } }),
    ),
    calls: ["ls({})"],
  },
  {
    name: "custom tool call",
    url: CHAT,
    body: d(
      call({ index: 0, id: "t", type: "custom", custom: { name: "sh", input: "l" } }),
      call({ index: 0, custom: { input: "s" } }),
    ),
    calls: ["sh(ls)"],
  },
  {
    name: "logprobs, annotations and a refusal are kept",
    url: CHAT,
    body: d(
      c({ content: "H", annotations: [1] }, { logprobs: { content: [{ token: "H" }] } }),
      c({ content: "i", annotations: [2] }, { logprobs: { content: [{ token: "i" }] } }),
      c({ refusal: "no" }, { finish_reason: "stop" }),
    ),
    text: "Hino",
    finish: ["stop"],
    assembled: {
      "choices.0.logprobs.content.1.token": "i",
      "choices.0.message.annotations": [1, 2],
    },
  },
  {
    name: "audio in pieces of padded base64",
    url: CHAT,
    body: d(
      c({ audio: { id: "a", data: "AA==", transcript: "H" } }),
      c({ audio: { data: "AQI=", transcript: "i" } }),
      c({ audio: { expires_at: 9 } }, { finish_reason: "stop" }),
    ),
    ...done,
    assembled: {
      "choices.0.message.audio": { id: "a", data: "AAEC", transcript: "Hi", expires_at: 9 },
    },
  },
  {
    name: "the message so far beside each delta",
    url: CHAT,
    body: d(
      c({}, { message: { role: "assistant", content: "H" } }),
      c({}, { message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }),
    ),
    ...done,
  },
];

const ERRORS: Quirk[] = [
  {
    name: "error event in a 200 stream",
    url: CHAT,
    body: d(hi[0]!, '{"error":{"message":"overloaded","type":"server_error","code":502}}'),
    text: "H",
    error: /server_error: overloaded/,
  },
  {
    name: "Anthropic's error event",
    url: MESSAGES,
    body: a(begin(), { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
    error: /overloaded_error/,
  },
  {
    name: "Responses' error event",
    url: RESPONSES,
    body: a({ type: "error", code: "rate_limit", message: "slow down" }),
    error: /slow down/,
  },
  {
    name: "response.failed",
    url: RESPONSES,
    body: a({
      type: "response.failed",
      response: {
        object: "response",
        status: "failed",
        error: { code: "server_error", message: "boom" },
        output: [],
      },
    }),
    error: /boom/,
    finish: ["failed"],
  },
  {
    name: "2xx JSON carrying an error",
    url: CHAT,
    type: "application/json",
    body: '{"error":{"message":"no credit","code":402}}',
    error: /402: no credit/,
    stream: false,
  },
  {
    name: "an error in a choice",
    url: CHAT,
    body: d(
      c({ content: "H" }),
      c({}, { finish_reason: "error", error: { code: 502, message: "upstream died" } }),
    ),
    text: "H",
    error: /upstream died/,
  },
  {
    name: "an error status with HTML",
    url: CHAT,
    status: 502,
    type: "text/html",
    body: "<html><title>Bad gateway</title></html>",
    error: /HTTP 502 Bad gateway/,
    stream: false,
  },
  {
    name: "an error status with detail",
    url: CHAT,
    status: 422,
    type: "application/json",
    body: '{"detail":[{"msg":"field required","loc":["x"]}]}',
    error: /field required/,
    stream: false,
  },
  {
    name: "an array with one error",
    url: GEMINI,
    status: 429,
    type: "application/json",
    body: '[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"quota"}}]',
    error: /RESOURCE_EXHAUSTED: quota/,
  },
  {
    name: "an AWS exception",
    url: "/model/m/converse-stream",
    body: Buffer.concat([
      awsEvent("messageStart", { role: "assistant" }),
      awsEvent("throttlingException", { message: "too many" }, "exception"),
    ]),
    error: /throttlingException: too many/,
  },
];

const BLOCKS: Quirk[] = [
  {
    name: "tool_use with empty input_json",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(
        0,
        { type: "tool_use", id: "t", name: "now", input: {} },
        { type: "input_json_delta", partial_json: "" },
      ),
      ...end("tool_use", { output_tokens: 2 }),
    ),
    calls: ["now({})"],
    finish: ["tool_use"],
  },
  {
    name: "tool input that is no JSON",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(
        0,
        { type: "tool_use", id: "t", name: "sh", input: {} },
        { type: "input_json_delta", partial_json: '{"a":' },
      ),
      ...end("max_tokens", { output_tokens: 2 }),
    ),
    calls: ['sh({"a":)'],
    finish: ["max_tokens"],
  },
  {
    name: "thinking, redacted thinking",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(
        0,
        { type: "thinking", thinking: "", signature: "" },
        { type: "thinking_delta", thinking: "hm" },
        { type: "signature_delta", signature: "SIG" },
      ),
      ...block(1, { type: "redacted_thinking", data: "ENC" }),
      ...block(2, { type: "text", text: "" }, text("Hi")),
      ...end("end_turn", { output_tokens: 2 }),
    ),
    text: "Hi",
    reasoning: "hm",
    finish: ["end_turn"],
    assembled: { "content.0.signature": "SIG", "content.1.data": "ENC" },
  },
  {
    name: "server and MCP tools, compaction",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(
        0,
        { type: "server_tool_use", id: "s", name: "web_search", input: {} },
        { type: "input_json_delta", partial_json: '{"q":1}' },
      ),
      ...block(1, { type: "web_search_tool_result", tool_use_id: "s", content: [] }),
      ...block(
        2,
        { type: "mcp_tool_use", id: "m", name: "echo", server_name: "x", input: {} },
        { type: "input_json_delta", partial_json: '{"b":2}' },
      ),
      ...block(
        3,
        { type: "compaction", content: "" },
        { type: "compaction_delta", content: "sum" },
        { type: "compaction_delta", content: "mary" },
      ),
      ...end("end_turn", { output_tokens: 2 }),
    ),
    calls: ['web_search({"q":1})', 'echo({"b":2})'],
    finish: ["end_turn"],
    assembled: { "content.3.content": "summary" },
  },
  {
    name: "citations and an unknown delta",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(
        0,
        { type: "text", text: "" },
        text("Hi"),
        { type: "citations_delta", citation: { n: 1 } },
        { type: "citations_delta", citation: { n: 2 } },
        { type: "new_delta", novelty: "x" },
      ),
      ...end("end_turn", { output_tokens: 2 }),
    ),
    text: "Hi",
    finish: ["end_turn"],
    assembled: { "content.0.citations": [{ n: 1 }, { n: 2 }], "content.0.novelty": "x" },
  },
  {
    name: "a message begun anew",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(0, { type: "text", text: "" }, text("No")),
      begin(),
      ...block(0, { type: "text", text: "" }, text("Hi")),
      ...end("end_turn", { output_tokens: 2 }),
    ),
    text: "Hi",
    finish: ["end_turn"],
  },
  {
    name: "a second message in the stream",
    url: MESSAGES,
    body: a(
      begin(),
      ...block(0, { type: "text", text: "" }, text("H")),
      ...end("tool_use", { output_tokens: 2 }),
      begin(),
      ...block(0, { type: "text", text: "" }, text("i")),
      ...end("end_turn", { output_tokens: 2 }),
    ),
    text: "Hi",
    finish: ["end_turn"],
  },
  {
    name: "thought parts, signatures and a call",
    url: `${GEMINI}?alt=sse`,
    body: d(
      g([{ text: "h", thought: true }]),
      g([{ text: "m", thought: true }]),
      g([{ text: "H" }]),
      g([{ text: "i" }]),
      g([{ text: "", thoughtSignature: "S" }]),
      g([{ functionCall: { name: "ls", args: { a: 1 } } }], { finishReason: "STOP" }),
    ),
    text: "Hi",
    reasoning: "hm",
    calls: ['ls({"a":1})'],
    finish: ["STOP"],
    assembled: { "candidates.0.content.parts.1.thoughtSignature": "S" },
  },
  {
    name: "function arguments bit by bit",
    url: `${GEMINI}?alt=sse`,
    body: d(
      g([{ functionCall: { name: "ls", willContinue: true } }]),
      g([
        {
          functionCall: {
            partialArgs: [{ jsonPath: "$.o[0].a", stringValue: "x", willContinue: true }],
            willContinue: true,
          },
        },
      ]),
      g([
        {
          functionCall: {
            partialArgs: [
              { jsonPath: "$.o[0].a", stringValue: "y" },
              { jsonPath: "$.n", numberValue: 2 },
            ],
            willContinue: true,
          },
        },
      ]),
      g([{ functionCall: {} }], { finishReason: "STOP" }),
    ),
    calls: ['ls({"o":[{"a":"xy"}],"n":2})'],
    finish: ["STOP"],
  },
  {
    name: "Code Assist's envelope",
    url: "/v1internal:streamGenerateContent?alt=sse",
    body: d(
      JSON.stringify({
        response: JSON.parse(g([{ text: "Hi" }], { finishReason: "STOP" })),
        traceId: "t",
      }),
    ),
    text: "Hi",
    finish: ["STOP"],
    assembled: { traceId: "t" },
  },
  {
    name: "unknown Responses events",
    url: RESPONSES,
    body: a(
      { type: "response.created", response: { id: "r", object: "response", output: [] } },
      { type: "response.hologram.delta", output_index: 0, delta: "?" },
      { type: "keepalive" },
      {
        type: "response.completed",
        response: {
          id: "r",
          object: "response",
          status: "completed",
          output: [
            { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
          ],
          usage: {
            input_tokens: 8,
            input_tokens_details: { cached_tokens: 6 },
            output_tokens: 2,
            output_tokens_details: { reasoning_tokens: 1 },
            total_tokens: 10,
          },
        },
      },
    ),
    text: "Hi",
    finish: ["completed"],
    usage: [8, 6, 2, 1],
  },
  {
    name: "a completed response without output",
    url: RESPONSES,
    body: a(
      { type: "response.created", response: { id: "r", object: "response", output: [] } },
      {
        type: "response.output_item.done",
        output_index: 1,
        item: { type: "function_call", call_id: "c", name: "ls", arguments: "{}" },
      },
      {
        type: "response.output_item.done",
        output_index: 0,
        item: {
          type: "reasoning",
          summary: [{ type: "summary_text", text: "hm" }],
          encrypted_content: "E",
        },
      },
      { type: "response.completed", response: { id: "r", status: "completed", output: [] } },
    ),
    reasoning: "hm",
    calls: ["ls({})"],
    finish: ["completed"],
  },
  {
    name: "a response from its deltas alone",
    url: RESPONSES,
    body: a(
      {
        type: "response.reasoning_summary_part.added",
        output_index: 0,
        summary_index: 0,
        part: { type: "summary_text", text: "" },
      },
      {
        type: "response.reasoning_summary_text.delta",
        output_index: 0,
        summary_index: 0,
        delta: "hm",
      },
      {
        type: "response.content_part.added",
        output_index: 1,
        content_index: 0,
        part: { type: "output_text", text: "", annotations: [] },
      },
      { type: "response.output_text.delta", output_index: 1, content_index: 0, delta: "Hi" },
      {
        type: "response.output_text.annotation.added",
        output_index: 1,
        content_index: 0,
        annotation: { n: 1 },
      },
      {
        type: "response.output_item.added",
        output_index: 2,
        item: { type: "custom_tool_call", call_id: "c", name: "sh", input: "" },
      },
      { type: "response.custom_tool_call_input.delta", output_index: 2, delta: "l" },
      { type: "response.custom_tool_call_input.delta", output_index: 2, delta: "s" },
    ),
    text: "Hi",
    reasoning: "hm",
    calls: ["sh(ls)"],
    notes: /stops before its end/,
    assembled: { "output.1.content.0.annotations": [{ n: 1 }] },
  },
  {
    name: "Cohere's typed events",
    url: "/v2/chat",
    body: a(
      {
        type: "message-start",
        id: "1",
        delta: { message: { role: "assistant", content: [] } },
      } as never,
      {
        type: "content-start",
        index: 0,
        delta: { message: { content: { type: "text", text: "" } } },
      },
      { type: "content-delta", index: 0, delta: { message: { content: { text: "Hi" } } } },
      {
        type: "tool-call-start",
        index: 0,
        delta: {
          message: {
            tool_calls: { id: "t", type: "function", function: { name: "ls", arguments: "" } },
          },
        },
      },
      {
        type: "tool-call-delta",
        index: 0,
        delta: { message: { tool_calls: { function: { arguments: "{}" } } } },
      },
      {
        type: "message-end",
        delta: {
          finish_reason: "COMPLETE",
          usage: {
            billed_units: { input_tokens: 1, output_tokens: 2 },
            tokens: { input_tokens: 7, output_tokens: 2 },
          },
        },
      },
    ),
    text: "Hi",
    calls: ["ls({})"],
    finish: ["COMPLETE"],
    usage: [7, undefined, 2],
  },
  {
    name: "Cohere v1's lines",
    url: "/v1/chat",
    body: '{"is_finished":false,"event_type":"stream-start","generation_id":"g"}\n{"is_finished":false,"event_type":"text-generation","text":"Hi"}\n{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"response_id":"r","text":"Hi","meta":{"tokens":{"input_tokens":3,"output_tokens":1}}}}\n',
    text: "Hi",
    finish: ["COMPLETE"],
    usage: [3, undefined, 1],
  },
  {
    name: "Titan inside Bedrock's envelope",
    url: "/model/amazon.titan-x/invoke-with-response-stream",
    body: Buffer.concat(
      ["H", "i"].map((outputText, i) =>
        awsEvent("chunk", {
          bytes: Buffer.from(
            JSON.stringify({
              outputText,
              index: 0,
              completionReason: i === 0 ? null : "FINISH",
              inputTextTokenCount: i === 0 ? 7 : null,
              totalOutputTextTokenCount: i === 0 ? null : 2,
            }),
          ).toString("base64"),
        }),
      ),
    ),
    text: "Hi",
    finish: ["FINISH"],
    usage: [7, undefined, 2],
  },
  {
    name: "text completions, two choices",
    url: "/v1/completions",
    body: d(
      '{"object":"text_completion","choices":[{"index":1,"text":"B"},{"index":0,"text":"H"}]}',
      '{"choices":[{"index":0,"text":"i","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"total_tokens":3,"completion_tokens":2}}',
      "[DONE]",
    ),
    text: "HiB",
    finish: ["stop"],
    usage: [1, undefined, 2],
  },
];

export const QUIRKS: Quirk[] = [...FRAMING, ...CHUNKS, ...ERRORS, ...BLOCKS];
