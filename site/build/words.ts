/**
 * The words of a page in all languages from one rendering: templates are given marks where words
 * stand, and each language's words are put in afterwards. Rendering is what a page costs, and all
 * but the words is the same in every language.
 *
 * What always holds: a mark holds a number that nobody who was captured could have known, and never
 * text; words are escaped as text is, which fits attributes too. Pages are handled as bytes in a
 * latin1 string, so that no text is decoded and encoded again.
 */
import { randomBytes } from "node:crypto";
import { type StringKey, type Translate, translator, type Values } from "../i18n/translate.ts";

const NONCE = randomBytes(12).toString("hex");
const MARK = new RegExp(`~${NONCE}:(\\d+)~`, "g");

type InLanguage = (tag: string) => string;

/** The marks of one page. */
export class PageWords {
  readonly #slots: InLanguage[] = [];
  readonly #plain = new Map<StringKey, string>();

  /** A mark for what `make` says in each language. */
  mark(make: InLanguage): string {
    return `~${NONCE}:${this.#slots.push(make) - 1}~`;
  }

  /** Like a translator's, for templates. A value may be a mark itself. */
  readonly t: Translate = (key, values) => {
    if (values !== undefined) return this.mark((tag) => saidIn(tag, key, values));
    let known = this.#plain.get(key);
    if (known === undefined) {
      known = this.mark((tag) => saidIn(tag, key));
      this.#plain.set(key, known);
    }
    return known;
  };

  /** The page in one language. `page` and what it returns are UTF-8 bytes as latin1. */
  in(tag: string, page: string): string {
    const made = new Map<string, string>();
    return page.replace(MARK, (_, slot: string) => {
      let words = made.get(slot);
      if (words === undefined) {
        words = Buffer.from(escaped(this.#words(tag, slot))).toString("latin1");
        made.set(slot, words);
      }
      return words;
    });
  }

  #words(tag: string, slot: string): string {
    const make = this.#slots[Number(slot)]!;
    return make(tag).replace(MARK, (_, inner: string) => this.#words(tag, inner));
  }
}

const translators = new Map<string, Translate>();

function saidIn(tag: string, key: StringKey, values?: Values): string {
  let t = translators.get(tag);
  if (t === undefined) {
    t = translator(tag);
    translators.set(tag, t);
  }
  return t(key, values);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&quot;",
};

function escaped(text: string): string {
  return text.replace(/[&<>'"]/g, (character) => ENTITIES[character]!);
}
