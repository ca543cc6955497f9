/**
 * The rules about the prompt cache: broken, and by what; or missed though the prompt only grew.
 *
 * What always holds: what the provider reported counts before any estimate, and a prompt too short
 * to be cached anywhere is no finding unless the provider itself reported a loss.
 */
import type { Break, BreakReason, CacheVerdict } from "../diff/model.ts";
import { goesOn } from "./history.ts";
import { type Evidence, type Rule, type Scene, type Text, text } from "./model.ts";
import { atExchange, atMessage, atParameter, atSystem, atTool } from "./places.ts";

/** No provider caches a shorter prompt. */
const CACHEABLE_TOKENS = 1024;

const CAUSES: Record<Break, Text> = {
  "model-changed": text("the model changed", "換了模型"),
  "tools-added": text("a tool was added", "增加了工具"),
  "tools-removed": text("a tool was removed", "移除了工具"),
  "tools-reordered": text("the tools came in another order", "工具順序改變"),
  "tool-schema-changed": text("a tool is defined otherwise", "工具定義改變"),
  "system-changed": text("the system prompt changed", "系統提示改變"),
  "system-timestamp": text(
    "a date or time in the system prompt changed",
    "系統提示裡的日期或時間改變",
  ),
  "message-rewritten": text("an earlier message was rewritten", "先前的訊息被改寫"),
  "message-timestamp": text(
    "a date or time in an earlier message changed",
    "先前訊息裡的日期或時間改變",
  ),
  "message-inserted": text("a message was slipped in between", "中間插入了訊息"),
  "messages-removed": text("earlier messages were removed", "先前的訊息被移除"),
  "messages-reordered": text("messages came in another order", "訊息順序改變"),
  "reasoning-changed": text("earlier reasoning changed", "先前的推理內容改變"),
  "parameter-changed": text("a parameter that is part of the prompt changed", "屬於提示的參數改變"),
};

export const cacheBroken: Rule = {
  id: "cache-broken",
  severity: "warning",
  title: text("Prompt cache broken", "提示快取失效"),
  test(scene) {
    const { diff, turn } = scene;
    if (!goesOn(scene) || diff === null || diff.cache.state !== "broken") return [];
    const { paidAgainTokens: paid, source } = diff.cache;
    if (paid === 0 || paid === null) return [];
    if (source === "estimate" && diff.before.tokens < CACHEABLE_TOKENS) return [];
    // A branch replaces the newest message at least; only what lies before it is a loss.
    if (turn.relation === "branch" && onlyNewest(scene)) return [];
    const causes = [...new Set(diff.cache.reasons.map(({ kind }) => kind))].map(
      (kind) => CAUSES[kind],
    );
    const cost = costOf(diff.cache);
    const said = text(
      `The provider could not reuse the prompt of the turn before: ${causes.map(({ en }) => en).join("; ")}. ${cost.en}`,
      `供應商無法沿用前一回合的提示：${causes.map((cause) => cause["zh-Hant"]).join("；")}。${cost["zh-Hant"]}`,
    );
    return [
      { text: said, evidence: diff.cache.reasons.map((reason) => evidenceOf(scene, reason)) },
    ];
  },
};

export const cacheMissed: Rule = {
  id: "cache-missed",
  severity: "notice",
  title: text("Prompt cache not used", "提示快取沒有命中"),
  test({ diff, turn }) {
    if (diff?.cache.state !== "missed") return [];
    const minutes = Math.round(diff.cache.gapMs / 60_000);
    const cost = costOf(diff.cache);
    const said = text(
      `The prompt only grew, yet the provider read little of it from its cache, ${minutes} minutes after the turn before. ${cost.en}`,
      `提示只有增加，供應商卻幾乎沒有從快取讀取；距前一回合 ${minutes} 分鐘。${cost["zh-Hant"]}`,
    );
    const { reportedRead } = diff.cache;
    return [
      { text: said, evidence: [atExchange(turn, `cache_read_input_tokens: ${reportedRead}`)] },
    ];
  },
};

function costOf({ paidAgainTokens: paid, source }: CacheVerdict): Text {
  if (paid === null) return text("", "");
  const tokens = paid.toLocaleString("en");
  return source === "reported"
    ? text(
        `${tokens} tokens were paid in full again, by the provider's own count.`,
        `依供應商自己的統計，${tokens} 個詞元重新以全價計費。`,
      )
    : text(
        `About ${tokens} tokens (an estimate from sizes) had to be read anew.`,
        `約 ${tokens} 個詞元（依大小估計）必須重新處理。`,
      );
}

function onlyNewest({ diff, before }: Scene): boolean {
  const newest = (before?.request.messages.length ?? 0) - 1;
  const parted = diff?.divergence;
  return parted?.section === "messages" && parted.position >= newest;
}

function evidenceOf({ turn, before: earlier }: Scene, reason: BreakReason): Evidence {
  const { before, after, at } = reason;
  if (reason.place.startsWith("tools[")) {
    // What is gone stands in the turn before only.
    const gone = at.after === null && earlier !== null;
    return atTool(gone ? earlier : turn, gone ? at.before : at.after, before, after);
  }
  if (reason.kind === "parameter-changed" || reason.kind === "model-changed") {
    return atParameter(turn, reason.place, before, after);
  }
  if (at.after !== null) return atMessage(turn, at.after, before, after);
  if (at.before !== null && earlier !== null) return atMessage(earlier, at.before, before, after);
  return reason.place === "system"
    ? atSystem(turn, before, after)
    : atExchange(turn, reason.detail);
}
