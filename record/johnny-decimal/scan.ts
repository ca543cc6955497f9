/**
 * Looks at a captures folder and says which numbers it holds, by number only. Read-only.
 *
 *   10-19 Coding agents/  11 Cline/  11.11 OpenRouter/  2026-11-23.jsonl
 *                                                       +experiment/2026-11-23.jsonl
 *                                    11.09 Archive for category 11/  11.12 Ollama/ …
 *
 * Invariants: symbolic links and special files are never followed or opened, only reported;
 * a title decides nothing; entries come in name order, so two scans of one tree are equal. Hidden
 * entries (a leading dot) belong to other tools and are passed over. A folder that is renamed on the
 * way is not missed: it is looked for again from the top.
 */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isSubName, type JdNumber, RESERVED } from "./numbers.ts";
import { parseFolderName } from "./titles.ts";

export interface TreeFolder {
  readonly number: JdNumber;
  /** As the folder carries it, NFC; null where the name is not `number, one space, title`. */
  readonly title: string | null;
  readonly name: string;
  /** Relative to the captures folder, with `/`. */
  readonly path: string;
  /** True for an ID folder that lies in its category's archive. */
  readonly archived: boolean;
}

/** Something that is no numbered folder, or a numbered folder at the wrong depth. */
export interface StrayEntry {
  readonly path: string;
  readonly name: string;
  readonly kind: "file" | "folder" | "symlink" | "special";
  /** What the folder that holds it is: the root, an area, a category, an ID or a `+name`. */
  readonly within: "root" | "area" | "category" | "id" | "sub";
}

export interface TreeFile {
  readonly path: string;
  readonly name: string;
  /** `11.11` or `11.11+name`. */
  readonly number: string;
}

export interface TreeScan {
  readonly areas: readonly TreeFolder[];
  readonly categories: readonly TreeFolder[];
  readonly ids: readonly TreeFolder[];
  readonly subs: readonly TreeFolder[];
  /** Regular files inside ID folders and their `+name` folders. */
  readonly files: readonly TreeFile[];
  readonly strays: readonly StrayEntry[];
}

/** How often folders may be renamed while one look is taken. */
const LOOKS = 50;

/** Scans the whole tree; an absent folder is an empty tree. Other errors are thrown as they come. */
export function scanTree(captures: string): TreeScan {
  return lookedAgain(() => scanOnce(captures));
}

/** What `look` gives, taken anew where a folder went away under it. Throws what the last one does. */
export function lookedAgain<T>(look: () => T): T {
  for (let looks = 1; ; looks++) {
    try {
      return look();
    } catch (error) {
      if (!isGone(error) || looks >= LOOKS) throw error;
    }
  }
}

/** Whether an error says that a folder on the way is not there any more. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function scanOnce(captures: string): TreeScan {
  const found = { areas: [], categories: [], ids: [], subs: [], files: [], strays: [] } as Found;
  if (lstatSync(captures, { throwIfNoEntry: false }) === undefined) return found;
  for (const area of numbered(captures, "", "root", found)) {
    if (area.number.level !== "area") {
      stray(found, area, "root");
      continue;
    }
    found.areas.push(area);
    for (const category of numbered(captures, area.path, "area", found)) {
      if (category.number.level !== "category") {
        stray(found, category, "area");
        continue;
      }
      found.categories.push(category);
      scanCategory(captures, category, found);
    }
  }
  return found;
}

/**
 * Folders in a folder whose name begins with this number, in name order. Links do not count. Throws
 * ENOENT where the folder itself is gone.
 */
export function foldersOfNumber(folder: string, number: string): string[] {
  return entries(folder)
    .filter((entry) => entry.isDirectory() && parseFolderName(entry.name)?.number.text === number)
    .map((entry) => entry.name);
}

interface Found {
  areas: TreeFolder[];
  categories: TreeFolder[];
  ids: TreeFolder[];
  subs: TreeFolder[];
  files: TreeFile[];
  strays: StrayEntry[];
}

function scanCategory(captures: string, category: TreeFolder, found: Found) {
  for (const id of numbered(captures, category.path, "category", found)) {
    if (id.number.level !== "id") {
      stray(found, id, "category");
      continue;
    }
    found.ids.push(id);
    scanId(captures, id, found);
  }
}

function scanId(captures: string, id: TreeFolder, found: Found) {
  const isArchive = id.number.text.endsWith(`.${RESERVED.archive}`) && !id.archived;
  for (const entry of entries(join(captures, id.path))) {
    const path = `${id.path}/${entry.name}`;
    if (entry.isFile()) {
      found.files.push({ path, name: entry.name, number: id.number.text });
      continue;
    }
    const sub = entry.name.normalize("NFC");
    const parsed = parseFolderName(entry.name);
    if (!entry.isDirectory()) {
      found.strays.push({ path, name: entry.name, kind: kindOf(entry), within: "id" });
    } else if (sub.startsWith("+") && isSubName(sub.slice(1))) {
      scanSub(captures, id, entry.name, found);
    } else if (isArchive && parsed?.number.level === "id") {
      const archived = { ...parsed, name: entry.name, path, archived: true };
      found.ids.push(archived);
      scanId(captures, archived, found);
    } else {
      found.strays.push({ path, name: entry.name, kind: "folder", within: "id" });
    }
  }
}

function scanSub(captures: string, id: TreeFolder, name: string, found: Found) {
  const path = `${id.path}/${name}`;
  const sub = name.normalize("NFC").slice(1);
  const text = `${id.number.text}+${sub}`;
  const number: JdNumber = { ...id.number, level: "sub", text, sub };
  found.subs.push({ number, title: sub, name, path, archived: id.archived });
  for (const entry of entries(join(captures, path))) {
    const inner = `${path}/${entry.name}`;
    if (entry.isFile()) found.files.push({ path: inner, name: entry.name, number: text });
    else found.strays.push({ path: inner, name: entry.name, kind: kindOf(entry), within: "sub" });
  }
}

/** The numbered folders in a folder; whatever else lies there is reported as a stray. */
function numbered(
  captures: string,
  path: string,
  within: StrayEntry["within"],
  found: Found,
): TreeFolder[] {
  const folders: TreeFolder[] = [];
  for (const entry of entries(join(captures, path))) {
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    const parsed = entry.isDirectory() ? parseFolderName(entry.name) : null;
    if (parsed === null) {
      found.strays.push({ path: inner, name: entry.name, kind: kindOf(entry), within });
    } else {
      folders.push({ ...parsed, name: entry.name, path: inner, archived: false });
    }
  }
  return folders;
}

function stray(found: Found, folder: TreeFolder, within: StrayEntry["within"]) {
  found.strays.push({ path: folder.path, name: folder.name, kind: "folder", within });
}

function entries(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(entry: Dirent): StrayEntry["kind"] {
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isDirectory()) return "folder";
  return entry.isFile() ? "file" : "special";
}
