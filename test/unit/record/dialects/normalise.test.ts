/** Requests and plain answers of every dialect as normal messages, tools and parameters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NormalMessage, Piece } from "../../../../record/dialects/normal.ts";
import { normaliseRequest, normaliseResponse } from "../../../../record/dialects/normalise.ts";

/** A piece in a few words. */
function words(piece: Piece): string {
  switch (piece.kind) {
    case "text":
      return piece.text;
    case "reasoning":
      return piece.encrypted ? "(sealed)" : `(${piece.text})`;
    case "tool_call":
      return `${piece.name}(${piece.arguments})#${piece.id}`;
    case "tool_result":
      return `${piece.error ? "!" : "="}${piece.text}#${piece.id ?? piece.name}`;
    case "unknown":
      return `?${piece.type}`;
    default:
      return `[${piece.kind} ${piece.media} ${piece.bytes} ${piece.ref}]`;
  }
}

const lines = (messages: NormalMessage[]) =>
  messages.map((m) => `${m.key}.${m.index} ${m.role}: ${m.pieces.map(words).join(" | ")}`);

const request = (api: string, body: unknown, url = "/") => normaliseRequest(api, body, url);
const png = "data:image/png;base64,AAAA";

test("openai.chat: every role, media, calls and results", () => {
  const normal = request("openai.chat", {
    model: "m",
    temperature: 0.5,
    messages: [
      { role: "developer", content: "be good" },
      {
        role: "user",
        content: [
          { type: "text", text: "see" },
          { type: "image_url", image_url: { url: png } },
          { type: "image_url", image_url: "https://x/y.png" },
        ],
      },
      {
        role: "user",
        content: [
          { type: "input_audio", input_audio: { data: "AAA=", format: "wav" } },
          { type: "file", file: { file_id: "f1" } },
          { type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } },
          { type: "hologram", x: 1 },
        ],
      },
      {
        role: "assistant",
        content: null,
        reasoning_content: "hm",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "ls", arguments: '{"a":1}' } },
        ],
      },
      {
        role: "tool",
        tool_call_id: "c1",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
        ],
      },
      { role: "function", name: "old", content: "three" },
      { role: "assistant", refusal: "no", content: "" },
    ],
    tools: [
      {
        type: "function",
        function: { name: "ls", description: "lists", parameters: { type: "object" } },
      },
      { type: "custom", custom: { name: "sh" } },
    ],
  });
  assert.equal(normal.model, "m");
  assert.deepEqual(normal.parameters, { temperature: 0.5 });
  assert.deepEqual(lines(normal.messages), [
    "messages.0 system: be good",
    "messages.1 user: see | [image image/png 3 null] | [image null null https://x/y.png]",
    "messages.2 user: [audio audio/wav 2 null] | [document null null f1] | [document application/pdf 3 null] | ?hologram",
    'messages.3 assistant: (hm) | ls({"a":1})#c1',
    "messages.4 tool: =one\ntwo#c1",
    "messages.5 tool: =three#old",
    "messages.6 assistant: no",
  ]);
  assert.deepEqual(normal.tools, [
    { name: "ls", description: "lists", schema: { type: "object" }, kind: "function" },
    { name: "sh", description: "", schema: null, kind: "custom" },
  ]);
});

test("openai.chat: the model of an Azure deployment stands in the path", () => {
  assert.equal(
    request("openai.chat", {}, "/openai/deployments/my%20gpt/chat/completions?x=1").model,
    "my gpt",
  );
  assert.equal(
    request("openai.chat", {}, "/openai/deployments/%E0%A4%A/chat/completions").model,
    "%E0%A4%A",
  );
});

test("openai.responses: instructions, items of every kind", () => {
  const normal = request("openai.responses", {
    model: "m",
    instructions: "be good",
    store: false,
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "hi" },
          { type: "input_image", image_url: png },
          { type: "input_file", file_id: "f" },
        ],
      },
      { type: "reasoning", summary: [], encrypted_content: "E" },
      { type: "function_call", call_id: "c", name: "ls", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "ok" },
      {
        type: "custom_tool_call_output",
        call_id: "d",
        output: [{ type: "input_text", text: "fine" }],
      },
      { type: "local_shell_call", call_id: "e", action: { command: ["ls"] } },
      { type: "mcp_call", id: "m", name: "echo", arguments: "{}", output: "out", error: null },
      { type: "compaction", encrypted_content: "E" },
      { type: "item_reference", id: "x" },
      { role: "assistant", content: "done" },
    ],
    tools: [
      { type: "function", name: "ls", parameters: {} },
      { type: "web_search" },
      { type: "namespace", name: "n", tools: [{ type: "function", name: "inner" }] },
      { type: "mcp", server_label: "srv" },
    ],
  });
  assert.deepEqual(lines(normal.messages), [
    "instructions.null system: be good",
    "input.0 user: hi | [image image/png 3 null] | [document null null f]",
    "input.1 assistant: (sealed)",
    "input.2 assistant: ls({})#c",
    "input.3 tool: =ok#c",
    "input.4 tool: =fine#d",
    'input.5 assistant: local_shell({"command":["ls"]})#e',
    "input.6 assistant: echo({})#m | =out#m",
    "input.7 assistant: (sealed)",
    "input.8 assistant: ?item_reference",
    "input.9 assistant: done",
  ]);
  assert.deepEqual(
    normal.tools.map(({ name, kind }) => `${name} ${kind}`),
    ["ls function", "web_search web_search", "inner function", "srv mcp"],
  );
  assert.deepEqual(normal.parameters, { store: false });
  assert.deepEqual(lines(request("openai.responses", { input: "hi" }).messages), [
    "input.null user: hi",
  ]);
});

test("anthropic.messages: system blocks, tool results, documents, thinking", () => {
  const normal = request("anthropic.messages", {
    model: "claude",
    max_tokens: 9,
    system: [
      { type: "text", text: "be good", cache_control: { type: "ephemeral" } },
      { type: "text", text: "be quick" },
    ],
    messages: [
      { role: "user", content: "hi" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "redacted_thinking", data: "x" },
          { type: "tool_use", id: "t", name: "ls", input: { a: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "t",
            is_error: true,
            content: [{ type: "text", text: "bad" }],
          },
        ],
      },
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "é" } },
          { type: "document", source: { type: "url", url: "https://x" } },
          { type: "container_upload", file_id: "f" },
        ],
      },
    ],
    tools: [
      { name: "ls", input_schema: { type: "object" } },
      { type: "bash_20250124", name: "bash" },
    ],
  });
  assert.deepEqual(lines(normal.messages), [
    "system.0 system: be good",
    "system.1 system: be quick",
    "messages.0 user: hi",
    'messages.1 assistant: (hm) | (sealed) | ls({"a":1})#t',
    "messages.2 tool: !bad#t",
    "messages.3 user: [image image/png 3 null] | [document text/plain 2 null] | [document null null https://x] | ?container_upload",
  ]);
  assert.deepEqual(
    normal.tools.map(({ name, kind }) => `${name} ${kind}`),
    ["ls function", "bash bash_20250124"],
  );
  assert.deepEqual(normal.parameters, { max_tokens: 9 });
  assert.deepEqual(lines(request("anthropic.messages", { system: "s" }).messages), [
    "system.null system: s",
  ]);
});

test("google.generate: camelCase and snake_case, parts of every kind", () => {
  const contents = [
    {
      role: "user",
      parts: [
        { text: "hi" },
        { inlineData: { mimeType: "image/png", data: "AAAA" } },
        { file_data: { mime_type: "video/mp4", file_uri: "gs://v" } },
      ],
    },
    {
      role: "model",
      parts: [
        { text: "hm", thought: true },
        { functionCall: { name: "ls", args: { a: 1 }, id: "f" } },
      ],
    },
    {
      role: "user",
      parts: [{ functionResponse: { name: "ls", id: "f", response: { output: "ok" } } }],
    },
    {
      role: "model",
      parts: [
        { executableCode: { language: "PYTHON", code: "1" } },
        { codeExecutionResult: { outcome: "OUTCOME_FAILED", output: "oh" } },
        { newPart: {} },
      ],
    },
  ];
  const normal = request(
    "google.generate",
    {
      system_instruction: { parts: [{ text: "be good" }] },
      contents,
      generationConfig: { temperature: 1 },
      tools: [
        { functionDeclarations: [{ name: "ls", description: "d", parameters: {} }] },
        { googleSearch: {} },
      ],
    },
    "/v1beta/models/gemini-x%3Ay:generateContent?key=1",
  );
  assert.equal(normal.model, "gemini-x:y");
  assert.deepEqual(lines(normal.messages), [
    "system_instruction.null system: be good",
    "contents.0 user: hi | [image image/png 3 null] | [video video/mp4 null gs://v]",
    'contents.1 assistant: (hm) | ls({"a":1})#f',
    "contents.2 tool: =ok#f",
    "contents.3 assistant: code_execution(1)#null | !oh#code_execution | ?newPart",
  ]);
  assert.deepEqual(
    normal.tools.map(({ name, kind }) => `${name} ${kind}`),
    ["ls function", "googleSearch googleSearch"],
  );
  const wrapped = request(
    "google.generate",
    { model: "models/g", request: { contents } },
    "/v1internal:generateContent",
  );
  assert.equal(wrapped.model, "g");
  assert.equal(wrapped.messages.length, 4);
});

test("ollama: images, thinking, tool names; a prompt with its system", () => {
  const chat = request("ollama.chat", {
    model: "l",
    options: { seed: 1 },
    messages: [
      { role: "user", content: "see", images: ["AAAA"] },
      {
        role: "assistant",
        thinking: "hm",
        content: "",
        tool_calls: [{ function: { name: "ls", arguments: { a: 1 } } }],
      },
      { role: "tool", tool_name: "ls", content: "ok" },
    ],
  });
  assert.deepEqual(lines(chat.messages), [
    "messages.0 user: see | [image null 3 null]",
    'messages.1 assistant: (hm) | ls({"a":1})#null',
    "messages.2 tool: =ok#ls",
  ]);
  const prompt = request("ollama.generate", { model: "l", system: "s", prompt: "p" });
  assert.deepEqual(lines(prompt.messages), ["system.null system: s", "prompt.null user: p"]);
});

test("bedrock.converse: blocks, tool results, cache points are no tools", () => {
  const normal = request(
    "bedrock.converse",
    {
      system: [{ text: "be good" }],
      messages: [
        {
          role: "user",
          content: [
            { text: "hi" },
            { image: { format: "png", source: { bytes: "AAAA" } } },
            { document: { format: "pdf", source: { s3Location: { uri: "s3://d" } } } },
          ],
        },
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "hm" } } },
            { toolUse: { toolUseId: "t", name: "ls", input: {} } },
          ],
        },
        {
          role: "user",
          content: [
            {
              toolResult: {
                toolUseId: "t",
                status: "error",
                content: [{ text: "bad" }, { json: { a: 1 } }],
              },
            },
          ],
        },
      ],
      toolConfig: {
        tools: [
          { toolSpec: { name: "ls", inputSchema: { json: { type: "object" } } } },
          { cachePoint: { type: "default" } },
        ],
      },
      inferenceConfig: { maxTokens: 1 },
    },
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.m-v1%3A0/converse",
  );
  assert.equal(normal.model, "us.m-v1:0");
  assert.deepEqual(lines(normal.messages), [
    "system.0 system: be good",
    "messages.0 user: hi | [image image/png 3 null] | [document application/pdf null s3://d]",
    "messages.1 assistant: (hm) | ls({})#t",
    'messages.2 tool: !bad\n{"a":1}#t',
  ]);
  assert.deepEqual(normal.tools, [
    { name: "ls", description: "", schema: { type: "object" }, kind: "function" },
  ]);
  assert.deepEqual(normal.parameters, { inferenceConfig: { maxTokens: 1 } });
});

test("bedrock.invoke: each family in its own shape", () => {
  const families: [unknown, string[]][] = [
    [
      { anthropic_version: "b", system: "s", messages: [{ role: "user", content: "hi" }] },
      ["system.null system: s", "messages.0 user: hi"],
    ],
    [{ messages: [{ role: "user", content: [{ text: "hi" }] }] }, ["messages.0 user: hi"]],
    [{ messages: [{ role: "user", content: "hi" }] }, ["messages.0 user: hi"]],
    [
      { message: "hi", chat_history: [{ role: "CHATBOT", message: "yo" }] },
      ["chat_history.0 assistant: yo", "message.null user: hi"],
    ],
    [{ prompt: "hi" }, ["prompt.null user: hi"]],
    [{ inputText: "hi" }, ["inputText.null user: hi"]],
  ];
  for (const [body, expected] of families) {
    assert.deepEqual(lines(request("bedrock.invoke", body).messages), expected);
  }
  const answers: [unknown, string][] = [
    [
      { type: "message", role: "assistant", content: [{ type: "text", text: "x" }] },
      "content.null assistant: x",
    ],
    [{ completion: "x", stop_reason: "stop" }, "completion.null assistant: x"],
    [{ results: [{ outputText: "x" }] }, "results.0 assistant: x"],
    [{ generation: "x" }, "generation.null assistant: x"],
    [{ outputs: [{ text: "x" }] }, "outputs.0 assistant: x"],
    [{ generations: [{ text: "x" }] }, "generations.0 assistant: x"],
    [{ completions: [{ data: { text: "x" } }] }, "completions.0 assistant: x"],
    [
      { output: { message: { role: "assistant", content: [{ text: "x" }] } } },
      "output.null assistant: x",
    ],
    [{ choices: [{ message: { role: "assistant", content: "x" } }] }, "choices.0 assistant: x"],
  ];
  for (const [body, expected] of answers) {
    assert.deepEqual(lines(normaliseResponse("bedrock.invoke", body)), [expected]);
  }
});

test("cohere.chat: both versions", () => {
  const v1 = request("cohere.chat", {
    preamble: "be good",
    chat_history: [
      { role: "USER", message: "a" },
      { role: "CHATBOT", message: "b" },
    ],
    message: "c",
    tools: [{ name: "ls", description: "d", parameter_definitions: { p: {} } }],
    tool_results: [{ call: { name: "ls" }, outputs: [{ text: "ok" }] }],
  });
  assert.deepEqual(lines(v1.messages), [
    "preamble.null system: be good",
    "chat_history.0 user: a",
    "chat_history.1 assistant: b",
    "message.null user: c",
    "tool_results.null tool: =ok#ls",
  ]);
  assert.deepEqual(v1.tools[0], {
    name: "ls",
    description: "d",
    schema: { p: {} },
    kind: "function",
  });
  const answer = {
    message: {
      role: "assistant",
      tool_plan: "hm",
      tool_calls: [{ id: "t", function: { name: "ls", arguments: "{}" } }],
    },
  };
  assert.deepEqual(lines(normaliseResponse("cohere.chat", answer)), [
    "message.null assistant: (hm) | ls({})#t",
  ]);
});

test("embeddings, completions, images, audio, interactions", () => {
  assert.deepEqual(lines(request("embeddings", { input: ["a", "b"] }).messages), [
    "input.0 user: a",
    "input.1 user: b",
  ]);
  assert.deepEqual(lines(request("embeddings", { input: [1, 2] }).messages), [
    "input.null user: ?tokens",
  ]);
  assert.deepEqual(
    lines(request("embeddings", { requests: [{ content: { parts: [{ text: "a" }] } }] }).messages),
    ["requests.0 user: a"],
  );
  assert.deepEqual(lines(request("openai.completions", { prompt: ["a", [1]] }).messages), [
    "prompt.0 user: a",
    "prompt.1 user: ?tokens",
  ]);
  assert.deepEqual(
    lines(
      request("images", {
        prompt: "cat",
        image: { filename: "a.png", type: "image/png", bytes: 5 },
      }).messages,
    ),
    ["prompt.null user: cat | [image image/png 5 a.png]"],
  );
  assert.deepEqual(
    lines(
      normaliseResponse("images", {
        data: [{ b64_json: "AAAA" }, { url: "https://x" }],
        output_format: "png",
      }),
    ),
    ["data.0 assistant: [image image/png 3 null]", "data.1 assistant: [image null null https://x]"],
  );
  assert.deepEqual(lines(request("audio", { input: "say", instructions: "softly" }).messages), [
    "input.null user: softly | say",
  ]);
  const interaction = {
    system_instruction: "s",
    input: [
      { role: "user", content: [{ type: "text", text: "a" }] },
      { type: "function_result", call_id: "c", result: "ok" },
    ],
  };
  assert.deepEqual(lines(request("google.interactions", interaction).messages), [
    "system_instruction.null system: s",
    "input.0 user: a",
    "input.1 tool: =ok#c",
  ]);
});

test("what is no request gives an empty form", () => {
  const empty = { model: null, messages: [], tools: [], parameters: {} };
  assert.deepEqual(request("tomorrow", { messages: [1] }), empty);
  for (const body of [undefined, null, 1, "x", []]) {
    const normal = request("anthropic.messages", body);
    assert.deepEqual(normal, empty);
    assert.deepEqual(normaliseResponse("openai.chat", body), []);
  }
});

test("turns that share the very tools share what these are; others do not", () => {
  const tool = (name: string) => ({ type: "function", function: { name, parameters: {} } });
  const tools = [tool("a"), tool("b")];
  const toolsOf = (body: object) => normaliseRequest("openai.chat", body, "").tools;
  const first = toolsOf({ tools });
  assert.equal(toolsOf({ tools: [...tools] }), first);
  assert.deepEqual(
    [
      { tools: [tools[0]] },
      { tools: [...tools, tool("c")] },
      { tools: [tools[1], tools[0]] },
      { tools: [tools[0]], functions: [{ name: "f" }] },
      {},
      { tools },
    ].map((body) => toolsOf(body).map(({ name }) => name)),
    [["a"], ["a", "b", "c"], ["b", "a"], ["a", "f"], [], ["a", "b"]],
  );
  assert.deepEqual(
    first.map(({ name }) => name),
    ["a", "b"],
  );
});
