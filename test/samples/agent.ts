/**
 * A very small coding agent, driven by the official openai client: the loop that every such agent
 * has (send history and tools, run the tool that the model names, send again), and one bug that
 * real agents have had: after a switch of mode it no longer sends its tools.
 */
import type OpenAI from "openai";

type Message = OpenAI.Chat.Completions.ChatCompletionMessageParam;

const parameters = (properties: Record<string, object>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const tool = (name: string, description: string, properties: Record<string, object>) => ({
  type: "function" as const,
  function: { name, description, parameters: parameters(properties) },
});

/** The tools of the story. */
export const TOOLS = [
  tool("list_files", "List the files below a folder of the project.", {
    folder: { type: "string", description: "Folder, relative to the project." },
  }),
  tool("read_file", "Read a text file of the project.", {
    path: { type: "string", description: "Path, relative to the project." },
  }),
  tool("edit_file", "Replace one passage of a file by another. The passage must occur once.", {
    path: { type: "string", description: "Path, relative to the project." },
    find: { type: "string", description: "The passage, exactly as it stands in the file." },
    replace: { type: "string", description: "What takes its place." },
  }),
  tool("run_tests", "Run the project's tests and return what they print.", {
    pattern: { type: "string", description: "Only tests whose name contains this." },
  }),
];

const PARSER = `// Reads dates as people write them in our order forms: 2026-03-31.
export function parseDate(text) {
  const [year, month, day] = text.split("-").map(Number);
  return new Date(year, month, day);
}
`;

const RESULTS: Record<string, string> = {
  list_files: "package.json\nREADME.md\nsrc/parse-date.js\nsrc/orders.js\ntest/parse-date.test.js",
  read_file: PARSER,
  edit_file: "1 passage replaced in src/parse-date.js",
  run_tests:
    "not ok 1 - parse-date reads the last day of a month\n" +
    "  expected: 2026-03-31T00:00:00.000Z\n  actual:   2026-05-01T00:00:00.000Z\n# tests 4\n# pass 3\n# fail 1",
};

const RULES = `You are a careful coding agent. You work in the user's project through the tools you are given.

Rules:
1. Read before you change. Never guess what a file holds.
2. Make the smallest change that mends the fault, and keep the style of the file.
3. After every change run the tests, and say what they print.
4. When a test fails twice for the same reason, stop and explain what you tried.
5. Do not touch files outside the project, do not install packages, do not use the network.
6. Answer in the language of the user. Be brief: one or two sentences before each tool call.

The project is a small order form written in plain JavaScript for Node. Its tests are run with node --test.
Dates are written as year, month and day with hyphens; they mean midnight in UTC. Amounts are integers in cents.`;

/** What the agent does wrong, and when; turns are counted from 1. */
export interface Bugs {
  /** From this turn on a date stands at the head of the system prompt (it breaks the prompt cache). */
  dateFromTurn: number;
  /** From this turn on the tools are no longer sent. */
  noToolsFromTurn: number;
}

/** Plays the story: the user's task, the tool loop, and the user's two complaints. */
export async function playAgent(client: OpenAI, bugs: Bugs): Promise<void> {
  const history: Message[] = [
    {
      role: "user",
      content: "The test of parse-date fails on the last day of a month. Please mend it.",
    },
  ];
  const complaints = ["You have tools, do it yourself.", "Once more: do it yourself, please!"];
  const today = new Date().toISOString().slice(0, 10);
  for (let turn = 1; turn <= 8; turn++) {
    const system = turn >= bugs.dateFromTurn ? `Today is ${today}.\n\n${RULES}` : RULES;
    const answer = await client.chat.completions
      .stream({
        model: "sample/careful-1",
        messages: [{ role: "system", content: system }, ...history],
        ...(turn < bugs.noToolsFromTurn ? { tools: TOOLS } : {}),
        temperature: 0.2,
        stream_options: { include_usage: true },
      })
      .finalChatCompletion();
    const message = answer.choices[0]!.message;
    const calls = message.tool_calls ?? [];
    history.push({
      role: "assistant",
      content: message.content,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    });
    for (const call of calls) {
      if (call.type !== "function") continue;
      history.push({
        role: "tool",
        tool_call_id: call.id,
        content: RESULTS[call.function.name] ?? "unknown tool",
      });
    }
    if (calls.length === 0) {
      const complaint = complaints.shift();
      if (complaint === undefined) return;
      history.push({ role: "user", content: complaint });
    }
  }
}
