/**
 * Finds what an exchange follows. In this order: the client's session id says which conversation;
 * the response id that the request names; the longest earlier request that is a beginning of this
 * one; one whose history was rewritten or compacted on the way; the tool call or the summary that
 * it grew out of.
 *
 * What always holds: two requests with different instructions are one line only where a spoken
 * history or the recorded answer ties them; equal first words alone never do. Without a session id
 * an equal first request is a new conversation, unless the earlier one failed.
 */
import { LIMITS } from "../limits.ts";
import type { HotStore, LineKind, Node } from "./hot-store.ts";
import { likeness, PrefixKeys, shortHash } from "./items.ts";
import type { ExchangeFacts, Item, Placement, Relation } from "./model.ts";
import { continuesRewritten } from "./overlap.ts";

interface Link {
  readonly node: Node;
  readonly relation: Relation;
  readonly by: Placement["by"];
}

export class Matcher {
  readonly #store: HotStore;
  /** Those of the newest few requests by their first item: the next one mostly goes on from one. */
  readonly #keys = new Map<string, PrefixKeys>();

  constructor(store: HotStore) {
    this.#store = store;
  }

  /** Places and remembers one exchange. */
  place(facts: ExchangeFacts): Placement {
    const exchange = facts.id;
    if (facts.items.length === 0) {
      return { exchange, conversation: null, parent: null, relation: "alone", by: "none" };
    }
    const keys = this.#keysOf(facts.items);
    const session = facts.session === null ? null : sessionConversation(facts);
    const link = this.#link(facts, keys, session);
    const placement: Placement = {
      exchange,
      conversation:
        session ?? link?.node.placement.conversation ?? shortHash(`exchange\0${exchange}`),
      parent: link?.node.placement.exchange ?? null,
      relation: link?.relation ?? "start",
      by: link?.by ?? (session === null ? "none" : "session"),
    };
    this.#store.add(facts, placement, keys.at(keys.length));
    return placement;
  }

  #keysOf(items: readonly Item[]): PrefixKeys {
    const first = items[0]!.id;
    const keys = new PrefixKeys(items, this.#keys.get(first));
    if (this.#keys.size >= LIMITS.keptListCount) this.#keys.clear();
    this.#keys.set(first, keys);
    return keys;
  }

  #link(facts: ExchangeFacts, keys: PrefixKeys, session: string | null): Link | null {
    const inScope = (node: Node): boolean =>
      session === null ? node.session === null : node.placement.conversation === session;
    return (
      this.#byResponseId(facts, inScope) ??
      this.#byMessages(facts, keys, inScope) ??
      this.#byRewrittenHistory(facts, session) ??
      (session === null ? this.#byDelegation(facts) : this.#withinSession(facts, session))
    );
  }

  #byResponseId(facts: ExchangeFacts, inScope: (node: Node) => boolean): Link | null {
    // A conversation that the provider keeps goes on from whatever came last in it.
    const kept = facts.previous !== null && facts.previous === facts.session;
    if (kept) return this.#newestOf(facts);
    const node = facts.previous === null ? undefined : this.#store.byResponse(facts.previous);
    if (!node || !inScope(node)) return null;
    const taken = node.next.length > 0;
    return { node, relation: taken ? "branch" : "next", by: "response-id" };
  }

  #newestOf(facts: ExchangeFacts): Link | null {
    const nodes = this.#store.conversation(sessionConversation(facts));
    const same = nodes.findLast(({ body }) => body !== null && body === facts.body);
    if (same && !same.answered) return { node: same, relation: "retry", by: "response-id" };
    const node = nodes.findLast(({ answered }) => answered) ?? nodes.at(-1);
    return node === undefined ? null : { node, relation: "next", by: "response-id" };
  }

  /** The longest earlier request that this one begins with. */
  #byMessages(
    facts: ExchangeFacts,
    keys: PrefixKeys,
    inScope: (node: Node) => boolean,
  ): Link | null {
    for (let length = keys.length; length > 0; length--) {
      const fits = this.#store
        .byKey(keys.at(length))
        .filter((node) => inScope(node) && tied(node, facts, length));
      const node = bestOf(fits, facts, length);
      if (!node) continue;
      if (length === keys.length) return { node, relation: repeats(node, facts), by: "messages" };
      return this.#onwards(node, facts, keys.at(keys.length));
    }
    return null;
  }

  /** `facts` begins with all of `node`: a next turn, a branch, or a rewrite of a later turn. */
  #onwards(node: Node, facts: ExchangeFacts, key: string): Link {
    const by = "messages";
    if (differs(node, facts) && facts.tools === null && node.tools !== null) {
      return { node, relation: "side", by };
    }
    if (this.#continuations(node).every((known) => known === key)) {
      return { node, relation: "next", by };
    }
    for (const tip of this.#tips(node.placement.conversation!)) {
      if (tip === node || tip.length <= node.length) continue;
      const overlap = continuesRewritten(tip.items!, facts.items);
      if (overlap) return { node: tip, relation: "rewritten", by };
    }
    return { node, relation: "branch", by };
  }

  /** What follows this request or a repeat of it. */
  #continuations(node: Node): string[] {
    return this.#store
      .byKey(node.key)
      .filter(({ placement }) => placement.conversation === node.placement.conversation)
      .flatMap(({ next }) => next);
  }

  /** Ends of lines, newest first. */
  #tips(conversation: string): Node[] {
    return this.#store
      .conversation(conversation)
      .filter(({ items }) => items !== null)
      .reverse();
  }

  #byRewrittenHistory(facts: ExchangeFacts, session: string | null): Link | null {
    let best: Link | null = null;
    let most = 0;
    for (const conversation of this.#conversationsSharing(facts, session)) {
      for (const tip of this.#tips(conversation)) {
        if (!tied(tip, facts, 0) && !tip.spoken) continue;
        const overlap = continuesRewritten(tip.items!, facts.items);
        if (!overlap || overlap.sharedBytes <= most) continue;
        most = overlap.sharedBytes;
        const shrunk = facts.items.length < tip.length && overlap.shared * 2 < tip.length;
        best = { node: tip, relation: shrunk ? "compaction" : "rewritten", by: "messages" };
      }
    }
    return best;
  }

  #conversationsSharing(facts: ExchangeFacts, session: string | null): Iterable<string> {
    if (session !== null) return [session];
    const found = new Set<string>();
    for (const { id } of facts.items) {
      for (const { placement, session: named } of this.#store.byItem(id)) {
        if (named === null && placement.conversation !== null) found.add(placement.conversation);
      }
    }
    return found;
  }

  /** A new line in a conversation that the client itself names. */
  #withinSession(facts: ExchangeFacts, session: string): Link | null {
    const nodes = this.#store.conversation(session);
    const newest = nodes.at(-1);
    if (!newest) return null;
    const main = nodes.findLast((node) => !differs(node, facts) && node.tools === facts.tools);
    if (main && main.length > facts.items.length) {
      const edited = this.#firstWordsOf(facts, nodes);
      if (edited) return { node: edited, relation: "branch", by: "session" };
      const relation = this.#begunAnew(facts, nodes) ? "start" : "compaction";
      return { node: main, relation, by: "session" };
    }
    const caller = this.#callerOf(facts, (node) => node.placement.conversation === session);
    if (caller) return { node: caller, relation: "agent", by: "delegation" };
    if (facts.tools === null) return { node: newest, relation: "side", by: "session" };
    // What came before offered no tools: it was a probe or a title, and here the work begins.
    if (nodes.every(({ tools }) => tools === null)) return null;
    return { node: newest, relation: main ? "start" : "agent", by: "session" };
  }

  /** The beginning that these words are another version of: the user edited the first message. */
  #firstWordsOf(facts: ExchangeFacts, nodes: readonly Node[]): Node | null {
    if (facts.items.some(({ role }) => role !== "user")) return null;
    const words = new Set(facts.asked);
    // A summary may stand behind the first words, which are kept: it has been said, or adds to them.
    if (nodes.some(({ said }) => said.some((line) => words.has(line)))) return null;
    const alike = (node: Node): boolean =>
      !node.spoken &&
      node.asked.length > 0 &&
      facts.items.length <= node.length &&
      node.asked.filter((line) => words.has(line)).length * 2 >= facts.asked.length;
    return facts.asked.length === 0 ? null : (nodes.findLast(alike) ?? null);
  }

  /** The user cleared the history: a few new words, and nothing of what was said before. */
  #begunAnew(facts: ExchangeFacts, nodes: readonly Node[]): boolean {
    if (facts.items.some(({ role }) => role !== "user")) return false;
    // A summary has lines that tell something; words that have none are somebody's own.
    if (facts.asked.length === 0) return true;
    const asked = new Set(nodes.flatMap((node) => node.asked));
    const fresh = facts.asked.filter((line) => !asked.has(line));
    if (fresh.length > FEW_LINES) return false;
    const said = new Set(nodes.flatMap((node) => node.said));
    return (
      !fresh.some((line) => said.has(line)) && !facts.items.some(({ id }) => this.#known(id, nodes))
    );
  }

  #known(item: string, nodes: readonly Node[]): boolean {
    return this.#store.byItem(item).some((node) => nodes.includes(node));
  }

  /** Without a session id: by the texts that an agent, a summary or a title was made from. */
  #byDelegation(facts: ExchangeFacts): Link | null {
    const near = (node: Node): boolean => node.session === null && node.client === facts.client;
    const caller = this.#callerOf(facts, near);
    if (caller) return { node: caller, relation: "agent", by: "delegation" };
    const told = this.#tellerOf(facts, "said", LIMITS.delegationMs, near);
    if (told && !differs(told, facts) && told.length > facts.items.length) {
      return { node: told, relation: "compaction", by: "delegation" };
    }
    if (facts.client === null) return null;
    const beside = this.#tellerOf(facts, "asked", LIMITS.sideCallMs, near);
    if (!beside || !differs(beside, facts) || beside.spoken) return null;
    if ((beside.tools === null) === (facts.tools === null)) return null;
    return { node: beside, relation: facts.tools === null ? "side" : "start", by: "delegation" };
  }

  #callerOf(facts: ExchangeFacts, near: (node: Node) => boolean): Node | null {
    const caller = this.#tellerOf(facts, "delegated", LIMITS.delegationMs, near);
    return caller !== null && differs(caller, facts) ? caller : null;
  }

  /** The newest exchange near enough that has most of the lines that `facts` asks with. */
  #tellerOf(
    facts: ExchangeFacts,
    kind: LineKind,
    withinMs: number,
    near: (node: Node) => boolean,
  ): Node | null {
    const votes = new Map<Node, number>();
    for (const line of facts.asked) {
      for (const node of this.#store.byLine(kind, line)) {
        const gap = Date.parse(facts.started) - node.startedMs;
        if (gap >= 0 && gap <= withinMs && near(node)) votes.set(node, (votes.get(node) ?? 0) + 1);
      }
    }
    let best: Node | null = null;
    for (const [node, count] of votes) {
      if (count * 2 < Math.min(node[kind].length, facts.asked.length)) continue;
      if (best === null || count >= votes.get(best)!) best = node;
    }
    return best;
  }
}

const sessionConversation = (facts: ExchangeFacts): string =>
  shortHash(`session\0${facts.client ?? ""}\0${facts.session}`);

/** A summary of what went before has more telling lines than this; a user's new task seldom has. */
const FEW_LINES = 3;

/** Share of a system prompt that has to be the same for two prompts to be versions of one. */
const ALIKE = 0.3;

/** Whether the instructions are others, not only another version of the same. */
function differs(node: Node, facts: ExchangeFacts): boolean {
  if (node.system === facts.system) return false;
  return likeness(node.systemSketch, facts.systemSketch) < ALIKE;
}

/** Whether more than equal first words speaks for `facts` going on from `node`. */
function tied(node: Node, facts: ExchangeFacts, length: number): boolean {
  const answers = node.answer !== null && facts.items[length]?.id === node.answer;
  if (answers || node.spoken) return true;
  if (differs(node, facts)) return false;
  if (facts.session !== null) return true;
  if (length === facts.items.length) return !node.answered && soon(node, facts);
  // Its answer is known, and this request remembers another one: it belongs to a like question.
  return node.answer === null || facts.items[length]?.role !== "assistant";
}

function soon(node: Node, facts: ExchangeFacts): boolean {
  return Date.parse(facts.started) - node.startedMs <= LIMITS.retryMs;
}

function repeats(node: Node, facts: ExchangeFacts): Relation {
  if (differs(node, facts)) return "side";
  return node.body !== null && node.body === facts.body ? "retry" : "again";
}

/** Of several equal requests: the one whose answer is remembered, then one still open, the newest. */
function bestOf(nodes: readonly Node[], facts: ExchangeFacts, length: number): Node | undefined {
  const rank = (node: Node): number => {
    const answered = node.answer !== null && node.answer === facts.items[length]?.id;
    const alike = node.system === facts.system ? 2 : differs(node, facts) ? 0 : 1;
    return (answered ? 8 : 0) + alike * 2 + (node.next.length === 0 ? 1 : 0);
  };
  return nodes.reduce<Node | undefined>(
    (best, node) => (best === undefined || rank(node) >= rank(best) ? node : best),
    undefined,
  );
}
