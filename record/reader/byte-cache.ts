/**
 * Recently read parts, so that the requests of one conversation do not read the same messages from
 * the file again and again. Bounded in bytes; the least recently used goes first.
 */
export class ByteCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<number, Buffer>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: number): Buffer | undefined {
    const bytes = this.#entries.get(key);
    if (bytes === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, bytes);
    return bytes;
  }

  /** Keeps `bytes`, unless they alone are more than an eighth of the room. */
  set(key: number, bytes: Buffer): void {
    if (bytes.length > this.#bytesMax / 8 || this.#entries.has(key)) return;
    this.#entries.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= length;
    }
  }
}
