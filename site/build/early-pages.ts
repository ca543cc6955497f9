/**
 * Pages of conversations that are rendered while other streams are still being read, so that no
 * thread waits for the largest stream.
 *
 * What always holds: only with threads, and only for streams that begin new days: what is continued
 * is put in order first (repage.ts). A conversation that another stream turns out to have as well
 * does not count as done, and is rendered again when all is known.
 */
import { join } from "node:path";
import type { DigestStore } from "../digest/day-digest.ts";
import type { BuildName } from "./at-hand.ts";
import type { Crew } from "./crew.ts";
import type { DaysMade } from "./digest-days.ts";
import type { SiteOptions } from "./options.ts";
import type { Rendered } from "./tasks.ts";
import { compileTemplates } from "./templates.ts";

export class EarlyPages {
  readonly #options: SiteOptions;
  readonly #onPage: () => void;
  readonly #running: Promise<Rendered | Error>[] = [];
  readonly #conversations: string[] = [];
  #templates: Promise<string> | null = null;

  constructor(options: SiteOptions, onPage: () => void) {
    this.#options = options;
    this.#onPage = onPage;
  }

  readonly begin = (
    { talks, continued }: DaysMade,
    { crew, name }: { readonly crew: Crew; readonly name: BuildName },
  ): void => {
    if (crew.size === 1 || continued) return;
    const ids = talks.map(([conversation]) => conversation);
    this.#conversations.push(...ids);
    for (let index = 0; index < crew.size; index += 1) {
      const conversations = ids.filter((_, at) => at % crew.size === index);
      this.#running.push(this.#render(crew, name, conversations));
    }
  };

  /** Waits for the pages; says which conversations need no other look. */
  async end(digests: DigestStore): Promise<{ conversations: string[]; rendered: Rendered[] }> {
    const rendered: Rendered[] = [];
    for (const result of await Promise.all(this.#running)) {
      if (result instanceof Error) throw result;
      rendered.push(result);
    }
    const isOfOneStream = (conversation: string) =>
      new Set(digests.daysOf(conversation).map(({ number }) => number)).size === 1;
    return {
      conversations: this.#conversations.filter(isOfOneStream),
      rendered,
    };
  }

  /** A failure is kept for `end`: until then nobody waits for it. */
  async #render(
    crew: Crew,
    name: BuildName,
    conversations: readonly string[],
  ): Promise<Rendered | Error> {
    const options = this.#options;
    try {
      // Once, before the threads ask for them.
      this.#templates ??= compileTemplates(join(options.state, "site"));
      await this.#templates;
      return await crew.run("talks", { options, name, conversations }, this.#onPage);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
