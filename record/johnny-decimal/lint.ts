/**
 * What is wrong with a tree: every rule of docs/filing.md as a small function over plain data.
 *
 * Invariants: pure and read-only; findings come in the order of the rules and then of the
 * numbers, so two runs over one tree print the same; an error is what breaks filing or reading, a
 * warning what a purist would object to but the author may have meant.
 */
import { parseCaptureName } from "../format/capture-name.ts";
import { INDEX_FILE, JDEX_FILE } from "./index-files.ts";
import { JOURNAL_FILE, type JournalEntry, unresolved } from "./journal.ts";
import {
  idValue,
  LAST_ID,
  parseNumber,
  reservedRole,
  SYSTEM_AREA,
  SYSTEM_JDEX,
} from "./numbers.ts";
import { missingParents, type Plan } from "./plan.ts";
import type { StrayEntry, TreeFolder, TreeScan } from "./scan.ts";
import {
  folderName,
  isSafeTitle,
  parseFolderName,
  sanitiseTitle,
  standardTitle,
} from "./titles.ts";
import { isUnfiledName } from "./unfiled.ts";

export interface LintFinding {
  readonly severity: "error" | "warning";
  readonly code: string;
  /** Number it is about; null where there is none. */
  readonly number: string | null;
  /** Relative to the captures folder; null where it is about no file or folder. */
  readonly path: string | null;
  readonly message: string;
}

export interface LintInput {
  readonly scan: TreeScan;
  /** Configuration and imported table as one. */
  readonly plan: Plan;
  /** Rows of the imported table whose number came before, in words. */
  readonly twice: readonly string[];
  readonly journal: readonly JournalEntry[];
  /** Lines of the journal that are no entries. */
  readonly badJournalLines: readonly number[];
  /** IDs that rules of the configuration file to. */
  readonly routes: readonly string[];
  /** Files larger than LIMITS.gitFileBytes, relative to the captures folder. */
  readonly large: readonly {
    readonly path: string;
    readonly number: string;
    readonly bytes: number;
  }[];
  /** Index files that are not in step. */
  readonly staleIndex: readonly string[];
}

const PLAN_FILE = "plan.tsv";

const SYSTEM_FILES = new Set([INDEX_FILE, JDEX_FILE, JOURNAL_FILE, PLAN_FILE]);
const isSystemFile = (name: string) => SYSTEM_FILES.has(name) || isUnfiledName(name);
const NEARLY_FULL = 90;

/** All findings, errors first. */
export function lintTree(input: LintInput): LintFinding[] {
  const findings = [
    ...strays(input),
    ...names(input),
    ...parents(input),
    ...duplicates(input),
    ...reserved(input),
    ...files(input),
    ...largeFiles(input),
    ...routes(input),
    ...reuse(input),
    ...fullness(input),
    ...index(input),
    ...emptiness(input),
    ...plan(input),
  ];
  return [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))];
}

export function isError(finding: LintFinding): boolean {
  return finding.severity === "error";
}

function strays({ scan }: LintInput): LintFinding[] {
  return scan.strays.map((stray) => {
    const number = parseFolderName(stray.name)?.number ?? null;
    const about = { number: number?.text ?? null, path: stray.path };
    if (stray.kind === "symlink") {
      return error(linkCode(stray), about, "a symbolic link: it is never followed; move it away");
    }
    if (stray.kind === "special") {
      return error(linkCode(stray), about, "neither a file nor a folder: it is never opened");
    }
    if (stray.kind === "file") {
      return error("file-outside-id", about, "a file that is not in the folder of an ID");
    }
    if (stray.within === "id" || stray.within === "sub") {
      return error(
        "nesting-too-deep",
        about,
        "inside an ID there are files and +name folders only",
      );
    }
    if (number === null) {
      return error("invalid-name", about, "a folder without a number: number, one space, title");
    }
    const level = { root: "an area", area: "a category", category: "an ID" }[stray.within];
    return error("invalid-name", about, `${number.text} stands where only ${level} can be`);
  });
}

function linkCode(stray: StrayEntry): string {
  return stray.within === "id" || stray.within === "sub" ? "bad-file-name" : "file-outside-id";
}

function names({ scan }: LintInput): LintFinding[] {
  return numbered(scan).flatMap((folder) => {
    if (folder.title === null) {
      return [error("invalid-name", at(folder), "number, one space, title is the form of a name")];
    }
    if (isSafeTitle(folder.title)) return [];
    const better = folderName(folder.number.text, folder.title);
    return [
      warning("unsafe-title", at(folder), `some systems refuse this name; "${better}" is safe`),
    ];
  });
}

function parents({ scan }: LintInput): LintFinding[] {
  const wrongArea = scan.categories
    .filter((folder) => parentNumber(folder, 0) !== folder.number.area)
    .map((folder) => {
      const message = `category ${folder.number.text} belongs in area ${folder.number.area}`;
      return error("category-in-wrong-area", at(folder), message);
    });
  const wrongCategory = scan.ids
    .filter((folder) => parentNumber(folder, 1) !== folder.number.category)
    .map((folder) => {
      const message = `${folder.number.text} belongs in category ${folder.number.category}`;
      return error("id-in-wrong-category", at(folder), message);
    });
  return [...wrongArea, ...wrongCategory];
}

const HOW = "`callnumber jd resolve` makes them one, or gives the later one another number";

function duplicates({ scan, twice }: LintInput): LintFinding[] {
  const first = new Map<string, string>();
  const onDisk = numbered(scan).flatMap((folder) => {
    const other = first.get(folder.number.text);
    if (other === undefined) {
      first.set(folder.number.text, folder.path);
      return [];
    }
    return [
      error("duplicate-number", at(folder), `${folder.number.text} is also "${other}": ${HOW}`),
    ];
  });
  return [
    ...onDisk,
    ...twice.map((row) => error("duplicate-number", nowhere, `${PLAN_FILE}, ${row}`)),
  ];
}

function reserved({ scan, plan }: LintInput): LintFinding[] {
  const planned = new Set(plan.rows.map((row) => row.number));
  const used = scan.files.flatMap((file) => {
    const number = parseNumber(file.number)!;
    const role = reservedRole(number.id!);
    const isInSystem = number.area === SYSTEM_AREA && number.id !== SYSTEM_JDEX && role === null;
    const isOwn = number.id === SYSTEM_JDEX && isSystemFile(file.name);
    const isTaken =
      role === "jdex" || role === "archive" || (isInSystem && !planned.has(number.id!));
    if (!isTaken || isOwn) return [];
    const about = { number: number.text, path: file.path };
    return [
      error("reserved-number-used", about, `${number.id} is reserved; captures go elsewhere`),
    ];
  });
  const meant = plan.rows.flatMap((row) => {
    const number = parseNumber(row.number);
    if (number === null) return [];
    const standard = standardTitle(number);
    const reservedHere = number.area === SYSTEM_AREA || standard !== null;
    if (!reservedHere || row.title === "" || row.title === standard) return [];
    const what = number.area === SYSTEM_AREA ? "area 00-09 is the system's" : "this ID is reserved";
    const about = { number: row.number, path: null };
    return [warning("reserved-number-used", about, `${what}; "${row.title}" stays as planned`)];
  });
  return [...used, ...meant];
}

function files({ scan }: LintInput): LintFinding[] {
  return scan.files.flatMap((file) => {
    if (parseCaptureName(file.name) !== null) {
      const role = reservedRole(parseNumber(file.number)!.id!);
      const about = { number: file.number, path: file.path };
      if (role !== "inbox") return [];
      return [
        warning(
          "inbox-not-empty",
          about,
          "captures wait in the inbox: `callnumber file` moves them",
        ),
      ];
    }
    if (file.number === SYSTEM_JDEX && isSystemFile(file.name)) return [];
    const about = { number: file.number, path: file.path };
    return [error("bad-file-name", about, "a capture file is named YYYY-MM-DD[+n][.writer].jsonl")];
  });
}

function largeFiles({ large }: LintInput): LintFinding[] {
  return large.map(({ path, number, bytes }) => {
    const size = `${Math.ceil(bytes / 1024 / 1024)} MiB`;
    return warning("file-too-large", { number, path }, `${size}: ${LARGE_FILE_ADVICE}`);
  });
}

/** What to do about a file that is larger than LIMITS.gitFileBytes. */
export const LARGE_FILE_ADVICE =
  "one call alone is larger than the 100 MiB that GitHub takes; keep the file out of git " +
  "(.gitignore), store it with git lfs, or remove the call (callnumber prune)";

function routes({ scan, routes: targets, journal }: LintInput): LintFinding[] {
  const retired = retiredIds(journal);
  const archived = new Set(
    scan.ids.filter(({ archived }) => archived).map(({ number }) => number.text),
  );
  return targets.flatMap((id) => {
    const about = { number: id, path: null };
    const gone = retired.has(id) ? "was retired" : archived.has(id) ? "is archived" : null;
    return gone === null
      ? []
      : [error("route-to-missing-id", about, `a rule files to ${id}, which ${gone}`)];
  });
}

function reuse({ scan, journal }: LintInput): LintFinding[] {
  const twice = [...unresolved(journal).values()].flat().map((entry) => {
    const before = journal.find(({ kind, id }) => kind === "allocate" && id === entry.id)!;
    const given = `given to "${before.to}" at ${before.at} and to "${entry.to}" at ${entry.at}`;
    const message = `${given}: \`callnumber jd resolve\` gives the later one a number of its own`;
    return error("number-reused", { number: entry.id, path: null }, message);
  });
  const retired = retiredIds(journal);
  const back = scan.ids
    .filter((folder) => retired.has(folder.number.text))
    .filter((folder) => scan.files.some((file) => file.path.startsWith(`${folder.path}/`)))
    .map((folder) =>
      error("number-reused", at(folder), "the journal says that this ID was retired"),
    );
  return [...twice, ...back];
}

function fullness({ scan, plan, journal }: LintInput): LintFinding[] {
  const highest = new Map<string, number>();
  const allocated = journal.filter(({ kind }) => kind === "allocate").map(({ id }) => id);
  const all = [...scan.ids.map(({ number }) => number.text), ...plan.rows.map((row) => row.number)];
  for (const text of [...all, ...allocated]) {
    const number = parseNumber(text);
    if (number?.id == null || number.category === null) continue;
    highest.set(number.category, Math.max(highest.get(number.category) ?? 0, idValue(number.id)));
  }
  return [...highest].flatMap(([category, value]) => {
    const about = { number: category, path: null };
    if (value >= LAST_ID) {
      return [error("category-full", about, `${category}.99 is used: split the category in two`)];
    }
    if (value < NEARLY_FULL) return [];
    return [
      warning(
        "category-nearly-full",
        about,
        `${LAST_ID - value} IDs are left in category ${category}`,
      ),
    ];
  });
}

function index({ staleIndex, badJournalLines }: LintInput): LintFinding[] {
  const about = { number: SYSTEM_JDEX, path: null };
  return [
    ...staleIndex.map((name) => {
      return error(
        "index-mismatch",
        about,
        `${name} is not in step: \`callnumber jd index\` mends it`,
      );
    }),
    ...badJournalLines.map((line) => {
      return warning(
        "journal-line-unread",
        about,
        `${JOURNAL_FILE}:${line} is no entry of a journal`,
      );
    }),
  ];
}

function emptiness({ scan }: LintInput): LintFinding[] {
  const holders = [
    ...scan.files.map((file) => file.path),
    ...scan.strays.map((stray) => stray.path),
  ];
  return [...scan.areas, ...scan.categories, ...scan.ids, ...scan.subs].flatMap((folder) => {
    if (holders.some((path) => path.startsWith(`${folder.path}/`))) return [];
    return [
      warning("empty-folder", at(folder), "a folder is made by its first capture, not before"),
    ];
  });
}

function plan({ plan: rows }: LintInput): LintFinding[] {
  const unsafe = rows.rows.flatMap((row) => {
    if (row.title === "" || isSafeTitle(row.title)) return [];
    const message = `as a folder "${row.title}" is called "${sanitiseTitle(row.title)}"`;
    return [warning("unsafe-title", { number: row.number, path: null }, message)];
  });
  const orphans = missingParents(rows).map((number) => {
    const message = `the plan has no row for ${number.text}, only rows below it`;
    return warning("missing-parent", { number: number.text, path: null }, message);
  });
  return [...unsafe, ...orphans.filter(({ number }) => number !== SYSTEM_AREA && number !== "00")];
}

type About = Pick<LintFinding, "number" | "path">;
const nowhere: About = { number: null, path: null };

function error(code: string, about: About, message: string): LintFinding {
  return { severity: "error", code, number: about.number, path: about.path, message };
}

function warning(code: string, about: About, message: string): LintFinding {
  return { severity: "warning", code, number: about.number, path: about.path, message };
}

function at(folder: TreeFolder): About {
  return { number: folder.number.text, path: folder.path };
}

function numbered(scan: TreeScan): TreeFolder[] {
  return [...scan.areas, ...scan.categories, ...scan.ids];
}

function parentNumber(folder: TreeFolder, depth: number): string | null {
  return parseFolderName(folder.path.split("/")[depth] ?? "")?.number.text ?? null;
}

function retiredIds(journal: readonly JournalEntry[]): Set<string> {
  return new Set(journal.filter(({ kind }) => kind === "retire").map(({ id }) => id));
}
