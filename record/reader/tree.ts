/**
 * The captures folder as a reader sees it: streams (Johnny.Decimal IDs), their days, and the files
 * of a day.
 *
 * Invariants: folders are found by number, titles are only labels; symbolic links and
 * special files are never followed. The tree is looked at when the object is made; make a new one to
 * see what has come since. It must never write.
 */
import { join } from "node:path";
import { parseCaptureName } from "../format/capture-name.ts";
import { scanTree, type TreeFolder } from "../johnny-decimal/scan.ts";
import { DayReader } from "./day-reader.ts";

export interface Numbered {
  readonly number: string;
  /** The folder's title; null where its name has none. */
  readonly title: string | null;
}

/** One stream: an ID folder, or a `+name` folder inside one. */
export interface Stream extends Numbered {
  readonly area: Numbered;
  readonly category: Numbered;
  /** Absolute path of the folder. */
  readonly path: string;
  readonly archived: boolean;
}

/** The files of one UTC day, continuations after what they continue, writers in name order. */
export interface Day {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Absolute paths. */
  readonly files: string[];
}

export class Tree {
  readonly captures: string;
  readonly #streams: Stream[] = [];
  readonly #days = new Map<string, Day[]>();

  constructor(captures: string) {
    this.captures = captures;
    const scan = scanTree(captures);
    const titles = new Map<string, string | null>();
    for (const { number, title } of [...scan.areas, ...scan.categories]) {
      titles.set(number.text, title);
    }
    const numbered = (number: string): Numbered => ({ number, title: titles.get(number) ?? null });
    for (const folder of [...scan.ids, ...scan.subs].sort(byNumber)) {
      const { text, area, category } = folder.number;
      // Two folders with one number (a lint error) are one stream with the files of both.
      if (this.#streams.at(-1)?.number === text) continue;
      this.#streams.push({
        number: text,
        title: folder.title,
        area: numbered(area),
        category: numbered(category ?? ""),
        path: join(captures, folder.path),
        archived: folder.archived,
      });
    }
    const files = new Map<string, { path: string; name: string }[]>();
    for (const { number, name, path } of scan.files) {
      const list = files.get(number) ?? [];
      files.set(number, list);
      list.push({ path: join(captures, path), name });
    }
    for (const [number, list] of files) this.#days.set(number, daysOf(list));
  }

  /** All streams, in number order, also those without a capture. */
  streams(): readonly Stream[] {
    return this.#streams;
  }

  /** The days of a stream (`11.11`, `11.11+name`), oldest first; empty where there is no such. */
  days(number: string): readonly Day[] {
    return this.#days.get(number) ?? [];
  }

  /** Every capture file of the tree, in number and day order. */
  *files(): Generator<{ readonly stream: Stream; readonly day: string; readonly path: string }> {
    for (const stream of this.#streams) {
      for (const { day, files } of this.days(stream.number)) {
        for (const path of files) yield { stream, day, path };
      }
    }
  }

  /** Opens the files of a day; the caller closes the reader. Throws what the file system throws. */
  openDay(
    files: string | readonly string[],
    until?: (path: string) => number | undefined,
  ): DayReader {
    return DayReader.open(files, until);
  }
}

/** An absent folder is an empty tree. */
export function openTree(captures: string): Tree {
  return new Tree(captures);
}

function byNumber(a: TreeFolder, b: TreeFolder): number {
  return a.number.text < b.number.text ? -1 : a.number.text > b.number.text ? 1 : 0;
}

function daysOf(files: readonly { path: string; name: string }[]): Day[] {
  const named = files.flatMap(({ path, name }) => {
    const parsed = parseCaptureName(name);
    return parsed ? [{ path, ...parsed }] : [];
  });
  named.sort((a, b) => {
    const [x, y] = [`${a.day} ${a.writer ?? ""}`, `${b.day} ${b.writer ?? ""}`];
    return x < y ? -1 : x > y ? 1 : a.part - b.part;
  });
  const days: Day[] = [];
  for (const { day, path } of named) {
    const last = days.at(-1);
    if (last?.day === day) last.files.push(path);
    else days.push({ day, files: [path] });
  }
  return days;
}
