/** Keeps a site built as `callnumber up` does, until it is ended; says so when it has built once. */
import type { SiteOptions } from "../../site/build.ts";
import { watchSite } from "../../site/watch.ts";

const options = JSON.parse(process.argv[2]!) as SiteOptions;
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
await watchSite(options, {
  signal: stop.signal,
  onReport: () => process.send?.("ready"),
  onError: () => process.send?.("ready"),
});
process.disconnect();
