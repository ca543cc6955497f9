/**
 * Samples of what the expressions of a rule file describe, and how many of them are found. The file
 * is one of gitleaks' form (TOML; `id`, `regex`, `keywords`) and is not part of this repository:
 *
 *   node test/secrets-report/samples.ts RULES.toml [SAMPLES]
 *
 * Invariants: samples come from a seed; a rule counts as found only if none of its samples
 * reaches the output, once by itself in a tool's output and once in a line of a file.
 */
import { readFileSync } from "node:fs";
import { createRedactor, type Redactor } from "../../record/secrets/redactor.ts";
import { seededRandom } from "../seeded-random.ts";

export interface Expression {
  readonly id: string;
  readonly source: string;
}

/** The rules of a file that have an expression. */
export function expressionsOf(toml: string): Expression[] {
  return toml.split(/^\[\[rules\]\]/m).flatMap((rule) => {
    const id = /^id = "([^"]+)"/m.exec(rule)?.[1];
    const source = /^regex = '''([\s\S]+?)'''/m.exec(rule)?.[1];
    return id === undefined || source === undefined ? [] : [{ id, source }];
  });
}

type Random = () => number;
const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const CLASSES: Readonly<Record<string, string>> = {
  w: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
  d: "0123456789",
  s: " ",
  S: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#%+-./:?@_~",
  alnum: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
};
/** Most repetitions that a `+` or `*` or an open bound adds. */
const MORE = 8;

/** A text that an RE2 expression matches, and in it the longest that a group of it took. */
class Sampler {
  readonly #source: string;
  readonly #random: Random;
  #at = 0;
  #fold = false;
  /** The longest text of a capturing group; null until one was made. */
  secret: string | null = null;

  constructor(source: string, random: Random) {
    this.#source = source;
    this.#random = random;
  }

  make(): string {
    return this.#alternatives();
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  /** All branches are made, so that the reading goes on behind them; one is taken. */
  #alternatives(): string {
    const branches: { text: string; secret: string | null }[] = [];
    const before = this.secret;
    const fold = this.#fold;
    for (;;) {
      this.secret = before;
      this.#fold = fold;
      branches.push({ text: this.#sequence(), secret: this.secret });
      if (this.#source[this.#at] !== "|") break;
      this.#at += 1;
    }
    this.#fold = fold;
    const branch = this.#pick(branches);
    this.secret = branch.secret;
    return branch.text;
  }

  #sequence(): string {
    let out = "";
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at]!)) {
      const from = this.#at;
      let piece = this.#atom();
      const times = this.#quantifier();
      if (times !== 1) {
        const end = this.#at;
        piece = "";
        for (let i = 0; i < times; i += 1) {
          this.#at = from;
          piece += this.#atom();
        }
        this.#at = end;
      }
      out += piece;
    }
    return out;
  }

  #quantifier(): number {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at));
    if (match === null) return 1;
    this.#at += match[0].length;
    const [, sign, least, comma, most] = match;
    const low = sign === undefined ? Number(least) : sign === "+" ? 1 : 0;
    let high = low + MORE;
    if (sign === "?") high = 1;
    else if (sign === undefined && comma === "") high = low;
    else if (most !== undefined && most !== "") high = Number(most);
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  #atom(): string {
    const c = this.#source[this.#at]!;
    this.#at += 1;
    if (c === "(") return this.#group();
    if (c === "[") return this.#class();
    if (c === "\\") return this.#escape();
    if (c === "^" || c === "$") return "";
    if (c === ".") return this.#pick(PRINTABLE);
    // Literals are issued as they are written; `(?i)` stands for the letters of the classes.
    return c;
  }

  #cased(c: string): string {
    if (!this.#fold || this.#random() < 0.5) return c;
    return c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase();
  }

  #group(): string {
    const flags = /^\?([a-z-]*)([:)])/.exec(this.#source.slice(this.#at));
    const name = /^\?P?<\w+>/.exec(this.#source.slice(this.#at));
    const fold = this.#fold;
    if (flags !== null) {
      this.#at += flags[0].length;
      if (flags[1]!.includes("i")) this.#fold = !flags[1]!.includes("-");
      if (flags[2] === ")") return "";
    } else if (name !== null) this.#at += name[0].length;
    const text = this.#alternatives();
    this.#at += 1;
    this.#fold = fold;
    if (flags === null && text.length > (this.secret?.length ?? 0)) this.secret = text;
    return text;
  }

  #escape(): string {
    const c = this.#source[this.#at]!;
    this.#at += 1;
    if (c === "b" || c === "z" || c === "A" || c === "B") return "";
    if (c === "x") {
      this.#at += 2;
      return String.fromCharCode(Number.parseInt(this.#source.slice(this.#at - 2, this.#at), 16));
    }
    if (c === "n") return "\n";
    if (c === "r") return "\r";
    if (c === "t") return "\t";
    return CLASSES[c] === undefined ? c : this.#pick([...CLASSES[c]]);
  }

  #class(): string {
    const body = /^\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*/.exec(this.#source.slice(this.#at))![0];
    this.#at += body.length + 1;
    const chars = new Set<string>();
    const parts = body
      .replace(/^\^/, "")
      .matchAll(/\[:(\w+):\]|\\x(..)|\\(.)|([\s\S])(?:-([^\\]))?/g);
    for (const [whole, posix, hex, escaped, from, to] of parts) {
      if (posix !== undefined) for (const c of CLASSES[posix]!) chars.add(c);
      else if (hex !== undefined) chars.add(String.fromCharCode(Number.parseInt(hex, 16)));
      else if (escaped !== undefined) {
        for (const c of { n: "\n", r: "\r", t: "\t" }[escaped] ?? CLASSES[escaped] ?? escaped) {
          chars.add(c);
        }
      } else if (to === undefined) chars.add(from!);
      else
        for (let i = whole.charCodeAt(0); i <= whole.charCodeAt(2); i += 1) {
          chars.add(String.fromCharCode(i));
        }
    }
    const all = body.startsWith("^") ? PRINTABLE.filter((c) => !chars.has(c)) : [...chars];
    return this.#cased(this.#pick(all));
  }
}

export interface Sample {
  readonly text: string;
  readonly secret: string;
}

export function sampleOf({ source }: Expression, random: Random): Sample {
  const sampler = new Sampler(source, random);
  const text = sampler.make();
  return { text, secret: sampler.secret ?? text };
}

function isFound(redactor: Redactor, { text, secret }: Sample): boolean {
  return [`$ cat notes\n${text}\nDone.`, `  1→# settings\n  2→${text}\n`].every((content) => {
    const body = Buffer.from(JSON.stringify({ messages: [{ role: "tool", content }] }));
    const written = JSON.parse(redactor.redactBody(body).value.toString());
    return !written.messages[0].content.includes(secret);
  });
}

export interface SampleTally {
  readonly rules: number;
  /** Rules of which every sample was found. */
  readonly always: number;
  readonly samples: number;
  readonly found: number;
  /** Rules of which some or all were missed: how many, and of how many. */
  readonly misses: readonly {
    readonly id: string;
    readonly missed: number;
    readonly example: string;
  }[];
}

export function tallySamples(
  redactor: Redactor,
  expressions: readonly Expression[],
  each: number,
): SampleTally {
  const random = seededRandom(15);
  const misses: { id: string; missed: number; example: string }[] = [];
  let found = 0;
  for (const expression of expressions) {
    const missed = Array.from({ length: each }, () => sampleOf(expression, random)).filter(
      (sample) => !isFound(redactor, sample),
    );
    found += each - missed.length;
    if (missed.length > 0) {
      misses.push({ id: expression.id, missed: missed.length, example: missed[0]!.text });
    }
  }
  const rules = expressions.length;
  return { rules, always: rules - misses.length, samples: rules * each, found, misses };
}

if (import.meta.main) {
  const [path, each = "20"] = process.argv.slice(2);
  const redactor = createRedactor({ fingerprint: () => "00000000" });
  const expressions = expressionsOf(readFileSync(path!, "utf8"));
  const tally = tallySamples(redactor, expressions, Number(each));
  const percent = ((100 * tally.found) / tally.samples).toFixed(1);
  console.log(`${tally.always} of ${tally.rules} rules always, ${percent} % of the samples`);
  for (const { id, missed, example } of tally.misses) {
    console.log(
      `  ${id}: ${missed} of ${each} missed, as ${JSON.stringify(example.slice(0, 160))}`,
    );
  }
}
