/**
 * What templates may use besides their view: words, addresses, figures. It reaches them through
 * `Astro.locals.site`; templates import no module of ours, so that one instance of each serves all.
 */
import { isStringKey, LANGUAGES, type Translate, translator } from "../i18n/translate.ts";
import { findingTitle } from "../view/finding-words.ts";
import * as format from "../view/format.ts";
import { knownCost, knownTokens, tokensPerSecond, ttftMedian } from "../view/totals.ts";
import { visible, visibleParts } from "../view/visible.ts";
import { BASE } from "./links.ts";
import type { SiteOptions } from "./options.ts";
import type { PageJob } from "./page-job.ts";

export interface SiteContext {
  readonly name: string;
  readonly lang: string;
  readonly path: string;
  /** Whether the page watches for the next build. */
  readonly live: boolean;
  readonly built: string;
  readonly t: Translate;
  readonly languages: readonly { tag: string; name: string; href: (path: string) => string }[];
  /** Address of a page of this language. */
  readonly href: (path: string) => string;
  /** Address of a file that all languages share. */
  readonly asset: (path: string) => string;
  readonly f: typeof format;
  readonly seen: (text: string) => string;
  readonly seenParts: typeof visibleParts;
  readonly clock: (instant: string) => { day: string; time: string };
  readonly isKey: typeof isStringKey;
  readonly findingWords: (rule: string) => string;
  readonly view: {
    readonly turnPath: typeof turnPath;
    readonly knownCost: typeof knownCost;
    readonly knownTokens: typeof knownTokens;
    readonly ttftMedian: typeof ttftMedian;
    readonly tokensPerSecond: typeof tokensPerSecond;
  };
  readonly diffWords: Readonly<Record<string, string>>;
}

/** Where an exchange is shown: its turn on its conversation's page, or a place in that turn. */
export function turnPath(place: {
  readonly id: string;
  readonly conversation: string;
  readonly page: number;
  readonly anchor?: string;
}): string {
  const page = place.page > 1 ? `${place.page}/` : "";
  return `c/${place.conversation}/${page}#x${place.id}${place.anchor ? `-${place.anchor}` : ""}`;
}

export function siteContext(
  options: SiteOptions,
  lang: string,
  job: PageJob,
  built: string,
): SiteContext {
  const first = options.languages[0];
  const rootOf = (tag: string) => (tag === first ? BASE : `${BASE}${tag}/`);
  const t = translator(lang);
  const at = format.clock(built, options.timezone);
  return {
    name: options.title,
    lang,
    path: job.path,
    live: options.live === true,
    built: `${at.day} ${at.time.slice(0, 5)}`,
    t,
    languages: options.languages.map((tag) => ({
      tag,
      name: LANGUAGES[tag]?.name ?? tag,
      href: (path) => `${rootOf(tag)}${path}`,
    })),
    href: (path) => `${rootOf(lang)}${path}`,
    asset: (path) => `${BASE}${path}`,
    f: format,
    seen: visible,
    seenParts: visibleParts,
    clock: (instant) => format.clock(instant, options.timezone),
    isKey: isStringKey,
    findingWords: (rule) => findingTitle(rule, lang),
    view: { turnPath, knownCost, knownTokens, ttftMedian, tokensPerSecond },
    diffWords: diffWords(t),
  };
}

/** The words of the comparison that the script puts together. */
function diffWords(t: Translate): Record<string, string> {
  return {
    divergence: t("diff.divergence"),
    same: t("diff.same"),
    lost: t("diff.lost", { tokens: "{n}" }),
    read: t("diff.read", { cached: "{cached}", input: "{input}" }),
    colon: t("site.colon"),
    onlyLeft: t("diff.only.left"),
    onlyRight: t("diff.only.right"),
    rewritten: t("diff.rewritten"),
    unchanged: t("diff.unchanged", { n: "{n}" }),
    failed: t("exchange.loadFailed"),
    none: t("search.none"),
    tools: t("role.tool"),
    params: t("conversation.params"),
    system: t("role.system"),
    user: t("role.user"),
    assistant: t("role.assistant"),
    tool: t("role.tool"),
  };
}
