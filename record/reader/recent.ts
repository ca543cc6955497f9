/**
 * What was used lately, by name, bounded in bytes: two generations, of which the older one is
 * dropped when the younger has filled its half.
 *
 * What always holds: what is asked for again before half of the bytes have passed is still there; a
 * look-up costs one or two map reads, whatever is kept.
 */
interface Kept<T> {
  readonly value: T;
  readonly bytes: number;
}

export class Recent<T, K = string> {
  readonly #half: number;
  #young = new Map<K, Kept<T>>();
  #old = new Map<K, Kept<T>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#half = bytesMax / 2;
  }

  get(name: K): T | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young.value;
    const old = this.#old.get(name);
    if (old === undefined) return undefined;
    this.set(name, old.value, old.bytes);
    return old.value;
  }

  set(name: K, value: T, bytes: number): void {
    if (this.#bytes + bytes > this.#half && this.#young.size > 0) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(name, { value, bytes });
    this.#bytes += bytes;
  }
}
