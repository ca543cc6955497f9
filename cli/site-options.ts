/** What the site is built from, out of the configuration: for `up` and the `site` commands. */
import type { Config } from "../daemon/config/types.ts";
import type { SiteOptions } from "../site/build/options.ts";

export function siteOptionsOf({ captures, state, site }: Config): SiteOptions {
  const { out, title, languages, timezone } = site;
  return { captures, out, state, title, languages, timezone };
}
