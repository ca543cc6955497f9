/**
 * The cheap first look: finds every literal of a list in one pass over the bytes, however long the
 * list is (Aho & Corasick 1975, as a table over byte classes). Nearly every body is clean, and this
 * pass is all that a clean body costs.
 *
 * Invariants: case is folded in the table and compared afterwards where a literal asks for
 * it; the automaton has no state between calls; time is linear in the bytes plus the hits.
 */

export interface Anchor {
  readonly text: string;
  /** Compare without regard to case. */
  readonly fold: boolean;
}

/** Called for each occurrence of anchor `index`; `start` is the offset of its first byte. */
export type OnHit = (index: number, start: number) => void;

const foldByte = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b);

export type AnchorScan = (bytes: Uint8Array, onHit: OnHit) => void;

interface Node {
  readonly next: Map<number, number>;
  fail: number;
  readonly out: number[];
}

function buildTrie(literals: readonly Buffer[]): Node[] {
  const nodes: Node[] = [{ next: new Map(), fail: 0, out: [] }];
  for (const [index, literal] of literals.entries()) {
    let at = 0;
    for (const byte of literal) {
      const b = foldByte(byte);
      let to = nodes[at]!.next.get(b);
      if (to === undefined) {
        to = nodes.push({ next: new Map(), fail: 0, out: [] }) - 1;
        nodes[at]!.next.set(b, to);
      }
      at = to;
    }
    nodes[at]!.out.push(index);
  }
  return nodes;
}

/**
 * The nodes breadth first, with the links that are followed where a literal breaks off. Few nodes
 * are met in ordinary text, the shortest ones, and in this order they lie together.
 */
function linkFailures(nodes: Node[]): number[] {
  const queue = [0];
  for (let i = 0; i < queue.length; i += 1) {
    const state = queue[i]!;
    for (const [byte, to] of nodes[state]!.next) {
      queue.push(to);
      if (state === 0) continue;
      let fail = nodes[state]!.fail;
      while (fail !== 0 && !nodes[fail]!.next.has(byte)) fail = nodes[fail]!.fail;
      nodes[to]!.fail = nodes[fail]!.next.get(byte) ?? 0;
      nodes[to]!.out.push(...nodes[nodes[to]!.fail]!.out);
    }
  }
  return queue;
}

/** Compiles the anchors; costs some milliseconds for a thousand of them, so do it once. */
export function compileAnchors(anchors: readonly Anchor[]): AnchorScan {
  const literals = anchors.map((a) => Buffer.from(a.text, "latin1"));
  const nodes = buildTrie(literals);
  const classOf = new Uint8Array(256);
  let classes = 1;
  for (const literal of literals) {
    for (const byte of literal) {
      const b = foldByte(byte);
      if (classOf[b] === 0) classOf[b] = classes++;
    }
  }
  for (let b = 65; b <= 90; b += 1) classOf[b] = classOf[foldByte(b)]!;
  const width = classes;
  const order = linkFailures(nodes);
  const rowOf = new Int32Array(nodes.length);
  for (const [rank, state] of order.entries()) rowOf[state] = rank * width;
  // A target with outputs is stored as its complement, so the hot loop tests the sign alone.
  const table = new Int32Array(nodes.length * width);
  for (const state of order) {
    const row = rowOf[state]!;
    const failRow = rowOf[nodes[state]!.fail]!;
    if (state !== 0) table.copyWithin(row, failRow, failRow + width);
    for (const [byte, to] of nodes[state]!.next) table[row + classOf[byte]!] = rowOf[to]!;
  }
  const outputs = order.map((state) => nodes[state]!.out);
  const ends = Uint8Array.from(outputs, (out) => (out.length > 0 ? 1 : 0));
  for (let i = 0; i < table.length; i += 1) {
    if (table[i] !== 0 && ends[table[i]! / width] === 1) table[i] = ~table[i]!;
  }

  const report = (bytes: Uint8Array, row: number, end: number, onHit: OnHit): void => {
    for (const index of outputs[row / width]!) {
      const literal = literals[index]!;
      const start = end - literal.length;
      if (anchors[index]!.fold || equalsAt(bytes, start, literal)) onHit(index, start);
    }
  };
  return (bytes, onHit) => {
    let row = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      row = table[row + classOf[bytes[i]!]!]!;
      if (row < 0) {
        row = ~row;
        report(bytes, row, i + 1, onHit);
      }
    }
  };
}

function equalsAt(bytes: Uint8Array, start: number, literal: Buffer): boolean {
  for (let i = 0; i < literal.length; i += 1) {
    if (bytes[start + i] !== literal[i]) return false;
  }
  return true;
}
