/**
 * What Astro puts in front of the compiled templates: the app that renders a page when it is asked
 * for one. site/build/templates.ts compiles it, site/build/render.ts calls it.
 */
import { createApp } from "astro/app/entrypoint";

// A page that fails must fail before any of it is written.
export const app = createApp({ streaming: false });
