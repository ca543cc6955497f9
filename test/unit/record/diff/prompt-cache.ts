/**
 * A provider's prompt cache, simulated: what a request is read as, token by token, and how much of
 * it was read before. Knows nothing of `record/`: the tests measure its figures against ours.
 *
 * What always holds: the order is tools, system, tool choice, messages; markers are not read; what
 * is remembered are real prefixes of real prompts. `anthropic` remembers up to each marker and
 * reports reads, writes and the rest apart; `openai` remembers every prompt by itself, in blocks of
 * 128 tokens from 1,024 on, and reports reads inside its input.
 */

export interface Prompt {
  readonly model: string;
  readonly tools: readonly object[];
  readonly system: string;
  readonly choice: unknown;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  /** Index of the message that bears the marker. */
  readonly marked: number;
}

export interface Read {
  readonly usage: Record<string, number>;
  /** Tokens of the prompt, and how many of the prompt before it stand at its beginning. */
  readonly tokens: number;
  readonly shared: number;
  /** Tokens read from the cache, and in it afterwards. */
  readonly read: number;
  readonly kept: number;
}

/** Words of at most five characters: finer than any tokenizer needs, and not bytes over four. */
const tokensOf = (text: string): string[] => text.match(/\s*\S{1,5}/gu) ?? [];

export class SimulatedCache {
  readonly #kind: "anthropic" | "openai";
  #remembered: string[][] = [];
  #last: string[] = [];

  constructor(kind: "anthropic" | "openai") {
    this.#kind = kind;
  }

  ask(prompt: Prompt): Read {
    const head = tokensOf(`${prompt.model}\n${JSON.stringify(prompt.tools)}\n${prompt.system}\n`);
    const choice = this.#kind === "anthropic" ? JSON.stringify(prompt.choice ?? "auto") : "";
    const said = prompt.messages.map(({ role, text }) => tokensOf(`\n${role}: ${text}`));
    const all = [...head, ...tokensOf(choice), ...said.flat()];
    const after = said.slice(prompt.marked + 1).flat().length;
    const marks = [head.length, all.length - after];
    const read = this.#read(all, marks);
    const shared = common(this.#last, all);
    this.#last = all;
    if (this.#kind === "anthropic") {
      for (const mark of marks) this.#remembered.push(all.slice(0, mark));
      const end = marks[1]!;
      const written = Math.max(0, end - read);
      const usage = {
        input_tokens: all.length - read - written,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: written,
      };
      return { usage, tokens: all.length, shared, read, kept: end };
    }
    this.#remembered.push(all);
    const usage = {
      prompt_tokens: all.length,
      completion_tokens: 1,
      total_tokens: all.length + 1,
      cached_tokens: read,
    };
    return { usage, tokens: all.length, shared, read, kept: all.length };
  }

  #read(all: string[], marks: readonly number[]): number {
    let most = 0;
    for (const known of this.#remembered) {
      const same = common(known, all);
      if (this.#kind === "openai") most = Math.max(most, same - (same % 128));
      // A prefix that was written counts as a whole, and up to the last marker.
      else if (same === known.length && same <= marks[1]!) most = Math.max(most, same);
    }
    return most >= 1024 ? most : 0;
  }
}

function common(a: readonly string[], b: readonly string[]): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}
