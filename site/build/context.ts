/**
 * What templates may use besides their view: words, addresses, figures. It reaches them through
 * `Astro.locals.site`; templates import no module of ours, so that one instance of each serves all.
 *
 * Invariants: nothing in here depends on the language but through marks (see words.ts), for a
 * page is rendered once for all of them.
 */
import type { Text } from "../../record/findings/model.ts";
import { isStringKey, LANGUAGES, type Translate, translator } from "../i18n/translate.ts";
import { findingTitle } from "../view/finding-words.ts";
import * as format from "../view/format.ts";
import { knownCost, knownTokens, tokensPerSecond, ttftMedian } from "../view/totals.ts";
import { plain, visible, visibleParts } from "../view/visible.ts";
import { BASE } from "./links.ts";
import type { SiteOptions } from "./options.ts";
import type { PageJob } from "./page-job.ts";
import type { PageWords } from "./words.ts";

export interface SiteContext {
  readonly name: string;
  readonly lang: string;
  readonly path: string;
  /** Whether the page watches for the next build. */
  readonly live: boolean;
  readonly t: Translate;
  /** The other languages of the site. */
  readonly others: readonly { tag: string; name: string; href: (path: string) => string }[];
  /** Address of a page of this language. */
  readonly href: (path: string) => string;
  /** Address of a file that all languages share. */
  readonly asset: (path: string) => string;
  readonly f: typeof format;
  readonly seen: (text: string) => string;
  readonly seenParts: typeof visibleParts;
  /** `{plain(x) ?? <Seen text={x} />}` makes no component of what needs none. */
  readonly plain: typeof plain;
  readonly clock: (instant: string) => { day: string; time: string };
  /** Time of day, with the date where that is not `day`. */
  readonly time: (instant: string, day: string) => string;
  /** IANA name of the zone that both are in. */
  readonly zone: string;
  readonly isKey: typeof isStringKey;
  readonly findingWords: (rule: string) => string;
  /** What a finding says, fit to be looked at. */
  readonly findingText: (text: Text) => string;
  readonly view: {
    readonly turnPath: typeof turnPath;
    readonly knownCost: typeof knownCost;
    readonly knownTokens: typeof knownTokens;
    readonly ttftMedian: typeof ttftMedian;
    readonly tokensPerSecond: typeof tokensPerSecond;
  };
  /** JSON. */
  readonly diffWords: string;
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

export function siteContext(options: SiteOptions, job: PageJob, words: PageWords): SiteContext {
  const { languages } = options;
  const folderOf = (tag: string) => (tag === languages[0] ? "" : `${tag}/`);
  const folder = words.mark(folderOf);
  return {
    name: options.title,
    lang: words.mark((tag) => tag),
    path: job.path,
    live: options.live === true,
    t: words.t,
    others: languages.slice(1).map((_, index) => {
      const other = (tag: string) => languages.filter((known) => known !== tag)[index]!;
      const otherFolder = words.mark((tag) => folderOf(other(tag)));
      return {
        tag: words.mark(other),
        name: words.mark((tag) => LANGUAGES[other(tag)]?.name ?? other(tag)),
        href: (path) => `${BASE}${otherFolder}${path}`,
      };
    }),
    href: (path) => `${BASE}${folder}${path}`,
    asset: (path) => `${BASE}${path}`,
    f: format,
    seen: visible,
    seenParts: visibleParts,
    plain,
    clock: (instant) => format.clock(instant, options.timezone),
    time: (instant, day) => format.timeOn(instant, options.timezone, day),
    zone: options.timezone,
    isKey: isStringKey,
    findingWords: (rule) => words.mark((tag) => findingTitle(rule, tag)),
    findingText: (text) =>
      words.mark((tag) => visible(tag === "zh-Hant" ? text["zh-Hant"] : text.en)),
    view: { turnPath, knownCost, knownTokens, ttftMedian, tokensPerSecond },
    diffWords: words.mark((tag) => JSON.stringify(diffWords(translator(tag)))),
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
    stop: t("site.stop"),
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
