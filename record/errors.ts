/**
 * The one catalogue of everything that callnumber itself can refuse or fail with.
 *
 * Invariants: a code is never reused for another meaning, every code stands in
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
  "folder-unusable": {
    meaning: "the folder for captures or the state folder cannot be written to",
    hint: "set `captures:` or `state:` to a folder that the daemon's user may write to",
    exit: 78,
  },
  "state-unusable": {
    meaning: "the state directory cannot hold the key file, or the key file in it is damaged",
    hint: "check permissions and disk; a damaged key may be removed (fingerprints then change)",
    exit: 73,
  },
  "listen-failed": {
    meaning: "the address cannot be listened on",
    hint: "another program uses the port, or the address is not this machine's: `listen:` in the configuration is the daemon's, `site.listen:` the site's",
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
    exit: 2,
  },
  "bad-argument": {
    meaning: "an argument or option of a command means nothing: no such number, day, rule or name",
    hint: "the message names what is nearest, or what there is; `callnumber ls` shows the numbers",
    exit: 2,
  },
  "no-such-exchange": {
    meaning: "no exchange has this id",
    hint: "`callnumber ls` lists the exchanges; a unique beginning of the id is enough",
    exit: 2,
  },
  "ambiguous-exchange": {
    meaning: "more than one exchange has an id that begins so",
    hint: "give more characters of the id; `callnumber ls` lists them",
    exit: 2,
  },
  "capture-damaged": {
    meaning: "a body of a capture file cannot be joined back; the line is named",
    hint: "`callnumber verify` lists what is damaged; restore the file from git",
    exit: 65,
  },
  "bad-pattern": {
    meaning: "the pattern to search for is not a regular expression",
    hint: "`-F` searches for plain text",
    exit: 2,
  },
  "no-such-path": {
    meaning: "an argument is neither a number of the tree nor an existing file or folder",
    hint: "`callnumber ls` shows the numbers; paths are relative to the working folder",
    exit: 2,
  },
  "verify-failed": {
    meaning: "at least one body does not join back to its digest, or a line is damaged",
    hint: "the lines are named; restore the file from git",
    exit: 1,
  },
  "site-secret-found": {
    meaning: "what looks like a credential is on a line of which no telling is which call shows it",
    hint: "nothing was published: `callnumber scan` names the line; `callnumber verify` what is damaged",
    exit: 1,
  },
  "site-captures-moved": {
    meaning: "captures were moved or deleted while the site was built from them, twice in a row",
    hint: "what was published stays; build again when `refile`, `prune` or the like is done",
    exit: 75,
  },
  "allow-refused": {
    meaning: "what a scan found cannot be put on the list of what is allowed",
    hint: "give fingerprints that `callnumber scan` prints, and with --reason why each is no secret",
    exit: 64,
  },
  "scan-refused": {
    meaning: "a file holds a line that is too long to be looked through for credentials",
    hint: "look yourself what it is; nothing that is recorded has such lines",
    exit: 65,
  },
  "fix-refused": {
    meaning: "`scan --fix` was asked for something else than the tree of captures",
    hint: "it takes no paths; `callnumber scan PATH` looks into any file",
    exit: 64,
  },
  "site-busy": {
    meaning: "another build works in the same state folder and has not ended",
    hint: "wait for it, or end that process; a build that was cut short is made up for by the next",
    exit: 75,
  },
  "redaction-deadline": {
    meaning: "looking for secrets in a record took longer than its deadline",
    hint: "the call is filed without that body; look at your own redact rules",
    exit: 1,
  },
  "redaction-rule-invalid": {
    meaning: "a rule under redact.rules cannot be used",
    hint: "a pattern must compile, match something, and repeat nothing that repeats inside",
    exit: 78,
  },
  "git-failed": {
    meaning: "git, which scan --staged and init ask, answered with an error",
    hint: "run it inside a git repository, with git in the PATH",
    exit: 69,
  },
  "init-refused": {
    meaning:
      "the folder is callnumber's own checkout, or cannot be written: no place for your captures",
    hint: "name a folder of your own: git init ~/calls, then `callnumber init ~/calls`",
    exit: 64,
  },
  "service-refused": {
    meaning: "the service cannot be installed this way",
    hint: "as a system service: with sudo, and Node, callnumber, configuration, captures, state and site outside of homes; or use --user",
    exit: 77,
  },
  "systemd-failed": {
    meaning: "a program of systemd is not there or answered with an error",
    hint: "`journalctl -u callnumber -n 50` tells more; without systemd use `callnumber serve`",
    exit: 69,
  },
  "astro-missing": {
    meaning: "the site needs the optional package astro, which is not installed",
    hint: "`npm ci --omit=dev` in the checkout, or install the package without --omit=optional; or use `callnumber serve`, which has no site",
    exit: 69,
  },
  "request-malformed": {
    meaning:
      "the request is not clean HTTP/1.1: its borders or its host are open to more than one reading",
    hint: "the message names what is wrong; no real client sends this",
    status: 400,
  },
  "path-refused": {
    meaning: "the path could be read as another host or as leaving its folder",
    hint: "send the path plainly: no `//` at the start, no `..`, no backslash, no NUL",
    status: 400,
  },
  "method-refused": {
    meaning: "the method asks for a tunnel or an echo, which this is not",
    hint: "CONNECT and TRACE are never forwarded; set the base URL of the client instead of a proxy",
    status: 400,
  },
  "token-refused": {
    meaning: "the daemon wants a token and the request has none or a wrong one",
    hint: "send it in the header x-callnumber-token or as the first path segment, /~TOKEN/…",
    status: 403,
  },
  "origin-refused": {
    meaning: "a web page of another origin tried to use the daemon through a browser",
    hint: "browsers are not served; call the daemon from a program",
    status: 403,
  },
  "upstream-private": {
    meaning:
      "the name of the upstream resolves to a private address, and the configuration does not allow that",
    hint: "write the address itself as the upstream's url, or set `allow_private: true` for it",
    status: 403,
  },
  "unknown-client": {
    meaning: "there is no recipe for a client of this name",
    hint: "`callnumber connect` lists them; any client with a base URL works",
    exit: 2,
  },
  "unknown-upstream": {
    meaning: "the first path segment names no upstream and there is no default_upstream",
    hint: "the base URL is http://HOST:PORT/UPSTREAM/…; `callnumber connect` prints it for each client",
    exit: 2,
    status: 404,
  },
  "no-such-route": {
    meaning: "the daemon has no route of its own under /-/ by this name",
    hint: "health, ready, version and metrics exist",
    status: 404,
  },
  "request-too-slow": {
    meaning: "the request came in too slowly and was given up",
    hint: "at least one kilobyte a minute is expected while a body is being sent",
    status: 408,
  },
  "host-refused": {
    meaning: "the Host header is not a name of this daemon (a guard against DNS rebinding)",
    hint: "add the name under `hosts:` in the configuration",
    status: 421,
  },
  "headers-too-large": {
    meaning: "the head of the request is larger than is accepted",
    hint: "64 KiB and 1000 headers are accepted",
    status: 431,
  },
  "internal-error": {
    meaning: "a fault of the daemon itself ended this one exchange",
    hint: "the log tells more; please report it",
    status: 500,
  },
  "upstream-unreachable": {
    meaning: "no connection to the upstream: refused, reset or no route",
    hint: "check that it runs and that its url in the configuration is right",
    status: 502,
  },
  "upstream-dns": {
    meaning: "the name of the upstream does not resolve",
    hint: "check the spelling of its url and this machine's name service",
    status: 502,
  },
  "upstream-tls": {
    meaning: "the certificate of the upstream is not accepted, or TLS failed otherwise",
    hint: "for a private authority set `ca:` for this upstream; there is no switch to turn the check off",
    status: 502,
  },
  "upstream-closed": {
    meaning: "the upstream closed the connection before it had answered",
    hint: "try again; the daemon repeats only what an HTTP/2 upstream says it did not process",
    status: 502,
  },
  "upstream-protocol": {
    meaning: "the upstream's answer is not clean HTTP",
    hint: "the message names what is wrong; check that the url points to an HTTP server",
    status: 502,
  },
  "over-capacity": {
    meaning:
      "as many exchanges are in flight as limits.in_flight allows, or the process has no file handles left",
    hint: "wait, or raise limits.in_flight (and the limit of open files)",
    status: 503,
  },
  "shutting-down": {
    meaning: "the daemon is ending and the exchange did not end within the drain time",
    hint: "raise `drain:` where answers take longer",
    status: 503,
  },
  "connect-timeout": {
    meaning: "the upstream did not accept a connection in time",
    hint: "timeouts.connect of the upstream sets the time",
    status: 504,
  },
  "headers-timeout": {
    meaning: "the upstream did not begin its answer within timeouts.headers",
    hint: "the timeout is off unless the configuration sets it",
    status: 504,
  },
  "body-timeout": {
    meaning: "the upstream fell silent in the middle of its answer for longer than timeouts.body",
    hint: "the timeout is off unless the configuration sets it",
    status: 504,
  },
  "loop-detected": {
    meaning: "the request came back to the daemon that had sent it",
    hint: "an upstream's url points to the daemon itself",
    status: 508,
  },
  "client-gone": {
    meaning: "the client closed the connection before the answer was complete",
    hint: "nothing to mend; the upstream was cancelled at once",
  },
  "upstream-aborted": {
    meaning: "the upstream broke off in the middle of its answer",
    hint: "what had arrived is recorded; the client saw the same break",
  },
  "tree-refused": {
    meaning:
      "something in the captures tree is not what its name says: a link, a device, no folder",
    hint: "captures are kept in plain files and folders only; move what is in the way elsewhere",
    exit: 73,
  },
  "table-invalid": {
    meaning: "the table cannot become the plan of the tree; every row in question is named",
    hint: "three columns: number, title, description; one row a number; UTF-8 (or say --encoding)",
    exit: 65,
  },
  "refile-refused": {
    meaning: "captures cannot be moved or deleted as asked; nothing was changed",
    hint: "the message names the reason; `--dry-run` shows what would happen",
    exit: 65,
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
