/**
 * The shapes in which APIs stream a text in pieces, and how a reader puts it together again. Each
 * shape is unkind in its own way: what tells places apart comes in the first delta only, late, or
 * never; texts begin under another name; two texts are interleaved; a whole copy follows.
 */
import { readAwsMessages } from "../../../../record/dialects/aws-event-stream.ts";
import { awsEvent } from "../dialects/aws-frame.ts";

// biome-ignore lint/suspicious/noExplicitAny: a reader reaches into whatever a provider sends
type Json = any;

export interface Shape {
  readonly name: string;
  /** The stream that says the pieces; `whole` is what they add up to. */
  readonly write: (pieces: readonly string[], whole: string) => Buffer;
  /** What a reader of the stream puts together. Throws where an event is no JSON. */
  readonly read: (stream: Buffer) => string;
  /** Frames keep their length: marks are cut to it. */
  readonly framed?: boolean;
}

const sse = (event: Json): string => `data: ${JSON.stringify(event)}\n\n`;
const typed = (event: Json): string => `event: ${event.type}\n${sse(event)}`;
const DONE = "data: [DONE]\n\n";

const eventsOf = (stream: Buffer): Json[] =>
  [...stream.toString().matchAll(/^(?:data: ?)?(\{.*)$/gm)].map(([, json]) => JSON.parse(json!));

/** Of streams that are lines: `event` says one piece, `said` finds it again. */
function lines(
  name: string,
  event: (piece: string, i: number) => string,
  said: (event: Json) => string | undefined,
  ending = DONE,
): Shape {
  return {
    name,
    write: (pieces) => Buffer.from(pieces.map(event).join("") + ending),
    read: (stream) =>
      eventsOf(stream)
        .map((e) => said(e) ?? "")
        .join(""),
  };
}

const choice = (delta: Json, rest: Json = {}): Json => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "m",
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
});
const delta0 = (e: Json): Json => e.choices?.[0]?.delta ?? {};

const toolCall = (i: number, args: string, first: Json, later: Json): string => {
  const { function: named, ...rest } = i === 0 ? first : later;
  return sse(choice({ tool_calls: [{ ...rest, function: { ...named, arguments: args } }] }));
};
const toolArguments = (e: Json): string | undefined =>
  delta0(e).tool_calls?.[0]?.function?.arguments;

const item = { item_id: "msg_1", output_index: 0, content_index: 0 };
const bedrock = (text: string): Buffer =>
  awsEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text }, p: "abcdefgh" });
const wrapped = (event: Json): Buffer =>
  awsEvent("chunk", { bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: "abc" });
const payloads = (stream: Buffer): Json[] => {
  const { messages, notes } = readAwsMessages(stream);
  if (notes.length > 0) throw new Error(notes.join());
  return messages.map(({ payload }) => JSON.parse(payload.toString()));
};

export const SHAPES: readonly Shape[] = [
  lines(
    "chat content",
    (content, i) => sse(choice(i === 0 ? { role: "assistant", content } : { content })),
    (e) => delta0(e).content,
  ),
  lines(
    "tool arguments, type and name in the first delta only",
    (args, i) => {
      const first = { index: 0, id: "call_1", type: "function", function: { name: "write" } };
      return toolCall(i, args, first, { index: 0 });
    },
    toolArguments,
  ),
  lines(
    "tool arguments, no index behind the first delta",
    (args, i) => {
      return toolCall(
        i,
        args,
        { index: 0, id: "c", type: "function", function: { name: "w" } },
        {},
      );
    },
    toolArguments,
  ),
  lines(
    "tool arguments, index only in later deltas",
    (args, i) =>
      toolCall(i, args, { id: "c", function: { name: "w" } }, { index: 0, type: "function" }),
    toolArguments,
  ),
  lines(
    "choice index in the first delta only",
    (content, i) =>
      sse({ choices: [i === 0 ? { index: 0, delta: { content } } : { delta: { content } }] }),
    (e) => delta0(e).content,
  ),
  lines(
    "reasoning, then content",
    (text, i) =>
      sse(choice(i === 0 ? { role: "assistant", reasoning_content: text } : { content: text })),
    (e) => delta0(e).reasoning_content ?? delta0(e).content,
  ),
  lines(
    "reasoning said twice in each delta",
    (text) => {
      const details = [{ type: "reasoning.text", text, format: "unknown", index: 0 }];
      return sse(
        choice({ role: "assistant", content: "", reasoning: text, reasoning_details: details }),
      );
    },
    (e) => delta0(e).reasoning_details?.[0]?.text,
  ),
  {
    name: "two calls interleaved: arguments, index and id first, then the id alone",
    write: (pieces) =>
      Buffer.from(
        pieces
          .map((args, i) => {
            const call = (index: number, said: string): Json => ({
              ...(i === 0 ? { index, type: "function" } : {}),
              id: `call_${index}`,
              function: { ...(i === 0 ? { name: "write" } : {}), arguments: said },
            });
            return (
              sse(choice({ tool_calls: [call(0, args)] })) +
              sse(choice({ tool_calls: [call(1, `other ${i} `)] }))
            );
          })
          .join("") + DONE,
      ),
    read: (stream) =>
      eventsOf(stream)
        .map((e) => delta0(e).tool_calls[0])
        .map((call) => (call.id === "call_0" ? call.function.arguments : ""))
        .join(""),
  },
  {
    name: "two choices interleaved",
    write: (pieces) =>
      Buffer.from(
        pieces
          .map((content, i) => {
            const other = { index: 1, delta: { content: `other ${i} ` } };
            return sse({ choices: [other] }) + sse({ choices: [{ index: 0, delta: { content } }] });
          })
          .join("") + DONE,
      ),
    read: (stream) =>
      eventsOf(stream)
        .flatMap((e) => e.choices)
        .map((c) => (c.index === 0 ? c.delta.content : ""))
        .join(""),
  },
  lines(
    "messages text that begins in content_block_start",
    (text, i) =>
      i === 0
        ? typed({ type: "content_block_start", index: 0, content_block: { type: "text", text } })
        : typed({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    (e) => e.content_block?.text ?? e.delta?.text,
    typed({ type: "content_block_stop", index: 0 }),
  ),
  lines(
    "messages tool input",
    (partial_json) =>
      typed({
        type: "content_block_delta",
        index: 1,
        delta: { type: "input_json_delta", partial_json },
      }),
    (e) => e.delta?.partial_json,
    typed({ type: "message_stop" }),
  ),
  lines(
    "messages thinking, then text",
    (text, i) => {
      const delta =
        i === 0 ? { type: "thinking_delta", thinking: text } : { type: "text_delta", text };
      return typed({ type: "content_block_delta", index: i === 0 ? 0 : 1, delta });
    },
    (e) => e.delta?.thinking ?? e.delta?.text,
    "",
  ),
  {
    name: "responses text, with whole copies behind it",
    write: (pieces, text) =>
      Buffer.from(
        typed({ type: "response.created", response: { id: "resp_1", output: [] } }) +
          pieces
            .map((delta, i) =>
              typed({
                type: "response.output_text.delta",
                ...item,
                sequence_number: i,
                delta,
                obfuscation: `x${i}Ab`,
              }),
            )
            .join("") +
          typed({ type: "response.output_text.done", ...item, text }) +
          typed({ type: "response.completed", response: { output: [{ content: [{ text }] }] } }),
      ),
    read: (stream) => {
      const events = eventsOf(stream);
      const joined = events.map((e) => e.delta ?? "").join("");
      const copies = [events.at(-2).text, events.at(-1).response.output[0].content[0].text];
      if (copies.some((copy) => copy !== joined)) throw new Error(`copies differ: ${copies}`);
      return joined;
    },
  },
  lines(
    "responses text that begins in its part",
    (text, i) =>
      i === 0
        ? typed({
            type: "response.content_part.added",
            ...item,
            part: { type: "output_text", text },
          })
        : typed({ type: "response.output_text.delta", ...item, delta: text }),
    (e) => e.part?.text ?? e.delta,
    "",
  ),
  lines(
    "responses tool arguments",
    (delta) =>
      typed({
        type: "response.function_call_arguments.delta",
        item_id: "fc_1",
        output_index: 1,
        delta,
      }),
    (e) => e.delta,
    "",
  ),
  lines(
    "gemini parts",
    (text, i) => {
      const parts = i % 2 === 0 ? [{ text }] : [{ text, thought: false }];
      return sse({
        candidates: [{ content: { parts, role: "model" }, index: 0 }],
        responseId: `r${i}`,
      });
    },
    (e) => e.candidates?.[0]?.content?.parts?.[0]?.text,
    "",
  ),
  {
    name: "gemini as one array",
    write: (pieces) =>
      Buffer.from(
        `[${pieces.map((text) => JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }] }, null, 2)).join("\n,\n")}]`,
      ),
    read: (stream) =>
      JSON.parse(stream.toString())
        .map((e: Json) => e.candidates[0].content.parts[0].text)
        .join(""),
  },
  lines(
    "ollama chat",
    (content, i) =>
      `${JSON.stringify({ model: "m", created_at: `${i}`, message: { role: "assistant", content }, done: false })}\n`,
    (e) => e.message?.content,
    '{"model":"m","done":true}\n',
  ),
  lines(
    "ollama generate",
    (response) => `${JSON.stringify({ model: "m", response, done: false })}\n`,
    (e) => e.response,
    "",
  ),
  lines(
    "cohere",
    (text, i) =>
      sse({
        type: i === 0 ? "content-start" : "content-delta",
        index: 0,
        delta: { message: { content: i === 0 ? { type: "text", text } : { text } } },
      }),
    (e) => e.delta?.message?.content?.text,
    "",
  ),
  {
    name: "plain text as data",
    write: (pieces) =>
      Buffer.from(`${pieces.map((p) => `data: ${p}\n\n`).join("")}data: [DONE]\n\n`),
    read: (stream) =>
      [...stream.toString().matchAll(/^data: (.*)$/gm)]
        .map(([, text]) => (text === "[DONE]" ? "" : text))
        .join(""),
  },
  {
    name: "JSON strings as data",
    write: (pieces) =>
      Buffer.from(pieces.map((p) => `data: ${JSON.stringify(p)}\r\n\r\n`).join("")),
    read: (stream) =>
      [...stream.toString().matchAll(/^data: (".*")/gm)]
        .map(([, json]) => JSON.parse(json!))
        .join(""),
  },
  {
    name: "one event over several data lines",
    write: (pieces) =>
      Buffer.from(
        pieces
          .map(
            (content) =>
              `${JSON.stringify(choice({ content }), null, 1).replace(/^/gm, "data: ")}\n\n`,
          )
          .join(""),
      ),
    read: (stream) =>
      stream
        .toString()
        .split("\n\n")
        .filter((event) => event !== "")
        .map((event) => delta0(JSON.parse(event.replace(/^data: /gm, ""))).content)
        .join(""),
  },
  {
    name: "raw text",
    write: (pieces) => Buffer.from(pieces.join("")),
    read: (stream) => stream.toString(),
  },
  {
    name: "bedrock converse",
    framed: true,
    write: (pieces) =>
      Buffer.concat([awsEvent("messageStart", { role: "assistant" }), ...pieces.map(bedrock)]),
    read: (stream) =>
      payloads(stream)
        .map((e) => e.delta?.text ?? "")
        .join(""),
  },
  {
    name: "bedrock invoke, each event in base64",
    framed: true,
    write: (pieces) =>
      Buffer.concat(
        pieces.map((text, i) =>
          i === 0
            ? wrapped({
                type: "content_block_start",
                index: 0,
                content_block: { type: "text", text },
              })
            : wrapped({
                type: "content_block_delta",
                index: 0,
                delta: { type: "text_delta", text },
              }),
        ),
      ),
    read: (stream) =>
      payloads(stream)
        .map(({ bytes }) => JSON.parse(Buffer.from(bytes, "base64").toString()))
        .map((e) => e.content_block?.text ?? e.delta?.text ?? "")
        .join(""),
  },
];
