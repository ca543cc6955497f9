/**
 * A second, straightforward reading of recorded streams, for comparison with the dialects: it shares
 * no code with them, knows no hostile input, and only gathers what the comparison needs.
 */

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of every shape, read by hand
type Any = any;

export interface Told {
  text: string;
  /** Name and arguments as JSON value (or text where it is none). */
  calls: [string, unknown][];
  finish: string[];
  /** [input, output], both all-inclusive. */
  usage: [number, number] | null;
}

const nothing = (): Told => ({ text: "", calls: [], finish: [], usage: null });

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Events of an SSE, NDJSON or AWS body. */
export function eventsOf(body: Buffer): Any[] {
  const first = body[0];
  if (first === 0) return awsEvents(body);
  const text = body.toString("utf8").replaceAll("\r\n", "\n");
  if (first === 123)
    return text
      .split("\n")
      .filter((line) => line.trim())
      .map((l) => JSON.parse(l));
  return text
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split("\n").filter((line) => line.startsWith("data:"));
      return lines.map((line) => line.slice(5).trim()).join("\n");
    })
    .filter((data) => data !== "" && data !== "[DONE]")
    .map((data) => JSON.parse(data));
}

function awsEvents(body: Buffer): Any[] {
  const events: Any[] = [];
  for (let at = 0; at < body.length; at += body.readUInt32BE(at)) {
    const total = body.readUInt32BE(at);
    const headers = body.readUInt32BE(at + 4);
    const head = body.toString("latin1", at + 12, at + 12 + headers);
    const payload = JSON.parse(body.toString("utf8", at + 12 + headers, at + total - 4));
    const name = /:event-type\x07..(\w+)/s.exec(head)?.[1] ?? "";
    if (typeof payload.bytes === "string") {
      events.push(JSON.parse(Buffer.from(payload.bytes, "base64").toString("utf8")));
    } else events.push({ [name.replace(/[^a-zA-Z]/g, "")]: payload });
  }
  return events;
}

function chat(events: Any[]): Told {
  const out = nothing();
  const calls: { key: Any; name: string; args: string }[] = [];
  const reasons = new Map<number, string>();
  const texts = new Map<number, string>();
  for (const event of events) {
    const usage = event.usage ?? event.x_groq?.usage;
    if (usage?.prompt_tokens !== undefined) {
      const { prompt_tokens: input, completion_tokens: output = 0, total_tokens: total } = usage;
      out.usage = [input, Math.max(output, (total ?? 0) - input)];
    }
    for (const choice of event.choices ?? []) {
      if (choice.finish_reason) reasons.set(choice.index, choice.finish_reason);
      const content = choice.delta?.content ?? choice.text ?? "";
      const parts = Array.isArray(content) ? content : [{ type: "text", text: content }];
      for (const part of parts) {
        if (part.type === "text") {
          texts.set(choice.index, (texts.get(choice.index) ?? "") + part.text);
        }
      }
      if (choice.delta?.refusal) {
        texts.set(choice.index, (texts.get(choice.index) ?? "") + choice.delta.refusal);
      }
      for (const call of choice.delta?.tool_calls ?? []) {
        const key = call.index ?? call.id;
        let known = calls.find((c) => c.key === key);
        if (known === undefined) {
          known = { key, name: "", args: "" };
          calls.push(known);
        }
        if (call.function?.name) known.name = call.function.name;
        known.args += call.function?.arguments ?? "";
      }
      const legacy = choice.delta?.function_call;
      if (legacy) {
        if (calls.length === 0) calls.push({ key: "legacy", name: "", args: "" });
        if (legacy.name) calls[0]!.name = legacy.name;
        calls[0]!.args += legacy.arguments ?? "";
      }
    }
  }
  out.text = [...texts.values()].join("");
  out.calls = calls.map(({ name, args }) => [name, json(args)]);
  out.finish = [...reasons.values()];
  return out;
}

function responses(events: Any[]): Told {
  const out = nothing();
  for (const event of events) {
    if (event.type === "response.output_text.delta") out.text += event.delta;
    if (event.type === "response.refusal.delta") out.text += event.delta;
    if (event.type === "response.output_item.done") {
      const { type, name, arguments: args, input } = event.item;
      if (type === "function_call" || type === "mcp_call") out.calls.push([name, json(args)]);
      if (type === "custom_tool_call") out.calls.push([name, json(input)]);
    }
    if (/response\.(completed|incomplete|failed)/.test(event.type)) {
      const { usage, status, incomplete_details: why } = event.response;
      out.finish = [why?.reason ?? status];
      if (usage) out.usage = [usage.input_tokens, usage.output_tokens];
    }
  }
  return out;
}

function anthropic(events: Any[]): Told {
  const out = nothing();
  const usage: Any = {};
  const inputs = new Map<number, { name: string; input: Any; text: string }>();
  for (const event of events) {
    const { type, index, delta } = event;
    if (type === "message_start") Object.assign(usage, event.message.usage);
    if (type === "content_block_start" && /tool_use$/.test(event.content_block.type)) {
      const { name, input } = event.content_block;
      inputs.set(index, { name, input, text: "" });
    }
    if (type === "content_block_start" && event.content_block.type === "text") {
      out.text += event.content_block.text;
    }
    if (delta?.type === "text_delta") out.text += delta.text;
    if (delta?.type === "input_json_delta") inputs.get(index)!.text += delta.partial_json;
    if (type === "message_delta") {
      for (const [key, value] of Object.entries(event.usage ?? {})) {
        if (value !== null) usage[key] = value;
      }
      out.finish = delta.stop_reason ? [delta.stop_reason] : [];
    }
    if (typeof event.completion === "string") {
      out.text += event.completion;
      if (event.stop_reason) out.finish = [event.stop_reason];
      const metrics = event["amazon-bedrock-invocationMetrics"];
      if (metrics) out.usage = [metrics.inputTokenCount, metrics.outputTokenCount];
    }
  }
  for (const { name, input, text } of inputs.values()) {
    out.calls.push([name, text === "" ? input : json(text)]);
  }
  if (usage.output_tokens !== undefined) {
    const { cache_read_input_tokens: read = 0, cache_creation_input_tokens: made = 0 } = usage;
    out.usage = [usage.input_tokens + (read ?? 0) + (made ?? 0), usage.output_tokens];
  }
  return out;
}

function gemini(events: Any[]): Told {
  const out = nothing();
  const partial: Record<string, Any> = {};
  let open: string | null = null;
  for (const event of events.flat()) {
    const usage = event.usageMetadata;
    if (usage?.promptTokenCount !== undefined) {
      const input = usage.promptTokenCount + (usage.toolUsePromptTokenCount ?? 0);
      out.usage = [input, (usage.totalTokenCount ?? input) - input];
    }
    for (const candidate of event.candidates ?? []) {
      if (candidate.finishReason) out.finish = [candidate.finishReason];
      for (const part of candidate.content?.parts ?? []) {
        if (part.text && !part.thought) out.text += part.text;
        const call = part.functionCall;
        if (!call) continue;
        if (call.name) {
          open = call.name;
          out.calls.push([call.name, call.args ?? ""]);
        }
        if (call.partialArgs) partial[open ?? ""] = true;
      }
    }
  }
  // Partial arguments are compared by a test of their own.
  out.calls = out.calls.map(([name, args]) => [name, partial[name] ? "partial" : args]);
  return out;
}

function converse(events: Any[]): Told {
  const out = nothing();
  const inputs = new Map<number, { name: string; text: string }>();
  for (const event of events) {
    const start = event.contentBlockStart;
    if (start?.start?.toolUse) {
      inputs.set(start.contentBlockIndex, { name: start.start.toolUse.name, text: "" });
    }
    const { contentBlockIndex: index, delta } = event.contentBlockDelta ?? {};
    if (typeof delta?.text === "string") out.text += delta.text;
    if (delta?.toolUse) inputs.get(index)!.text += delta.toolUse.input;
    if (event.messageStop) out.finish = [event.messageStop.stopReason];
    const usage = event.metadata?.usage;
    if (usage) {
      const read = usage.cacheReadInputTokens ?? usage.cacheReadInputTokenCount ?? 0;
      const made = usage.cacheWriteInputTokens ?? usage.cacheWriteInputTokenCount ?? 0;
      out.usage = [usage.inputTokens + read + made, usage.outputTokens];
    }
  }
  for (const { name, text } of inputs.values()) out.calls.push([name, json(text || "{}")]);
  return out;
}

function invoke(events: Any[]): Told {
  const first = events[0] ?? {};
  if (first.type === "message_start" || first.completion !== undefined) return anthropic(events);
  if (first.choices) return chat(events);
  if (first.messageStart) return converse(events);
  const out = nothing();
  const byIndex = new Map<number, string>();
  for (const event of events) {
    const piece =
      event.generation ?? event.outputText ?? event.text ?? event.outputs?.[0]?.text ?? "";
    byIndex.set(event.index ?? 0, (byIndex.get(event.index ?? 0) ?? "") + piece);
    const reason = event.stop_reason ?? event.completionReason ?? event.finish_reason;
    if (reason) out.finish.push(reason);
    const metrics = event["amazon-bedrock-invocationMetrics"];
    if (metrics) out.usage = [metrics.inputTokenCount, metrics.outputTokenCount];
    const { inputTextTokenCount: input, totalOutputTextTokenCount: output } = event;
    if (typeof output === "number") out.usage = [out.usage?.[0] ?? input, output];
  }
  out.text = [...byIndex.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, text]) => text)
    .join("");
  return out;
}

function cohere(events: Any[]): Told {
  const out = nothing();
  const calls = new Map<number, { name: string; args: string }>();
  for (const event of events) {
    const message = event.delta?.message;
    if (event.event_type === "text-generation") out.text += event.text;
    if (event.event_type === "stream-end") {
      out.finish = [event.finish_reason];
      const tokens = event.response.meta.tokens;
      out.usage = [tokens.input_tokens, tokens.output_tokens];
    }
    out.text += message?.content?.text ?? "";
    if (event.type === "tool-call-start") {
      const { name, arguments: args } = message.tool_calls.function;
      calls.set(event.index, { name, args });
    }
    if (event.type === "tool-call-delta") {
      calls.get(event.index)!.args += message.tool_calls.function.arguments;
    }
    if (event.type === "message-end") {
      out.finish = [event.delta.finish_reason];
      const tokens = event.delta.usage.tokens;
      out.usage = [tokens.input_tokens, tokens.output_tokens];
    }
  }
  out.calls = [...calls.values()].map(({ name, args }) => [name, json(args)]);
  return out;
}

function ollama(events: Any[]): Told {
  const out = nothing();
  for (const event of events) {
    out.text += event.message?.content ?? event.response ?? "";
    for (const call of event.message?.tool_calls ?? []) {
      out.calls.push([call.function.name, call.function.arguments]);
    }
    if (!event.done) continue;
    out.finish = [event.done_reason ?? "stop"];
    if (event.eval_count !== undefined)
      out.usage = [event.prompt_eval_count ?? -1, event.eval_count];
  }
  return out;
}

function interactions(events: Any[]): Told {
  const out = nothing();
  const calls = new Map<number, { name: string; args: string }>();
  for (const event of events) {
    if (event.step?.type === "function_call")
      calls.set(event.index, { name: event.step.name, args: "" });
    if (event.delta?.type === "text") out.text += event.delta.text;
    if (event.delta?.type === "arguments_delta")
      calls.get(event.index)!.args += event.delta.arguments;
    if (event.event_type !== "interaction.completed") continue;
    const { status, usage } = event.interaction;
    out.finish = [status];
    out.usage = [
      usage.total_input_tokens + usage.total_tool_use_tokens,
      usage.total_output_tokens + usage.total_thought_tokens,
    ];
  }
  out.calls = [...calls.values()].map(({ name, args }) => [name, json(args)]);
  return out;
}

/** The second reading, by API. */
export const ORACLES: Record<string, (events: Any[]) => Told> = {
  "openai.chat": chat,
  "openai.completions": chat,
  "openai.responses": responses,
  "anthropic.messages": anthropic,
  "google.generate": gemini,
  "google.interactions": interactions,
  "bedrock.converse": converse,
  "bedrock.invoke": invoke,
  "cohere.chat": cohere,
  "ollama.chat": ollama,
  "ollama.generate": ollama,
};
