/**
 * A page to be rendered: where it stands and how its view is made when its turn comes. Jobs hold
 * keys, not records: a build of a hundred thousand pages stays as small as its largest page.
 */
import type { PageView } from "../view/pages.ts";

/** Which template renders it. */
export type PageKind = PageView["kind"];

export interface PageJob {
  readonly kind: PageKind;
  /** From the root of a language, with a trailing slash: `11.11/2026-11-23/2/`; "" for the root. */
  readonly path: string;
  /** Parameters of the template's route, without the language. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly view: () => PageView;
}
