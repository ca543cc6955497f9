/**
 * Writes some exchanges of one capture file into a file of their own: self-contained, with every
 * part that they need and none that they do not.
 *
 * Invariants: the source is only read, and has to verify first; the new file appears under
 * its name whole and verified, or not at all; every exchange in it has the same stored bytes and
 * digests as before. An existing file is replaced only where the caller says so.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CaptureWriter } from "../bodies/capture-writer.ts";
import { decodeChunks } from "../bodies/chunks.ts";
import { CodedError } from "../errors.ts";
import { parseCaptureName } from "../format/capture-name.ts";
import type { Body, ExchangeLine } from "../format/schema.ts";
import type { CaptureFile } from "../reader/capture-file.ts";
import { eachLine } from "../reader/file-lines.ts";
import { verifyFile } from "../reader/verify.ts";
import { fileModeFor } from "./file-mode.ts";
import { syncFolder } from "./plain-file.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const KNOWN_LINE = /^\{"type":"(?:file|part|exchange)"[,}]/;

/** Throws `refile-refused` where a file cannot be rewritten without losing something of it. */
export function assertRewritable(path: string) {
  const problem = verifyFile(path)[0];
  if (problem !== undefined) {
    throw new CodedError("refile-refused", `${path}:${problem.line}: ${problem.message}`);
  }
  let line = 0;
  eachLine(path, (bytes) => {
    line++;
    if (KNOWN_LINE.test(bytes.toString("latin1", 0, 40))) return;
    throw new CodedError("refile-refused", `${path}:${line}: a line of a later version`);
  });
}

/**
 * Writes the exchanges of `source` whose ids are in `ids` to `path`, in their order, each by `copy`.
 * Throws what the disk says and `refile-refused`; then nothing is there.
 */
export function rewriteCapture(
  source: CaptureFile,
  ids: ReadonlySet<string>,
  path: string,
  replace: boolean,
  copy: typeof copyExchange = copyExchange,
) {
  if (!replace && existsSync(path))
    throw new CodedError("refile-refused", `${path} is there already`);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  removeDrafts(path);
  try {
    writeExchanges(source, ids, draft, path, copy);
    const problem = verifyFile(draft)[0];
    if (problem !== undefined) {
      throw new CodedError("refile-refused", `${path}:${problem.line}: ${problem.message}`);
    }
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(path));
}

/** Of this process, and of those that were killed. */
function removeDrafts(path: string) {
  const start = `.${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(start) ? /^(\d+)\.tmp$/.exec(name.slice(start.length))?.[1] : null;
    if (pid && (Number(pid) === process.pid || !isAlive(Number(pid)))) {
      rmSync(join(dirname(path), name), { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function writeExchanges(
  source: CaptureFile,
  ids: ReadonlySet<string>,
  draft: string,
  path: string,
  copy: typeof copyExchange,
) {
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileModeFor(path));
  try {
    const { day, writer } = parseCaptureName(basename(path))!;
    const capture = new CaptureWriter({
      day,
      created: source.header?.created ?? `${day}T00:00:00.000Z`,
      writer,
      append: (lines) => {
        for (let done = 0; done < lines.length; ) done += writeSync(fd, lines, done);
      },
    });
    for (const exchange of source.exchanges()) {
      if (ids.has(exchange.id)) copy(source, exchange, capture);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Stores an exchange of one file in another, with the parts that it needs. */
export function copyExchange(source: CaptureFile, exchange: ExchangeLine, capture: CaptureWriter) {
  const draft = capture.draft();
  const copy = structuredClone(exchange);
  const sent = exchange.request.body;
  if (sent) {
    copy.request.body = stored(sent, source, exchange, draft, () =>
      draft.request(source.requestBody(exchange)!),
    );
  }
  const received = exchange.response?.body;
  if (copy.response && received) {
    copy.response.body = stored(received, source, exchange, draft, () =>
      draft.body(source.responseBody(exchange)!),
    );
  }
  const assembled = source.assembled(exchange);
  if (copy.response && assembled !== null) {
    copy.response.assembled = draft.part(Buffer.from(assembled), true);
  }
  capture.write(draft, copy);
}

function stored(
  body: Body,
  source: CaptureFile,
  exchange: ExchangeLine,
  draft: ReturnType<CaptureWriter["draft"]>,
  plain: () => Body,
): Body {
  const { parts: _parts, chunks, ...rest } = body;
  const form =
    chunks === undefined ? plain() : draft.stream(decodeChunks(source.part(chunks, exchange)));
  if (form.sha256 !== body.sha256) {
    throw new CodedError("refile-refused", `exchange ${exchange.id} did not come out the same`);
  }
  return { ...rest, ...form };
}
