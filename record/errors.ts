/**
 * The one catalogue of everything that callnumber itself can refuse or fail with.
 *
 * What always holds: a code is never reused for another meaning, every code stands in
 * docs/errors.md (a test compares), messages are lower case, have no trailing stop and carry the
 * offending value. Which HTTP status or exit code goes with a code is decided here and nowhere else.
 */

interface CatalogueEntry {
  /** What it means, one line; the documentation shows it. */
  readonly meaning: string;
  /** What the reader can do about it. */
  readonly hint: string;
  /** Exit code of a command that ends with it (sysexits.h where one fits). */
  readonly exit?: number;
  /** HTTP status of an answer that the daemon itself gives. */
  readonly status?: number;
}

export const CATALOGUE = {
  "config-invalid": {
    meaning: "the configuration file has errors; every one is listed with its line",
    hint: "mend the lines named; `callnumber init` writes a commented file to start from",
    exit: 78,
  },
  "config-unreadable": {
    meaning: "the configuration file named with --config or $CALLNUMBER_CONFIG cannot be read",
    hint: "check the path and the permissions",
    exit: 78,
  },
  "tree-locked": {
    meaning: "another daemon already writes to this state directory or tree",
    hint: "stop the other one, or give this one its own `state` and `captures`",
    exit: 78,
  },
  "listen-failed": {
    meaning: "the address cannot be listened on",
    hint: "another program uses the port, or the address is not this machine's",
    exit: 69,
  },
  "token-required": {
    meaning: "listening beyond loopback without a token is refused",
    hint: "set `token:` in the configuration, or listen on 127.0.0.1",
    exit: 78,
  },
  "unknown-command": {
    meaning: "there is no such command",
    hint: "`callnumber --help` lists the commands",
    exit: 64,
  },
  "no-such-exchange": {
    meaning: "no exchange has this id",
    hint: "`callnumber ls` lists the exchanges; a unique beginning of the id is enough",
    exit: 66,
  },
  "verify-failed": {
    meaning: "at least one body does not join back to its digest, or a line is damaged",
    hint: "the lines are named; restore the file from git",
    exit: 1,
  },
  "astro-missing": {
    meaning: "the site needs the optional package astro, which is not installed",
    hint: "npm install astro (43.5 MB), or use `callnumber serve` without a site",
    exit: 69,
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** An error with a stable code. `message` carries the offending value, `cause` what lies beneath. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  override readonly name = "CodedError";

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get hint(): string {
    return CATALOGUE[this.code].hint;
  }

  /** Exit code for a command; 1 where the catalogue names none. */
  get exit(): number {
    return (CATALOGUE[this.code] as CatalogueEntry).exit ?? 1;
  }

  /** HTTP status for an answer of the daemon; 500 where the catalogue names none. */
  get status(): number {
    return (CATALOGUE[this.code] as CatalogueEntry).status ?? 500;
  }
}
