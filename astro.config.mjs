/**
 * How Astro compiles the site: templates that render a page when they are asked for one, no image
 * service, no telemetry, nothing inlined (the pages' security policy allows no inline style or
 * script). site/build/templates-process.ts adds the folders and the adapter; site/build/render.ts
 * asks for the pages and publishes them as files.
 */
import { defineConfig } from "astro/config";

export default defineConfig({
  output: "server",
  srcDir: "./site",
  compressHTML: true,
  build: { format: "directory", inlineStylesheets: "never" },
  image: { service: { entrypoint: "astro/assets/services/noop" } },
  devToolbar: { enabled: false },
  scopedStyleStrategy: "class",
});
