/**
 * Captures that change between builds as real ones do: calls are filed, many of them late and out of
 * order, days are pruned, folders renamed, files rewritten and moved. Seeded.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CaptureWriter } from "../../record/bodies/capture-writer.ts";
import { copyExchange } from "../../record/johnny-decimal/rewrite-capture.ts";
import { CaptureFile } from "../../record/reader/capture-file.ts";
import { eachLine } from "../../record/reader/file-lines.ts";
import { generateCaptures } from "../bench/generate-captures.ts";
import { seededRandom } from "../seeded-random.ts";

/** How far a call may be filed behind one that began after it. */
const LATE_COUNT = 40;

interface Source {
  /** Below the captures folder. */
  readonly path: string;
  readonly file: CaptureFile;
  /** Ids in the order in which they are filed; those before `filed` are. */
  readonly ids: readonly string[];
  filed: number;
}

export interface CutOptions {
  readonly folder: string;
  readonly seed: number;
  readonly exchanges: number;
  readonly days: number;
}

export class CutCaptures implements Disposable {
  readonly captures: string;
  readonly #random: () => number;
  readonly #sources: Source[];
  #renamed = 0;

  constructor({ folder, seed, exchanges, days }: CutOptions) {
    this.captures = join(folder, "captures");
    this.#random = seededRandom(seed);
    const whole = join(folder, "whole");
    generateCaptures({ folder: whole, exchanges, days, seed, lastDay: "2026-11-22" });
    this.#sources = filesOf(whole)
      .map((path) => {
        const file = CaptureFile.open(path);
        const late = file.ids.map((id, at) => ({ id, at: at + this.#random() ** 4 * LATE_COUNT }));
        const ids = late.sort((a, b) => a.at - b.at).map(({ id }) => id);
        return { path: relative(whole, path), file, ids, filed: 0 };
      })
      .sort((a, b) => (dayOf(a.path) < dayOf(b.path) ? -1 : 1));
    // The older days are there, the newest has begun.
    for (const source of this.#sources) this.#file(source, Math.ceil(source.ids.length * 0.7));
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#sources) file.close();
  }

  /** Something happens to the captures; says what. */
  change(): string {
    const dice = this.#random();
    if (dice < 0.7) {
      const open = this.#sources.filter(({ ids, filed }) => filed < ids.length);
      if (open.length > 0) {
        // Mostly the newest day, sometimes one before it.
        const source = open[Math.floor(this.#random() ** 0.3 * open.length)]!;
        const count = Math.ceil(this.#random() ** 3 * 12);
        this.#file(source, count);
        return `${count} filed in ${source.path}`;
      }
    }
    const files = filesOf(this.captures);
    const file = files[Math.floor(this.#random() * files.length)]!;
    const name = relative(this.captures, file);
    if (dice < 0.8) return this.#startOver(name);
    if (dice < 0.9) return this.#rewrite(file, name);
    this.#renamed += 1;
    const folder = dirname(file);
    renameSync(
      folder,
      join(
        dirname(folder),
        `${folder.slice(-40).split("/").at(-1)!.split(" ")[0]} Name ${this.#renamed}`,
      ),
    );
    return `${relative(this.captures, folder)} renamed`;
  }

  /** The day goes; its calls are filed again later. */
  #startOver(name: string): string {
    rmSync(join(this.captures, name));
    for (const source of this.#sources) if (isSame(source.path, name)) source.filed = 0;
    return `${name} deleted`;
  }

  /** The same lines in a file of their own, as tools that rewrite do. */
  #rewrite(file: string, name: string): string {
    const text = readFileSync(file);
    rmSync(file);
    appendFileSync(file, text);
    return `${name} rewritten`;
  }

  #file(source: Source, count: number): void {
    const path = this.#pathOf(source);
    const { day } = { day: dayOf(source.path) };
    const writer = new CaptureWriter({
      day,
      created: `${day}T00:00:00.000Z`,
      writer: null,
      append: (lines) => appendFileSync(path, lines),
    });
    if (source.filed > 0) eachLine(path, (line) => writer.absorb(line));
    for (const id of source.ids.slice(source.filed, source.filed + count)) {
      copyExchange(source.file, source.file.exchange(id), writer);
    }
    source.filed = Math.min(source.ids.length, source.filed + count);
  }

  /** Where the file lies now, its folder having been renamed perhaps. */
  #pathOf({ path }: Source): string {
    const there = filesOf(this.captures).find((file) =>
      isSame(relative(this.captures, file), path),
    );
    if (there !== undefined) return there;
    const folder = foldersOf(this.captures).find((known) =>
      isSame(join(relative(this.captures, known), "x"), join(dirname(path), "x")),
    );
    const target = join(folder ?? join(this.captures, dirname(path)), path.split("/").at(-1)!);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  }
}

const dayOf = (path: string): string => path.split("/").at(-1)!.slice(0, 10);

/** Whether two paths are of one number and file name. */
function isSame(a: string, b: string): boolean {
  const key = (path: string) =>
    path
      .split("/")
      .map((name) => name.split(" ")[0])
      .join("/");
  return key(a) === key(b);
}

function filesOf(folder: string): string[] {
  return entriesOf(folder, "file").filter((path) => path.endsWith(".jsonl"));
}

function foldersOf(folder: string): string[] {
  return entriesOf(folder, "folder");
}

function entriesOf(folder: string, kind: "file" | "folder"): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => (kind === "file" ? entry.isFile() : entry.isDirectory()))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [];
  }
}
