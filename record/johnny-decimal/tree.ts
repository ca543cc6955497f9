/**
 * The tree as its writer sees it: which ID an exchange can go to, and the folder of that ID.
 *
 * Invariants: a folder is found by its number, whatever its title, and created with its
 * parents on its first write, never before; areas and categories are never invented here beyond
 * what `folder` is asked for; no folder is made in one that has been renamed or moved meanwhile, but
 * in the one that bears the number then; a number once given away is never given away again (on disk,
 * archived or in the journal); links and special files are refused. Every allocation is in the
 * journal and the index files are in step before the call returns. One writer at a time: the
 * daemon's lock sees to that.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../errors.ts";
import { folderModeFor } from "./file-mode.ts";
import { writeIndex } from "./index-files.ts";
import { type JdexEntry, jdexEntries } from "./jdex-entries.ts";
import {
  allocatedFor,
  appendJournal,
  JOURNAL_FILE,
  type JournalEntry,
  journaledIds,
  journaledTitle,
  type NewJournalEntry,
  readJournal,
} from "./journal.ts";
import {
  type JdNumber,
  nextId,
  parseNumber,
  RESERVED,
  reservedRole,
  SYSTEM_JDEX,
} from "./numbers.ts";
import { readPlainFile, replaceFile, syncFolder } from "./plain-file.ts";
import { EMPTY_PLAN, mergePlans, type Plan, plannedTitle } from "./plan.ts";
import { surveyTable, writeTable } from "./plan-table.ts";
import { foldersOfNumber, lookedAgain, scanTree, type TreeScan } from "./scan.ts";
import { folderName, standardTitle } from "./titles.ts";

/** The imported table, beside the index. */
export const PLAN_FILE = "plan.tsv";

export interface TreeOptions {
  /** Absolute path of the captures folder. */
  readonly captures: string;
  /** What the configuration plans (`planFromConfig`). */
  readonly plan?: Plan;
  readonly now?: () => Date;
}

/** What `allocate` gave away. */
export interface Allocation {
  readonly id: string;
  /** True from .90 on: the category is about to be full. */
  readonly nearlyFull: boolean;
}

/** From this number on a category is reported as nearly full. */
const NEARLY_FULL = 90;

export class CaptureTree {
  readonly captures: string;
  #configured: Plan;
  readonly #now: () => Date;
  /** Folders found before, by ID; each is looked at again before it is used. */
  readonly #known = new Map<string, string>();
  #indexDue = false;

  constructor(options: TreeOptions) {
    this.captures = options.captures;
    this.#configured = options.plan ?? EMPTY_PLAN;
    this.#now = options.now ?? (() => new Date());
  }

  /** Takes the plan of a reloaded configuration. */
  setPlan(plan: Plan) {
    this.#configured = plan;
  }

  /** The configured plan over the imported table. Read anew each time: it may be imported any day. */
  plan(): Plan {
    return mergePlans(this.#configured, this.importedPlan());
  }

  /** The table in 00.00: what can be read of it, since captures must be filed in any case. */
  importedPlan(): Plan {
    const folder = this.find(SYSTEM_JDEX);
    const text = folder === null ? null : readPlainFile(join(folder, PLAN_FILE));
    return text === null ? EMPTY_PLAN : surveyTable(text, "tsv").plan;
  }

  /** True where an area, category or ID is planned, on disk, or (an ID) in the journal. */
  knows(text: string): boolean {
    const number = parseNumber(text);
    if (number === null) return false;
    if (this.#resolve(number) !== null) return true;
    const numbers = this.plan().rows.map((row) => row.number);
    // A planned category implies its area, a planned ID its category.
    if (numbers.some((planned) => covers(number, planned))) return true;
    return number.id !== null && journaledIds(this.journal()).has(number.id);
  }

  /** Absolute folder of a number that is on disk, by number only; else null. */
  find(text: string): string | null {
    const number = parseNumber(text);
    return number === null ? null : this.#resolve(number);
  }

  /**
   * Absolute folder of an ID (or of `11.11+name`), created with its parents if need be; `title` is
   * for an ID that neither plan nor journal knows, `by` goes into the journal. Throws
   * `tree-refused` where something that is no folder is in the way, and what the disk throws.
   */
  folder(text: string, title: string | null = null, by = "path"): string {
    const number = parseNumber(text);
    if (number?.id == null) throw new CodedError("tree-refused", `not an ID: ${text}`);
    return lookedAgain(() => this.#folder(number, title, by));
  }

  #folder(number: JdNumber, title: string | null, by: string): string {
    const found = this.#resolve(number);
    if (found !== null) {
      if (this.#indexDue) this.writeIndex();
      return found;
    }
    const journal = this.journal();
    const id = number.id!;
    const isNew = this.#resolve(parseNumber(id)!) === null;
    const folder = this.#create(number, title, journal);
    // Made up for with the next call, where a folder is renamed before it is written.
    this.#indexDue = true;
    if (isNew && reservedRole(id) === null && !journaledIds(journal).has(id)) {
      this.record({
        id,
        kind: "allocate",
        from: null,
        to: this.#titleFor(number, title, journal),
        by,
      });
    }
    this.writeIndex();
    return folder;
  }

  /** The ID that was allocated in a category for this source (`upstream:ollama`), or null. */
  allocatedFor(category: string, source: string): string | null {
    return allocatedFor(this.journal(), category, source);
  }

  /**
   * Gives the next ID of a category to `source` and writes that into the journal; the folder comes
   * with the first write. Null when the category is full (.99 is used): use its inbox.
   */
  allocate(category: string, title: string, source: string | null, by: string): Allocation | null {
    const id = nextId(category, this.usedIds(category));
    if (id === null) return null;
    this.record({ id, kind: "allocate", from: source, to: title, by });
    return { id, nearlyFull: Number(id.slice(3)) >= NEARLY_FULL };
  }

  /** Every ID of a category that is planned, on disk (archived too), or in the journal. */
  usedIds(category: string): Set<string> {
    const planned = this.plan().rows.map((row) => row.number);
    const onDisk = this.scan().ids.map((folder) => folder.number.text);
    const all = [...planned, ...onDisk, ...journaledIds(this.journal())];
    return new Set(all.filter((text) => text.startsWith(`${category}.`)));
  }

  journal(): JournalEntry[] {
    const folder = this.find(SYSTEM_JDEX);
    return folder === null ? [] : readJournal(join(folder, JOURNAL_FILE)).entries;
  }

  /** Appends to the journal, with the time. */
  record(entry: NewJournalEntry) {
    const at = this.#now().toISOString();
    appendJournal(join(this.systemFolder(), JOURNAL_FILE), { at, ...entry });
  }

  scan(): TreeScan {
    return scanTree(this.captures);
  }

  /** Everything that is planned, on disk, or was given away. */
  entries(): readonly JdexEntry[] {
    return jdexEntries(this.plan(), this.scan(), this.journal());
  }

  /**
   * What the index files say: the same without the configuration, so that they only depend on what
   * lies in the tree, and machines with other configurations do not rewrite them in turns.
   */
  indexEntries(): readonly JdexEntry[] {
    return jdexEntries(this.importedPlan(), this.scan(), this.journal());
  }

  /** Brings both index files into step with table, folders and journal. True where one changed. */
  writeIndex(): boolean {
    const changed = writeIndex(this.systemFolder(), this.indexEntries());
    this.#indexDue = false;
    return changed;
  }

  /** Makes a table the plan of the tree. The 00.00 folder is named as that very plan says. */
  writePlan(plan: Plan) {
    const folder = this.find(SYSTEM_JDEX);
    if (folder !== null) {
      replaceFile(join(folder, PLAN_FILE), writeTable(plan, "tsv"));
      return;
    }
    const before = this.#configured;
    this.#configured = mergePlans(before, plan);
    try {
      replaceFile(join(this.systemFolder(), PLAN_FILE), writeTable(plan, "tsv"));
    } finally {
      this.#configured = before;
    }
  }

  /** Folder of the index and the journal, created where it is missing. */
  systemFolder(): string {
    return this.find(SYSTEM_JDEX) ?? this.#create(parseNumber(SYSTEM_JDEX)!, null, []);
  }

  #resolve(number: JdNumber): string | null {
    const known = this.#known.get(number.text);
    if (known !== undefined && isFolder(known)) return known;
    this.#known.delete(number.text);
    const found = lookedAgain(() => this.#search(number));
    if (found !== null) this.#known.set(number.text, found);
    return found;
  }

  #search(number: JdNumber): string | null {
    if (!isFolder(this.captures)) return null;
    const area = child(this.captures, number.area);
    if (number.category === null || area === null) return area;
    const category = child(area, number.category);
    if (number.id === null || category === null) return category;
    const archive = () => child(category, `${number.category}.${RESERVED.archive}`);
    const id = child(category, number.id) ?? childOrNull(archive(), number.id);
    if (number.sub === null || id === null) return id;
    const sub = join(id, `+${number.sub}`);
    return isFolder(sub) ? sub : null;
  }

  #create(number: JdNumber, title: string | null, journal: readonly JournalEntry[]): string {
    mkdirSync(this.captures, { recursive: true, mode: folderModeFor(this.captures) });
    let folder = this.captures;
    for (const text of [number.area, number.category!, number.id!]) {
      const step = parseNumber(text)!;
      const given = step.level === "id" ? title : null;
      const found = this.#resolve(step);
      folder = found ?? makeFolder(folder, folderName(text, this.#titleFor(step, given, journal)));
    }
    return number.sub === null ? folder : makeFolder(folder, `+${number.sub}`);
  }

  #titleFor(number: JdNumber, given: string | null, journal: readonly JournalEntry[]): string {
    const text = number.id ?? number.text;
    return (
      plannedTitle(this.plan(), text) ??
      journaledTitle(journal, text) ??
      standardTitle(number) ??
      given ??
      ""
    );
  }
}

/** A planned number covers itself and its parents. */
function covers(number: JdNumber, planned: string): boolean {
  const row = parseNumber(planned);
  const level = number.level === "sub" ? "id" : number.level;
  return row !== null && row[level] === number[level];
}

function child(folder: string, number: string): string | null {
  const name = foldersOfNumber(folder, number)[0];
  return name === undefined ? null : join(folder, name);
}

function childOrNull(folder: string | null, number: string): string | null {
  return folder === null ? null : child(folder, number);
}

function makeFolder(parent: string, name: string): string {
  const path = join(parent, name);
  try {
    mkdirSync(path, { mode: folderModeFor(path) });
    syncFolder(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!isFolder(path))
      throw new CodedError("tree-refused", `not a folder: ${path}`, { cause: error });
  }
  return path;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
