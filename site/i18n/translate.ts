/**
 * The site's own words in its languages, from string tables that are plain data. Captured text is
 * never translated and never passes through here.
 *
 * A string may hold `{name}` for a value and `{n|call|calls}` for a value with its noun in the
 * singular or plural. What always holds: every table has every key (the type says so).
 */
import { en } from "./en.ts";
import { zhHant } from "./zh-hant.ts";

export type StringKey = keyof typeof en;
export type Table = Readonly<Record<StringKey, string>>;
export type Values = Readonly<Record<string, string | number>>;
export type Translate = (key: StringKey, values?: Values) => string;

interface Language {
  /** BCP 47 tag, as in `<html lang>` and in the path of its pages. */
  readonly tag: string;
  /** Its name in itself, for the switch. */
  readonly name: string;
  readonly table: Table;
}

/** Every language there is a table for, by tag. */
export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: { tag: "en", name: "English", table: en },
  "zh-Hant": { tag: "zh-Hant", name: "繁體中文", table: zhHant },
};

/** The translator for a language tag; English where there is no table for it. */
export function translator(tag: string): Translate {
  const table = LANGUAGES[tag]?.table ?? en;
  return (key, values = {}) => fill(table[key], values);
}

/** True where `key` is the key of a string: for keys made at run time, such as `outcome.timeout`. */
export function isStringKey(key: string): key is StringKey {
  return Object.hasOwn(en, key);
}

function fill(text: string, values: Values): string {
  if (!text.includes("{")) return text;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one, other) => {
    const value = values[name] ?? "";
    if (one === undefined) return String(value);
    return `${value} ${String(value) === "1" ? one : other}`;
  });
}
