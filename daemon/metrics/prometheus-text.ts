/**
 * Metrics as text, in the exposition format 0.0.4 of Prometheus.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * What always holds: HELP and TYPE precede the samples of their name; label values are escaped.
 */

export type Labels = Readonly<Record<string, string>>;

export class MetricsText {
  readonly #lines: string[] = [];

  counter(name: string, help: string, samples: number | Iterable<readonly [Labels, number]>): this {
    return this.#add(name, "counter", help, samples);
  }

  gauge(name: string, help: string, samples: number | Iterable<readonly [Labels, number]>): this {
    return this.#add(name, "gauge", help, samples);
  }

  histogram(name: string, help: string, histogram: Histogram): this {
    this.#head(name, "histogram", help);
    let total = 0;
    for (const [index, bound] of histogram.bounds.entries()) {
      total += histogram.counts[index] ?? 0;
      this.#sample(`${name}_bucket`, { le: String(bound) }, total);
    }
    this.#sample(`${name}_bucket`, { le: "+Inf" }, histogram.count);
    this.#sample(`${name}_sum`, {}, histogram.sum);
    this.#sample(`${name}_count`, {}, histogram.count);
    return this;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #add(
    name: string,
    type: "counter" | "gauge",
    help: string,
    samples: number | Iterable<readonly [Labels, number]>,
  ): this {
    this.#head(name, type, help);
    if (typeof samples === "number") this.#sample(name, {}, samples);
    else for (const [labels, value] of samples) this.#sample(name, labels, value);
    return this;
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    this.#lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`);
  }
}

/** Counts values into buckets; `bounds` ascending, in the unit of the values. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.count += 1;
    this.sum += value;
    for (let i = 0; i < this.bounds.length; i++) {
      if (value <= (this.bounds[i] as number)) {
        (this.counts[i] as number) += 1;
        return;
      }
    }
  }
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
