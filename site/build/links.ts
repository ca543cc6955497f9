/**
 * Relative links from a marker base. Astro writes every address of the site below `BASE`; a page
 * knows how deep it lies only once it is a file, so the marker is replaced when it is published.
 *
 * What always holds: the marker is replaced at the start of attribute values alone, where captured
 * text cannot stand (its quotes are escaped); afterwards no absolute link of the site is left, so
 * the folder works below any path and from a disk.
 */

/** Astro's `base` while rendering. */
export const BASE = "/callnumber-base/";

/** `html` of the page at `path` (`11.11/2026-11-23/`, "" for the root) with relative links. */
export function relativeLinks(html: string, path: string): string {
  const depth = path === "" ? 0 : path.split("/").length - 1;
  const up = "../".repeat(depth);
  return html.replace(/="\/callnumber-base\/([^"]*)"/g, (_, rest: string) => {
    const to = `${up}${rest}`;
    return `="${to === "" ? "./" : to}"`;
  });
}
