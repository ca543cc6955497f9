/**
 * Whether the provider's prompt cache could be used from one request to the next, and if not, why
 * and what it cost.
 *
 * What always holds: a request that only goes on is never called a break; moved `cache_control`
 * markers, sampling parameters and dropped reasoning are none. Figures of the provider come before
 * estimates, and where neither says anything there is no figure.
 */
import { messageText } from "./messages.ts";
import type {
  BreakReason,
  CacheVerdict,
  DiffSide,
  MessageChange,
  Pair,
  TextChange,
  ToolChange,
  ValueChange,
} from "./model.ts";
import { type Parting, systemCount } from "./prompt.ts";

export interface Changes {
  readonly system: TextChange | null;
  readonly tools: readonly ToolChange[];
  readonly parameters: readonly ValueChange[];
  readonly messages: readonly MessageChange[];
  readonly same: readonly Pair[];
  readonly parting: Parting;
}

export function cacheVerdict(before: DiffSide, after: DiffSide, changes: Changes): CacheVerdict {
  const reasons = reasonsOf(before, after, changes);
  const usage = after.llm?.usage ?? null;
  const read = usage?.cache_read_input_tokens ?? null;
  const cacheable = cacheableTokens(before);
  const gapMs = Date.parse(after.started) - Date.parse(before.started);
  const base = { reasons, reportedRead: read, gapMs };
  const none = { paidAgainTokens: null, source: null };
  // Of a request that leaves its history to the provider only what is new can be compared.
  if (unrelated(changes) || before.missing !== after.missing)
    return { ...base, reasons: [], state: "unrelated", ...none };
  if (reasons.length > 0) {
    return { ...base, state: "broken", ...paidAgain(before, changes.parting, cacheable, read) };
  }
  if (
    changes.parting.cut ||
    cacheable === null ||
    read === null ||
    cacheable < LEAST_CACHED_TOKENS
  ) {
    return { ...base, state: "kept", ...none };
  }
  // Providers cache whole blocks, so a little less than all is still all.
  if (read * 2 >= cacheable) return { ...base, state: "kept", ...none };
  return { ...base, state: "missed", paidAgainTokens: cacheable - read, source: "reported" };
}

/** No provider caches less. */
const LEAST_CACHED_TOKENS = 1024;

/** APIs whose cache holds what the client asked to be kept, and nothing else. */
const ASKED_TO_CACHE = /^(anthropic|bedrock)\./;

/** Tokens that the earlier request left in the cache; null where its usage does not tell. */
function cacheableTokens({ llm }: DiffSide): number | null {
  const usage = llm?.usage ?? null;
  const read = usage?.cache_read_input_tokens ?? 0;
  const written = usage?.cache_creation_input_tokens ?? null;
  if (written !== null && written > 0) return read + written;
  if (read > 0) return usage?.input_tokens ?? read;
  return written === 0 && ASKED_TO_CACHE.test(llm?.api ?? "") ? 0 : null;
}

function paidAgain(
  before: DiffSide,
  parting: Parting,
  cacheable: number | null,
  read: number | null,
): Pick<CacheVerdict, "paidAgainTokens" | "source"> {
  if (cacheable !== null && read !== null) {
    return { paidAgainTokens: Math.max(0, cacheable - read), source: "reported" };
  }
  const model = parting.divergence === null ? parting.beforeTokens : parting.divergence.lostTokens;
  if (read !== null && read > 0) {
    const known = before.llm?.usage?.input_tokens ?? parting.beforeTokens;
    return { paidAgainTokens: Math.max(0, known - read), source: "reported" };
  }
  return { paidAgainTokens: model, source: "estimate" };
}

function unrelated({ same, parting, messages }: Changes): boolean {
  const kin =
    same.length > 0 || messages.some(({ change }) => change !== "added" && change !== "removed");
  return !kin && (parting.divergence?.sharedTokens ?? 1) === 0;
}

/** Parameters that are written into the prompt or choose the cache, by family of API. */
const PROMPT_PARAMETERS: Record<string, RegExp> = {
  anthropic: /^(tool_choice|thinking|output_config|output_format)(\.|$)/,
  openai: /^(response_format|text\.format|prompt_cache_key)(\.|$)/,
  google: /^(toolConfig|cachedContent|generationConfig\.responseSchema)(\.|$)/,
};

function reasonsOf(before: DiffSide, after: DiffSide, changes: Changes): BreakReason[] {
  const found: BreakReason[] = [];
  const [model, now] = [before.request.model, after.request.model];
  if (model !== now) {
    const detail = `${model ?? "?"} → ${now ?? "?"}`;
    found.push({
      kind: "model-changed",
      place: "model",
      at: NOWHERE,
      detail,
      before: model,
      after: now,
    });
  }
  found.push(...toolReasons(before, after, changes));
  const family = (after.llm?.api ?? "").split(".")[0] ?? "";
  for (const { path, before: old, after: value } of changes.parameters) {
    if (!PROMPT_PARAMETERS[family]?.test(path)) continue;
    const detail = `${old ?? "unset"} → ${value ?? "unset"}`;
    const values = { detail, before: old, after: value };
    found.push({ kind: "parameter-changed", place: path, at: NOWHERE, ...values });
  }
  if (changes.system !== null) {
    const kind = changes.system.volatile ? "system-timestamp" : "system-changed";
    const at = systemPlace(before, after, changes.messages);
    found.push({ kind, place: "system", at, ...wordsOf(changes.system) });
  }
  if (changes.parting.divergence !== null && !changes.parting.cut) {
    found.push(...messageReasons(before, after, changes));
  }
  return found;
}

const NOWHERE = { before: null, after: null };

/** The first message of the leading system prompt that is not what it was. */
function systemPlace(
  before: DiffSide,
  after: DiffSide,
  messages: readonly MessageChange[],
): BreakReason["at"] {
  const changed = messages
    .filter((change) => isLeadingSystem(change, before, after))
    .sort((a, b) => (a.after ?? a.before ?? 0) - (b.after ?? b.before ?? 0));
  const first = changed.find((change) => change.after !== null) ?? changed[0];
  return first === undefined ? NOWHERE : { before: first.before, after: first.after };
}

const TOOL_KINDS = {
  added: "tools-added",
  removed: "tools-removed",
  moved: "tools-reordered",
  changed: "tool-schema-changed",
} as const;

/** In the order of the prompt; tools in another order are one reason, at the first that stands so. */
function toolReasons(before: DiffSide, after: DiffSide, { tools }: Changes): BreakReason[] {
  const found = tools.filter(({ change }) => change !== "moved").map(toolReason);
  const moved = tools.filter(({ change }) => change === "moved");
  if (moved.length > 0) {
    const gone = new Set(tools.flatMap((x) => (x.change === "removed" ? [x.before] : [])));
    const come = new Set(tools.flatMap((x) => (x.change === "added" ? [x.after] : [])));
    const old = before.request.tools.map((_, i) => i).filter((i) => !gone.has(i));
    const now = after.request.tools.map((_, i) => i).filter((i) => !come.has(i));
    const name = (side: DiffSide, at: number) => side.request.tools[at]?.name ?? "";
    const first = now.findIndex((at, i) => name(after, at) !== name(before, old[i] ?? -1));
    const at = { before: old[first] ?? null, after: now[first] ?? moved[0]!.after };
    found.push({
      kind: TOOL_KINDS.moved,
      place: `tools[${at.after ?? 0}]`,
      at,
      detail: moved.map((tool) => tool.name).join(", "),
      before: at.before === null ? null : name(before, at.before),
      after: at.after === null ? null : name(after, at.after),
    });
  }
  const order = ({ at }: BreakReason): number => at.after ?? at.before ?? 0;
  return found.sort((a, b) => order(a) - order(b));
}

function toolReason(tool: ToolChange): BreakReason {
  const paths = tool.properties.map(({ path }) => path).join(", ");
  return {
    kind: TOOL_KINDS[tool.change],
    place: `tools[${tool.after ?? tool.before ?? 0}]`,
    at: { before: tool.before, after: tool.after },
    detail: paths === "" ? tool.name : `${tool.name}: ${paths}`,
    before: tool.change === "added" ? null : tool.name,
    after: tool.change === "removed" ? null : tool.name,
  };
}

function messageReasons(
  before: DiffSide,
  after: DiffSide,
  { messages, same }: Changes,
): BreakReason[] {
  const newest = before.request.messages.length - 1;
  const lastKept = Math.max(-1, ...same.map((pair) => pair.after));
  const found: BreakReason[] = [];
  for (const change of messages) {
    const old = change.before === null ? null : before.request.messages[change.before];
    const now = change.after === null ? null : after.request.messages[change.after];
    if (change.reasoningOnly || isLeadingSystem(change, before, after)) continue;
    if (change.change === "rewritten" && change.before === newest && grown(old, now)) continue;
    if (change.change === "added" && change.after! > lastKept) continue;
    const place = change.index === null ? change.key : `${change.key}[${change.index}]`;
    const words =
      change.text === null
        ? { detail: change.role, before: lineOf(old), after: lineOf(now) }
        : wordsOf(change.text);
    const kind =
      change.change === "added"
        ? "message-inserted"
        : change.change === "removed"
          ? "messages-removed"
          : change.change === "moved"
            ? "messages-reordered"
            : change.text?.volatile
              ? "message-timestamp"
              : "message-rewritten";
    found.push({ kind, place, at: { before: change.before, after: change.after }, ...words });
  }
  return found;
}

/** The leading system prompt is compared as a whole, not message by message. */
function isLeadingSystem(change: MessageChange, before: DiffSide, after: DiffSide): boolean {
  if (change.role !== "system") return false;
  const old = change.before ?? -1;
  const now = change.after ?? -1;
  return old < systemCount(before.request.messages) && now < systemCount(after.request.messages);
}

type Said = DiffSide["request"]["messages"][number] | null | undefined;

/** The newest message, with more pieces or with its last text written on. */
function grown(old: Said, now: Said): boolean {
  if (!old || !now) return false;
  return old.pieces.every((piece, i) => {
    const other = now.pieces[i];
    if (piece.kind === "text" && other?.kind === "text" && i === old.pieces.length - 1) {
      return other.text.startsWith(piece.text);
    }
    return JSON.stringify(piece) === JSON.stringify(other);
  });
}

/** From so many changed runs on a text is another one: its first changed word would say nothing. */
const REWRITTEN_RUNS = 6;

/** The first words that changed, in a line; of a text rewritten all over, how it now goes on. */
function wordsOf(change: TextChange): Pick<BreakReason, "detail" | "before" | "after"> {
  const [first] = change.words;
  const same = first?.kind === "same" ? first.text.length : 0;
  const shown = (kind: "added" | "removed"): string | null => {
    const runs = change.words.filter((run) => run.kind === kind);
    const whole = kind === "added" ? change.after : change.before;
    const text = (runs.length < REWRITTEN_RUNS ? runs[0]?.text : whole.slice(same))?.trim() ?? "";
    return text === "" ? null : oneLine(text);
  };
  const [before, after] = [shown("removed"), shown("added")];
  return { before, after, detail: `“${before ?? ""}” → “${after ?? ""}”` };
}

const lineOf = (message: Said): string | null => (message ? oneLine(messageText(message)) : null);

function oneLine(text: string): string {
  const line = [...text.slice(0, 400).replace(/\s+/g, " ")];
  return line.length > 60 ? `${line.slice(0, 59).join("").trimEnd()}…` : line.join("");
}
