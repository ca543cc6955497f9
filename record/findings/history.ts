/**
 * Rules about what the model was told differently than in the turn before: system prompt, tools,
 * history.
 *
 * What always holds: they speak of turns that go on from another one only; an agent, a side call, a
 * branch by the user's hand and a request whose history is not at hand are no changes.
 */
import { messageText } from "../diff/messages.ts";
import { type Rule, type Scene, text } from "./model.ts";
import { atMessage, atSystem, atTool } from "./places.ts";

/** Whether this turn should say what the turn before it said, and more. */
export function goesOn({ turn, before, diff }: Scene): boolean {
  if (before === null || diff === null) return false;
  if (turn.missing !== before.missing) return false;
  return turn.relation === "next" || turn.relation === "rewritten" || turn.relation === "branch";
}

export const systemChanged: Rule = {
  id: "system-changed",
  severity: "warning",
  title: text("System prompt changed in mid-session", "系統提示在對話中途改變"),
  test(scene) {
    const change = scene.diff?.system;
    if (!goesOn(scene) || !change) return [];
    const [old, now] = change.words.reduce(
      ([removed, added], { kind, text: words }) => [
        kind === "removed" ? removed + words : removed,
        kind === "added" ? added + words : added,
      ],
      ["", ""],
    );
    const evidence = [atSystem(scene.turn, old || null, now || null)];
    if (change.volatile) {
      const said = text(
        "A date, a time or an id in the system prompt changed. The model hardly minds; the prompt cache does.",
        "系統提示裡的日期、時間或識別碼變了。模型幾乎不受影響，但提示快取會失效。",
      );
      return [{ text: said, evidence, severity: "notice" }];
    }
    const said = text(
      "The instructions are not those of the turn before. What the model does from here on may differ for that reason alone.",
      "這一輪的指示和前一回合不同。模型之後的表現可能只因此而改變。",
    );
    return [{ text: said, evidence }];
  },
};

export const toolSchemaChanged: Rule = {
  id: "tool-schema-changed",
  severity: "warning",
  title: text("Tool changed in mid-session", "工具定義在對話中途改變"),
  test(scene) {
    if (!goesOn(scene)) return [];
    return scene
      .diff!.tools.filter(({ change }) => change === "changed")
      .map(({ name, after, properties }) => {
        const paths = properties.map(({ path }) => path).join(", ");
        return {
          text: text(
            `The tool ${name} is defined otherwise than in the turn before: ${paths}.`,
            `工具 ${name} 的定義和前一回合不同：${paths}。`,
          ),
          evidence: properties.map((value) => atTool(scene.turn, after, value.before, value.after)),
        };
      });
  },
};

export const toolsMissing: Rule = {
  id: "tools-missing",
  severity: "warning",
  title: text("Tools missing that the conversation had", "少了對話原本有的工具"),
  test(scene) {
    if (!goesOn(scene)) return [];
    const gone = scene.diff!.tools.filter(({ change }) => change === "removed");
    if (gone.length === 0) return [];
    const names = gone.map(({ name }) => name).join(", ");
    const evidence = gone.map(({ name }) => atTool(scene.turn, null, name, null));
    const all = scene.turn.request.tools.length === 0;
    const used = gone.some(({ name }) => scene.past.some((turn) => calls(turn, name)));
    const said = all
      ? text(
          `No tools are offered any more. The turn before offered ${names}. The model can only talk from here on.`,
          `不再提供任何工具。前一回合還有 ${names}。從這裡起模型只能說話。`,
        )
      : text(
          `These tools were offered in the turn before and are gone: ${names}.`,
          `前一回合還有、這一輪不見的工具：${names}。`,
        );
    return [{ text: said, evidence, severity: all || used ? "error" : "warning" }];
  },
};

const calls = (turn: Scene["turn"], name: string): boolean =>
  turn.llm?.tool_calls.includes(name) ?? false;

export const historyCut: Rule = {
  id: "history-cut",
  severity: "warning",
  title: text("History cut", "歷史訊息被刪減"),
  test(scene) {
    const { turn, before, diff } = scene;
    if (before === null || diff === null) return [];
    if (turn.relation === "compaction") {
      const said = text(
        `The history of ${before.request.messages.length} messages was replaced by ${turn.request.messages.length}. The model knows the rest only as far as these say it.`,
        `原本 ${before.request.messages.length} 則的歷史被換成 ${turn.request.messages.length} 則，其餘內容模型只能從這些得知。`,
      );
      return [
        {
          text: said,
          evidence: [atMessage(turn, firstTalk(turn), null, head(turn))],
          severity: "notice",
        },
      ];
    }
    if (!goesOn(scene) || turn.relation === "branch") return [];
    const gone = diff.messages.filter(
      ({ change, role }) => change === "removed" && role !== "system",
    );
    if (gone.length === 0) return [];
    const first = before.request.messages[gone[0]!.before!]!;
    const said = text(
      `${gone.length} earlier messages are no longer sent; the model does not know them any more.`,
      `有 ${gone.length} 則先前的訊息不再送出，模型已經看不到它們。`,
    );
    return [
      { text: said, evidence: [atMessage(before, gone[0]!.before!, messageText(first), null)] },
    ];
  },
};

function firstTalk(turn: Scene["turn"]): number {
  return Math.max(
    0,
    turn.request.messages.findIndex(({ role }) => role !== "system"),
  );
}

function head(turn: Scene["turn"]): string | null {
  const message = turn.request.messages[firstTalk(turn)];
  return message === undefined ? null : messageText(message);
}
