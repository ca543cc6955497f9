/** Folders of the published site whose pages are numbered. */
import { join } from "node:path";
import { namesIn, remove } from "./files.ts";

/** Of each language, below the published folder; "" for the first. */
export function languageFolders({
  languages,
}: {
  readonly languages: readonly string[];
}): string[] {
  return languages.map((language, index) => (index === 0 ? "" : language));
}

/** Removes pages beyond the last one: `3/` or `3.bin`. */
export function dropBeyond(folder: string, most: number): void {
  for (const name of namesIn(folder)) {
    const page = /^(\d+)(\.bin)?$/.exec(name)?.[1];
    if (page !== undefined && Number(page) > most) remove(join(folder, name));
  }
}
