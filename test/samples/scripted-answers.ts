/**
 * What the scripted model says: one pure function from a request body to an answer.
 *
 * The rule that makes the agent story honest: the model asks for a tool only where the request
 * offers that tool. When the agent forgets to send its tools, the model can but talk.
 */

export interface Call {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

export interface Plan {
  text: string;
  calls: Call[];
  servedModel: string;
  error?: { status: number; body: object };
}

interface ChatBody {
  model: string;
  messages: { role: string; content?: unknown }[];
  tools?: { function?: { name: string } }[];
}

/** Decides the answer from what the request holds. */
export function planAnswer(body: ChatBody): Plan {
  const last = body.messages.at(-1);
  const asked = body.messages.filter((message) => message.role === "user");
  if (body.model === "sample/overloaded-1") return overloaded();
  if (textOf(last).includes("history of the lighthouse")) return plain(body, LIGHTHOUSE);
  if (asked.some((message) => textOf(message).includes("週末"))) return weekend(body, asked.length);
  return repairStep(body);
}

function textOf(message: { content?: unknown } | undefined): string {
  return typeof message?.content === "string"
    ? message.content
    : JSON.stringify(message?.content ?? "");
}

const plain = (body: ChatBody, text: string): Plan => ({
  text,
  calls: [],
  servedModel: body.model,
});

function overloaded(): Plan {
  return {
    text: "",
    calls: [],
    servedModel: "sample/overloaded-1",
    error: {
      status: 429,
      body: {
        message: "Rate limit reached: 3 requests per minute. Try again in 20 seconds.",
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
      },
    },
  };
}

/** The order in which a sensible agent mends the test, one tool call a turn. */
const STEPS: { says: string; tool: string; arguments: Record<string, unknown> }[] = [
  { says: "Let me look at the project first.", tool: "list_files", arguments: { folder: "." } },
  {
    says: "The failing test names the parser, so I read it.",
    tool: "read_file",
    arguments: { path: "src/parse-date.js" },
  },
  { says: "Now the test that fails.", tool: "run_tests", arguments: { pattern: "parse-date" } },
  {
    says: "Months are counted from zero there. I mend that line.",
    tool: "edit_file",
    arguments: {
      path: "src/parse-date.js",
      find: "new Date(year, month, day)",
      replace: "new Date(Date.UTC(year, month - 1, day))",
    },
  },
  { says: "I run the tests again.", tool: "run_tests", arguments: { pattern: "parse-date" } },
];

function repairStep(body: ChatBody): Plan {
  const done = body.messages.filter((message) => message.role === "tool").length;
  const step = STEPS[done];
  const offered = (body.tools ?? []).map((tool) => tool.function?.name);
  const nagged = body.messages.filter((message) =>
    textOf(message).includes("do it yourself"),
  ).length;
  // A provider under load may answer with another model; this one does so on the second complaint.
  const servedModel = nagged >= 2 ? "sample/careful-1-mini" : body.model;
  if (step === undefined) return { text: "The test passes now.", calls: [], servedModel };
  if (offered.includes(step.tool)) {
    const call = { id: `call_${String(done + 1)}`, name: step.tool, arguments: step.arguments };
    return { text: step.says, calls: [call], servedModel };
  }
  const excuses = [
    "I cannot change files from here. Please open src/parse-date.js and replace " +
      "`new Date(year, month, day)` by `new Date(Date.UTC(year, month - 1, day))`, then run the tests.",
    "I am sorry, I have no way to edit files in this conversation. The change is the one I named above.",
    "As I said, please make the change by hand.",
  ];
  return { text: excuses[Math.min(nagged, excuses.length - 1)]!, calls: [], servedModel };
}

const WEEKEND = [
  "好的。台北週末若下雨，可以去故宮博物院，館內展品多，半天剛好；中午在附近吃牛肉麵，下午再到誠品書店。",
  "帶六歲的孩子，我會改成國立臺灣科學教育館：有親手操作的展區，雨天不受影響，旁邊的兒童新樂園放晴了也能去。",
  "預算大約是：門票大人一百元、小孩七十元，午餐三人六百元，交通兩百元，合計一千一百元左右。祝你們玩得開心！",
];

function weekend(body: ChatBody, turn: number): Plan {
  return plain(body, WEEKEND[Math.min(turn, WEEKEND.length) - 1]!);
}

const LIGHTHOUSE =
  "The lighthouse was built in 1871 on the northern cape. " +
  "Its first lamp burned rapeseed oil and was seen for fourteen miles. " +
  "Twelve keepers and their families lived there over the years, and their logbooks survive. " +
  "In 1923 the tower was wired for electricity, and the lamp was raised by six metres. " +
  "During the war it was kept dark, and fishermen steered by the church instead. " +
  "In 1986 the last keeper locked the door behind him, and a timer took over his work. ";
