/**
 * What is remembered of recent exchanges so that later ones find what they follow.
 *
 * What always holds: one node an exchange, a full item list only for exchanges that nothing follows
 * yet; everything is dropped once it has rested for LIMITS.conversationRestMs. The maps are rebuilt
 * from the nodes, so a snapshot holds the nodes alone.
 */
import { LIMITS } from "../limits.ts";
import type { ExchangeFacts, Item, Placement } from "./model.ts";

/** One remembered exchange. */
export interface Node {
  readonly placement: Placement;
  readonly startedMs: number;
  readonly session: string | null;
  readonly client: string | null;
  readonly body: string | null;
  readonly system: string | null;
  readonly systemSketch: readonly number[];
  readonly tools: string | null;
  readonly answered: boolean;
  /** First item of the answer. */
  readonly answer: string | null;
  /** Key of the whole item list (see PrefixKeys), its length, and whether the model speaks in it. */
  readonly key: string;
  readonly length: number;
  readonly spoken: boolean;
  readonly messages: number;
  /** Items that were new in it; by these a rewritten history is found. */
  readonly fresh: readonly string[];
  readonly asked: readonly string[];
  readonly said: readonly string[];
  readonly delegated: readonly string[];
  readonly response: string | null;
  /** The whole list, until something follows. */
  items: readonly Item[] | null;
  /** Distinct continuations so far: keys of their item lists. */
  readonly next: string[];
}

export interface Snapshot {
  readonly version: 1;
  readonly nodes: readonly Node[];
}

/** Most names are those of one node alone, which then stands there without a list. */
type Lists = Map<string, Node | Node[]>;

const LINE_KINDS = ["asked", "said", "delegated"] as const;
export type LineKind = (typeof LINE_KINDS)[number];

export class HotStore {
  readonly #nodes = new Map<string, Node>();
  readonly #byKey: Lists = new Map();
  readonly #byItem: Lists = new Map();
  readonly #byConversation: Lists = new Map();
  readonly #byLine = {
    asked: new Map(),
    said: new Map(),
    delegated: new Map(),
  } as const satisfies Record<LineKind, Lists>;
  readonly #byResponse: Lists = new Map();
  #checkedMs = 0;

  constructor(snapshot?: Snapshot) {
    for (const node of snapshot?.nodes ?? []) this.#link({ ...node, next: [...node.next] });
  }

  snapshot(): Snapshot {
    return { version: 1, nodes: [...this.#nodes.values()] };
  }

  node(id: string): Node | undefined {
    return this.#nodes.get(id);
  }
  byKey(key: string): readonly Node[] {
    return listed(this.#byKey, key);
  }
  byItem(id: string): readonly Node[] {
    return listed(this.#byItem, id);
  }
  byLine(kind: LineKind, line: string): readonly Node[] {
    return listed(this.#byLine[kind], line);
  }
  byResponse(id: string): Node | undefined {
    return listed(this.#byResponse, id).at(-1);
  }
  /** Oldest first. */
  conversation(id: string): readonly Node[] {
    return listed(this.#byConversation, id);
  }

  add(facts: ExchangeFacts, placement: Placement, key: string): Node {
    const parent = placement.parent === null ? undefined : this.#nodes.get(placement.parent);
    const node: Node = {
      placement,
      startedMs: Date.parse(facts.started),
      session: facts.session,
      client: facts.client,
      body: facts.body,
      system: facts.system,
      systemSketch: facts.systemSketch,
      tools: facts.tools,
      answered: facts.answered,
      answer: facts.answer[0] ?? null,
      key,
      length: facts.items.length,
      spoken: facts.items.some(({ role }) => role === "assistant"),
      messages: facts.messages,
      fresh: this.#fresh(facts.items, parent?.items ?? [], placement.conversation),
      asked: facts.asked,
      said: facts.said,
      delegated: facts.delegated,
      response: facts.response,
      items: facts.items,
      next: [],
    };
    this.#link(node);
    if (parent && CONTINUES.has(placement.relation)) {
      parent.items = null;
      if (!parent.next.includes(key)) parent.next.push(key);
    } else if (parent && REPEATS.has(placement.relation)) parent.items = null;
    return node;
  }

  /** Ids that no turn of the conversation had; what stands where the parent had it need not be looked up. */
  #fresh(items: readonly Item[], before: readonly Item[], conversation: string | null): string[] {
    const fresh = new Set<string>();
    let at = 0;
    while (at < items.length && isSame(items[at]!, before[at])) at++;
    for (; at < items.length; at++) {
      const { id, bytes } = items[at]!;
      if (bytes >= TELLING_BYTES && !this.#has(id, conversation)) fresh.add(id);
    }
    return [...fresh];
  }

  #has(item: string, conversation: string | null): boolean {
    return this.byItem(item).some(({ placement }) => placement.conversation === conversation);
  }

  /**
   * Drops what has rested too long, as of the last full hour: so the result does not depend on
   * when the index was saved and loaded.
   */
  forget(atMs: number): void {
    const nowMs = atMs - (atMs % HOUR_MS);
    if (nowMs <= this.#checkedMs) return;
    this.#checkedMs = nowMs;
    for (const id of this.#byConversation.keys()) {
      const nodes = this.conversation(id);
      const newest = Math.max(...nodes.map(({ startedMs }) => startedMs));
      if (nowMs - newest <= LIMITS.conversationRestMs) continue;
      this.#byConversation.delete(id);
      for (const node of nodes) this.#unlink(node);
    }
  }

  #link(node: Node): void {
    this.#nodes.set(node.placement.exchange, node);
    this.#eachName(node, (map, name) => push(map, name, node));
  }

  #unlink(node: Node): void {
    this.#nodes.delete(node.placement.exchange);
    this.#eachName(node, (map, name) => {
      const rest = listed(map, name).filter((other) => other !== node);
      if (rest.length > 0) map.set(name, rest);
      else map.delete(name);
    });
  }

  /** Every list that the node stands in. */
  #eachName(node: Node, visit: (map: Lists, name: string) => void): void {
    if (node.placement.conversation !== null) {
      visit(this.#byConversation, node.placement.conversation);
    }
    if (node.length > 0) visit(this.#byKey, node.key);
    for (const id of node.fresh) visit(this.#byItem, id);
    for (const kind of LINE_KINDS) {
      for (const line of node[kind]) visit(this.#byLine[kind], line);
    }
    if (node.response !== null) visit(this.#byResponse, node.response);
  }
}

/** Relations after which the parent's own item list is not needed any more. */
const CONTINUES: ReadonlySet<string> = new Set(["next", "branch", "rewritten", "compaction"]);
/** These take the parent's place: what follows may follow either. */
const REPEATS: ReadonlySet<string> = new Set(["retry", "again"]);
const HOUR_MS = 3_600_000;
/** Texts below this are said in many conversations and tie nothing together. */
const TELLING_BYTES = 24;

/** Turns share most items that they have in common: one look tells. */
const isSame = (a: Item, b: Item | undefined): boolean => a === b || a.id === b?.id;

const NONE: readonly Node[] = [];

function listed(map: Lists, name: string): readonly Node[] {
  const found = map.get(name);
  if (found === undefined) return NONE;
  return Array.isArray(found) ? found : [found];
}

function push(map: Lists, name: string, node: Node): void {
  const found = map.get(name);
  if (found === undefined) map.set(name, node);
  else if (Array.isArray(found)) found.push(node);
  else map.set(name, [found, node]);
}
