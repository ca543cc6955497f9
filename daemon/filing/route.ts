/**
 * Which ID an exchange goes to (filing.md): the number in its path, else the first rule that
 * matches, else the category of a recognised client, else 00.01.
 *
 * What always holds: an area or category is never invented; a number in the path whose category is
 * not known leads to 00.01 with the number kept as a label; reserved IDs take nothing but the
 * inbox. Decisions are remembered for a moment only, since people rename and plan while it runs.
 */
import type { ExchangeLine } from "../../record/format/schema.ts";
import {
  inboxOf,
  parseNumber,
  reservedRole,
  SYSTEM_AREA,
  SYSTEM_INBOX,
} from "../../record/johnny-decimal/numbers.ts";
import type { CaptureTree } from "../../record/johnny-decimal/tree.ts";
import type { CategoryPlan, FilingRule, TreePlan } from "../config/types.ts";
import { globMatches } from "./glob.ts";

export interface Place {
  /** An ID, `11.11`. */
  readonly number: string;
  /** For an ID that nobody has named yet. */
  readonly title: string | null;
  /** Who decided: `path`, `rule`, `autofile`, `inbox`. */
  readonly by: string;
  /** Number that the path asked for and that cannot be had. */
  readonly refused: string | null;
}

export interface RouteConfig {
  readonly tree: TreePlan;
  readonly autofile: boolean;
}

/** What of an exchange decides. */
export interface Routable {
  readonly number: string | null;
  readonly line: ExchangeLine;
}

const REMEMBER_MS = 2000;
const REMEMBER_COUNT = 1000;

export class Router {
  readonly #tree: CaptureTree;
  readonly #config: RouteConfig;
  readonly #say: (message: string) => void;
  readonly #now: () => number;
  /** Numbers that it was told of. */
  readonly #told = new Set<string>();
  readonly #remembered = new Map<string, Place>();
  #since = 0;

  /** `say` is told once of each number in a path that cannot be had. */
  constructor(
    tree: CaptureTree,
    config: RouteConfig,
    say: (message: string) => void = () => {},
    now: () => number = () => performance.now(),
  ) {
    this.#tree = tree;
    this.#config = config;
    this.#say = say;
    this.#now = now;
  }

  route(exchange: Routable): Place {
    const rule = this.#firstRule(exchange.line);
    const { upstream, client } = exchange.line;
    const key = JSON.stringify([exchange.number, rule, upstream, client.name]);
    const now = this.#now();
    if (now - this.#since > REMEMBER_MS || this.#remembered.size > REMEMBER_COUNT) {
      this.#remembered.clear();
      this.#since = now;
    }
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const place = this.#decide(exchange, rule);
    this.#remembered.set(key, place);
    return place;
  }

  #decide({ number, line }: Routable, rule: RuleTarget | null): Place {
    const byPath = number === null ? null : this.#byNumber(number, line.upstream);
    if (byPath !== null) return byPath;
    const place = this.#byRuleOrClient(line, rule);
    if (number === null) return place;
    this.#tell(number, place.number);
    return { ...place, refused: number };
  }

  #tell(refused: string, instead: string): void {
    if (this.#told.has(refused) || this.#told.size > REMEMBER_COUNT) return;
    this.#told.add(refused);
    this.#say(
      `/${refused}/ in the path names no category of the tree: filed in ${instead}, with the number ` +
        "as a label (plan it under `tree` in callnumber.yaml, or make the folder)",
    );
  }

  #byRuleOrClient(line: ExchangeLine, rule: RuleTarget | null): Place {
    if (rule?.id != null) {
      return { number: rule.id, title: null, by: "rule", refused: null };
    }
    const category = rule?.category ?? this.#categoryOfClient(line.client.name);
    if (category === null) return INBOX;
    return this.#inCategory(category, line.upstream, rule === null ? "autofile" : "rule");
  }

  #byNumber(text: string, upstream: string | null): Place | null {
    const number = parseNumber(text);
    if (number === null || number.category === null) return null;
    if (number.area === SYSTEM_AREA) return null;
    if (!this.#tree.knows(number.category)) return null;
    if (number.id === null) return this.#inCategory(number.category, upstream, "path");
    const role = reservedRole(number.id);
    const id = role === null || role === "inbox" ? text : inboxOf(number.category);
    return {
      number: id,
      title: upstream === null ? null : titleOf(upstream),
      by: "path",
      refused: null,
    };
  }

  /** The ID of this upstream in a category: one that bears its name, one it was given, a new one. */
  #inCategory(category: string, upstream: string | null, by: string): Place {
    const inbox = { number: inboxOf(category), title: null, by: "inbox", refused: null };
    if (upstream === null || !this.#config.autofile) return inbox;
    const source = `upstream:${upstream}`;
    const named = this.#tree
      .entries()
      .filter(({ number }) => number.level === "id" && number.category === category)
      .find(({ number, title, archived }) => {
        return !archived && reservedRole(number.text) === null && slug(title) === slug(upstream);
      });
    const title = titleOf(upstream);
    const known = this.#tree.allocatedFor(category, source) ?? named?.number.text;
    if (known !== undefined) return { number: known, title, by, refused: null };
    const fresh = this.#tree.allocate(category, title, source, by);
    return fresh === null ? inbox : { number: fresh.id, title, by, refused: null };
  }

  #firstRule(line: ExchangeLine): RuleTarget | null {
    for (const area of this.#config.tree.areas) {
      for (const category of area.categories) {
        const target = ruleIn(category, line);
        if (target !== null) return target;
      }
    }
    return null;
  }

  /** A category that is called as the client is: `claude-code` and `12 Claude Code`. */
  #categoryOfClient(client: string | null): string | null {
    if (client === null) return null;
    const found = this.#tree
      .entries()
      .find(({ number, title }) => number.level === "category" && slug(title) === slug(client));
    return found?.number.text ?? null;
  }
}

interface RuleTarget {
  readonly category: string;
  readonly id: string | null;
}

const INBOX: Place = { number: SYSTEM_INBOX, title: null, by: "inbox", refused: null };

/** The rules of a category's IDs come before its own, which is the more general one. */
function ruleIn(category: CategoryPlan, line: ExchangeLine): RuleTarget | null {
  for (const id of category.ids) {
    if (id.rule !== null && matches(id.rule, line)) {
      return { category: category.number, id: id.number };
    }
  }
  const own = category.rule !== null && matches(category.rule, line);
  return own ? { category: category.number, id: null } : null;
}

/** Every condition that is there must hold; a rule without conditions matches nothing. */
function matches(rule: FilingRule, line: ExchangeLine): boolean {
  const { client, upstream, model, path, header } = rule;
  const conditions: [string | undefined, string | null][] = [
    [client, line.client.name],
    [upstream, line.upstream],
    [model, line.llm?.model ?? null],
    [path, line.request.url],
    ...Object.entries(header ?? {}).map(([name, glob]): [string, string | null] => [
      glob,
      line.request.headers.find(([n]) => n.toLowerCase() === name)?.[1] ?? null,
    ]),
  ];
  const asked = conditions.filter(([glob]) => glob !== undefined);
  return (
    asked.length > 0 &&
    asked.every(([glob, value]) => value !== null && globMatches(glob ?? "", value))
  );
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** Names as their owners write them, where capitals at word starts would be wrong. */
const TITLES: Readonly<Record<string, string>> = {
  openrouter: "OpenRouter",
  openai: "OpenAI",
  deepseek: "DeepSeek",
  xai: "xAI",
  lmstudio: "LM Studio",
  llamacpp: "llama.cpp",
  vllm: "vLLM",
  litellm: "LiteLLM",
  nvidia: "NVIDIA",
  huggingface: "Hugging Face",
  "github-models": "GitHub Models",
  zai: "Z.ai",
  chatgpt: "ChatGPT",
};

/** A folder title for an upstream: `openrouter` → `OpenRouter`, `my-box` → `My box`. */
export function titleOf(upstream: string): string {
  const known = TITLES[upstream];
  if (known !== undefined) return known;
  const words = upstream.replace(/[-_]+/g, " ").trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
