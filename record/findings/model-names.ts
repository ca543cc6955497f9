/**
 * Whether the model that served is the one that was asked for.
 *
 * What always holds: only a plain mismatch is one. Vendors prefix, date, number and turn round the
 * names of their models (`gpt-4o` is served by `gpt-4o-2024-08-06`, `claude-sonnet-4.6` by
 * `claude-4.6-sonnet-20260217`), routers are asked for "auto", deployments bear names of their own:
 * none of these is a mismatch. A served name that says more than the asked one may be its alias.
 */

/** `alias`: the served name is the asked one with a word more, and no word for a size. */
export type Likeness = "same" | "alias" | "other";

export function compareModels(asked: string, served: string): Likeness {
  const name = `${asked}\n${served}`;
  const seen = known.get(name);
  if (seen !== undefined) return seen;
  const found = compared(asked, served);
  if (known.size >= KEPT_PAIRS) known.clear();
  known.set(name, found);
  return found;
}

/** A day asks for few models, thousands of times. */
const KEPT_PAIRS = 256;
const known = new Map<string, Likeness>();

function compared(asked: string, served: string): Likeness {
  const [plainAsked, plainServed] = [plain(asked), plain(served)];
  if (FLOATING.test(plainAsked) || GENERIC.test(plainAsked) || GENERIC.test(plainServed))
    return "same";
  const [a, b] = [words(plainAsked), words(plainServed)];
  if (a.join() === b.join()) return "same";
  const more = [...b];
  for (const word of a) {
    const at = more.indexOf(word);
    if (at === -1) return "other";
    more.splice(at, 1);
  }
  return more.some((word) => SIZE.test(word) || /^\d/.test(word)) ? "other" : "alias";
}

/** Names that stand for whatever is current or chosen. */
const FLOATING = /(^|-)(auto|default|latest|router)($|-)|^deepseek-(chat|reasoner)$/;
/** Names that say nothing. */
const GENERIC = /^(model|models|unknown|none|local|)$/;
/** Words that tell one model of a family from another. */
const SIZE =
  /^(mini|nano|micro|tiny|small|medium|large|lite|light|flash|pro|max|plus|ultra|air|fast|turbo|haiku|sonnet|opus|instant|b|x)$/;

/** Without vendor, region, gateway suffixes and file endings, in one spelling. */
function plain(name: string): string {
  return (name.split(/[/\\]/).at(-1) ?? "")
    .toLowerCase()
    .replace(/^((us|eu|apac|global|us-gov)\.)?[a-z0-9]+\.(?=[a-z])/, "")
    .replace(/\.gguf$/, "")
    .replace(/:(free|nitro|floor|extended|thinking|online|beta|exacto|latest|cloud)$/, "")
    .replace(/:\d{4}-?\d\d-?\d\d(-v\d+)?$/, "")
    .replace(/(-v1|(?<=-(\d{8}|00\d))-v\d+)?(:\d+)?$/, "")
    .replace(/[._]/g, "-");
}

/** Its words and numbers in sorted order, without what names one dated or numbered build. */
function words(name: string): string[] {
  const bare = name.replace(BUILD, "").match(/[a-z]+|\d+/g) ?? [];
  return bare.filter((word) => word !== "v" && word !== "0").sort();
}

const BUILD =
  /[-@](20\d\d-?\d\d-?\d\d|\d\d-20\d\d|\d\d-\d\d(?=$)|\d{4}|\d{8}|0\d{1,2}|\d+k|latest|preview|exp|experimental|stable|ga|maas)(?=$|[-@])/g;
