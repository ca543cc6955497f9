/** What the site is built from, out of the configuration: for `up` and the `site` commands. */
import type { Config } from "../daemon/config/types.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import type { SiteOptions } from "../site/build/options.ts";

export function siteOptionsOf({ captures, state, site, tree }: Config): SiteOptions {
  const { out, title, languages, timezone } = site;
  const plan = planFromConfig(tree);
  return { captures, out, state, title, languages, timezone, plan };
}
