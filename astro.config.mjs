/**
 * How Astro builds the site: static pages in folders, no image service, no telemetry, nothing
 * inlined (the pages' security policy allows no inline style or script). site/build/render.ts adds
 * the folders of the build at hand; the templates get their pages from it alone.
 */
import { defineConfig } from "astro/config";

export default defineConfig({
  output: "static",
  srcDir: "./site",
  compressHTML: true,
  build: { format: "directory", inlineStylesheets: "never" },
  image: { service: { entrypoint: "astro/assets/services/noop" } },
  devToolbar: { enabled: false },
  scopedStyleStrategy: "class",
});
