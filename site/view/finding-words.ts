/** Titles of findings by rule, in the site's languages; a rule that is not known shows its id. */
import { RULES } from "../../record/findings.ts";

const titles = new Map(RULES.map((rule) => [rule.id, rule.title]));

export function findingTitle(rule: string, lang: string): string {
  const title = titles.get(rule);
  if (!title) return rule;
  return lang === "zh-Hant" ? title["zh-Hant"] : title.en;
}
