/**
 * Rules about the answer and about calls that failed.
 *
 * What always holds: they speak of LLM calls only, and not about an answer that was not understood.
 */
import { messageText } from "../diff/messages.ts";
import { type Rule, type Scene, type TurnView, text } from "./model.ts";
import { compareModels } from "./model-names.ts";
import { atAnswer, atExchange, atParameter } from "./places.ts";

const CUT = /^(length|max_tokens|max_output_tokens|model_length|model_context_window_exceeded)$/i;
/** Characters of an error that a finding quotes. */
const REASON_CHARS = 160;
const USUAL =
  /^(stop|end_turn|tool_calls?|tool_use|function_call|stop_sequence|completed?|eos|eos_token|end|pause_turn|finished|done|stop_token)$/i;

/** Whether a whole answer to a conversation came. */
function answered({ outcome, status, llm, error }: TurnView): boolean {
  if (llm === null || error !== null || llm.operation === "count_tokens") return false;
  return outcome === "complete" && status !== null && status >= 200 && status < 300;
}

export const maxTokens: Rule = {
  id: "max-tokens",
  severity: "warning",
  title: text("Answer cut at the token limit", "回答因達到上限而中斷"),
  test({ turn }) {
    if (!answered(turn)) return [];
    const reason = turn.llm?.finish_reasons.find((name) => CUT.test(name));
    if (reason === undefined) return [];
    const out = turn.llm?.usage?.output_tokens;
    const said = text(
      `The model stopped because it had reached the allowed number of tokens${out === undefined ? "" : ` (${out})`}, not because it was done.`,
      `模型停下是因為達到允許的詞元數${out === undefined ? "" : `（${out}）`}，不是因為說完了。`,
    );
    return [{ text: said, evidence: [atAnswer(turn, tail(turn))] }];
  },
};

/** The last words: there the cut shows. */
function tail({ answer }: TurnView): string {
  const whole = answer.map((message) => messageText(message)).join("\n");
  return whole.length > 120 ? `…${whole.slice(-120)}` : whole;
}

const TALKS = new Set(["chat", "generate_content", "text_completion"]);

export const emptyAnswer: Rule = {
  id: "empty-answer",
  severity: "error",
  title: text("Empty answer", "空白的回答"),
  test({ turn }) {
    if (!answered(turn) || !TALKS.has(turn.llm!.operation)) return [];
    if ((turn.llm?.notes?.length ?? 0) > 0 || turn.answer.length === 0) return [];
    if (turn.llm!.finish_reasons.some((name) => CUT.test(name) || !USUAL.test(name))) return [];
    const pieces = turn.answer.flatMap((message) => message.pieces);
    const told = pieces.some(
      (piece) => piece.kind !== "reasoning" && !(piece.kind === "text" && piece.text.trim() === ""),
    );
    if (told) return [];
    const thought = pieces.some(({ kind }) => kind === "reasoning");
    const said = thought
      ? text(
          "The model reasoned, and then said nothing and called no tool.",
          "模型只有推理，之後什麼都沒說，也沒有呼叫工具。",
        )
      : text(
          "The call succeeded, and the answer holds no text and no tool call.",
          "呼叫成功，但回答沒有文字，也沒有工具呼叫。",
        );
    return [{ text: said, evidence: [atAnswer(turn, turn.llm!.finish_reasons.join(", "))] }];
  },
};

export const oddStop: Rule = {
  id: "odd-stop",
  severity: "warning",
  title: text("Odd stop reason", "不尋常的停止原因"),
  test({ turn }) {
    if (!answered(turn) || !TALKS.has(turn.llm!.operation)) return [];
    const odd = turn.llm!.finish_reasons.filter((name) => !USUAL.test(name) && !CUT.test(name));
    if (odd.length > 0) {
      const names = odd.join(", ");
      const said = text(
        `The model stopped with “${names}”: not an ordinary end. A filter, a refusal or a fault lies behind it.`,
        `模型以「${names}」停止，並非正常結束，背後可能是過濾、拒絕或故障。`,
      );
      return [{ text: said, evidence: [atAnswer(turn, names)] }];
    }
    if (!turn.llm!.stream || turn.llm!.finish_reasons.length > 0 || turn.answer.length === 0)
      return [];
    const said = text(
      "The stream ended without saying why the model stopped: it may have been cut.",
      "串流結束時沒有說明模型為何停止，內容可能被截斷。",
    );
    return [{ text: said, evidence: [atAnswer(turn, null)], severity: "notice" }];
  },
};

export const otherModel: Rule = {
  id: "other-model",
  severity: "error",
  title: text("Served by another model than asked for", "回答的不是所要求的模型"),
  test({ turn }) {
    const [asked, served] = [turn.llm?.model ?? null, turn.llm?.served_model ?? null];
    // A deployment or a list of fallbacks bears names of its own.
    if (asked === null || served === null || turn.url.includes("/deployments/")) return [];
    const listed = turn.request.parameters.models;
    const allowed = [
      asked,
      ...(Array.isArray(listed) ? listed.filter((name) => typeof name === "string") : []),
    ];
    const likeness = allowed.map((name) => compareModels(name, served));
    if (likeness.includes("same")) return [];
    const evidence = [atParameter(turn, "model", asked, served)];
    if (likeness.includes("alias")) {
      const said = text(
        `${asked} was asked for; ${served} answered. It may be what the provider means by that name.`,
        `要求的是 ${asked}，回答的是 ${served}；這可能就是供應商對該名稱的解釋。`,
      );
      return [{ text: said, evidence, severity: "notice" }];
    }
    const said = text(
      `${asked} was asked for; ${served} answered.`,
      `要求的是 ${asked}，回答的是 ${served}。`,
    );
    return [{ text: said, evidence }];
  },
};

export const otherProvider: Rule = {
  id: "other-provider",
  severity: "warning",
  title: text("Served by another provider than asked for", "服務的不是所要求的供應商"),
  test({ turn }) {
    const wish = turn.request.parameters.provider as
      | { only?: unknown; order?: unknown; allow_fallbacks?: unknown }
      | undefined;
    const served = turn.llm?.served_by ?? null;
    if (typeof wish !== "object" || wish === null || served === null) return [];
    const list = Array.isArray(wish.only)
      ? wish.only
      : wish.allow_fallbacks === false
        ? wish.order
        : null;
    if (!Array.isArray(list) || list.length === 0) return [];
    const names = list.filter((name) => typeof name === "string");
    if (names.some((name) => slug(name) === slug(served))) return [];
    const said = text(
      `Only ${names.join(", ")} was allowed; ${served} served.`,
      `只允許 ${names.join("、")}，實際由 ${served} 提供。`,
    );
    return [{ text: said, evidence: [atParameter(turn, "provider", names.join(", "), served)] }];
  },
};

const slug = (name: string): string =>
  (name.split("/")[0] ?? "").toLowerCase().replace(/[^a-z0-9]/g, "");

export const failed: Rule = {
  id: "failed",
  severity: "error",
  title: text("Call failed", "呼叫失敗"),
  test({ turn }) {
    const { outcome, status, error } = turn;
    if (outcome === "client_aborted") {
      const said = text("The client broke the answer off.", "客戶端中斷了回答。");
      return [{ text: said, evidence: [atExchange(turn, error)], severity: "notice" }];
    }
    if (outcome !== "complete") {
      const said = text(`No whole answer came: ${outcome}.`, `沒有完整的回答：${outcome}。`);
      return [{ text: said, evidence: [atExchange(turn, error)] }];
    }
    if (status !== null && status >= 400) {
      const why = error === null ? null : firstWords(error);
      const said = text(
        `The provider answered with status ${status}${why === null ? "." : `: ${why}`}`,
        `供應商以狀態 ${status} 回應${why === null ? "。" : `：${why}`}`,
      );
      return [{ text: said, evidence: [atAnswer(turn, error)] }];
    }
    if (error === null) return [];
    const why = firstWords(error);
    const said = text(
      `The answer is an error though its status says success: ${why}`,
      `狀態顯示成功，內容卻是錯誤：${why}`,
    );
    return [{ text: said, evidence: [atAnswer(turn, error)] }];
  },
};

/** What an error says, short enough for a list; the evidence has it whole. */
function firstWords(error: string): string {
  const line = error.trim().split(/[\r\n]/, 1)[0] ?? "";
  const characters = [...line];
  return characters.length > REASON_CHARS ? `${characters.slice(0, REASON_CHARS).join("")}…` : line;
}

/** So many equal requests before this one, within so long, are a storm. */
const STORM_COUNT = 3;
const STORM_MS = 600_000;

export const retryStorm: Rule = {
  id: "retry-storm",
  severity: "warning",
  title: text("Retry storm", "重試風暴"),
  test({ turn, repeats }: Scene) {
    const now = Date.parse(turn.started);
    const near = repeats.filter(({ started }) => now - Date.parse(started) <= STORM_MS);
    // Told once, when it becomes one.
    if (near.length !== STORM_COUNT) return [];
    const seconds = Math.round((now - Date.parse(near[0]!.started)) / 1000);
    const said = text(
      `The same request was sent ${near.length + 1} times within ${seconds} seconds.`,
      `同一個請求在 ${seconds} 秒內送出了 ${near.length + 1} 次。`,
    );
    return [
      {
        text: said,
        evidence: [...near, turn].map((x) =>
          atExchange(x, x.error ?? String(x.status ?? x.outcome)),
        ),
      },
    ];
  },
};
