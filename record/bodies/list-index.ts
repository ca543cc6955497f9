/**
 * Which earlier request of the file begins with the same entries: a trie over flat lists, so that a
 * request can be written as `{"as":"<id>","take":k}` and what it adds.
 *
 * What always holds: matches are exact (atoms are compared, not hashed, but for long literals, which
 * go by SHA-256); finding the longest shared beginning takes one look-up per atom, and a list that
 * repeats an earlier one adds only the nodes that are new. Following links from any list reaches one
 * that is spelled out after at most LIMITS.asChainCount steps. Memory is bounded: past
 * LIMITS.listIndexCount nodes all is forgotten and the next lists are spelled out.
 */
import { hash } from "node:crypto";
import { LIMITS } from "../limits.ts";
import type { Atom, Link } from "./part-list.ts";

/** Part numbers and interned entries share one number space; a key is node × SPAN + entry. */
const SPAN = 2 ** 26;

/** Where a list leaves what is known. */
export interface Match {
  readonly node: number;
  /** Atoms of the list that lead there. */
  readonly take: number;
}

interface Owner {
  readonly id: string;
  /** Links from its list to one that is spelled out. */
  readonly links: number;
  readonly leaf: number;
  readonly length: number;
}

export class ListIndex {
  /** Child by parent × SPAN + entry. Node 0 is the empty list. */
  #children = new Map<number, number>();
  #parents = [0];
  #entries: Atom[] = [""];
  /** The exchange that a link to this node names. */
  #owners: (Owner | null)[] = [null];
  #interned = new Map<string, number>();
  #byId = new Map<string, Owner>();

  /** The longest beginning of `atoms` that an earlier list has. */
  match(atoms: readonly Atom[]): Match {
    let node = 0;
    let take = 0;
    for (const atom of atoms) {
      const entry = this.#entry(atom, false);
      const child = entry < 0 ? undefined : this.#children.get(node * SPAN + entry);
      if (child === undefined) break;
      node = child;
      take++;
    }
    return { node, take };
  }

  /** The link to a match, or null where the chain would grow too long. */
  link({ node, take }: Match): Link | null {
    const owner = this.#owners[node];
    return owner && owner.links < LIMITS.asChainCount ? { as: owner.id, take } : null;
  }

  /**
   * Takes a list in. `link` is what it was written with, null where it was spelled out: then later
   * lists may refer to it for all that it holds, which keeps chains short.
   */
  add(id: string, atoms: readonly Atom[], link: Link | null): void {
    if (atoms.length > LIMITS.listEntryCount) return;
    const from = link ? this.#byId.get(link.as) : undefined;
    const links = from ? from.links + 1 : 0;
    if (this.#parents.length + atoms.length > LIMITS.listIndexCount) this.#forget();
    const path = this.#grow(atoms);
    const leaf = path.at(-1) ?? 0;
    const owner: Owner = { id, links, leaf, length: atoms.length };
    this.#byId.set(id, owner);
    for (const node of path) if (link === null || !this.#owners[node]) this.#owners[node] = owner;
  }

  /** Flat list of an exchange that was added; null where it is not known (any more). */
  list(id: string): Atom[] | null {
    const owner = this.#byId.get(id);
    if (!owner) return null;
    const atoms = new Array<Atom>(owner.length);
    for (let i = owner.length - 1, node = owner.leaf; i >= 0; i--) {
      atoms[i] = this.#entries[node]!;
      node = this.#parents[node]!;
    }
    return atoms;
  }

  #grow(atoms: readonly Atom[]): number[] {
    let node = 0;
    return atoms.map((atom) => {
      const key = node * SPAN + this.#entry(atom, true);
      let child = this.#children.get(key);
      if (child === undefined) {
        child = this.#parents.length;
        this.#children.set(key, child);
        this.#parents.push(node);
        this.#entries.push(atom);
        this.#owners.push(null);
      }
      node = child;
      return child;
    });
  }

  #entry(atom: Atom, intern: boolean): number {
    if (typeof atom === "number") return atom * 2;
    const text = typeof atom === "string" ? `"${atom}` : JSON.stringify(atom);
    const key = text.length > 64 ? hash("sha256", text, "base64") : text;
    const known = this.#interned.get(key);
    if (known !== undefined) return known * 2 + 1;
    if (!intern) return -1;
    this.#interned.set(key, this.#interned.size);
    return (this.#interned.size - 1) * 2 + 1;
  }

  #forget(): void {
    this.#children.clear();
    this.#parents = [0];
    this.#entries = [""];
    this.#owners = [null];
    this.#interned.clear();
    this.#byId.clear();
  }
}
