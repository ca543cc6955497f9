/**
 * A growing list of non-negative integers up to 2^53 in a typed array: eight bytes each, where an
 * array of objects would cost a hundred.
 */
export class Column {
  length = 0;
  #values = new Float64Array(64);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const wider = new Float64Array(this.length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.length++] = value;
  }

  /** The value at `i`; 0 outside. */
  at(i: number): number {
    return i < this.length ? this.#values[i]! : 0;
  }
}
