/**
 * A CaptureWriter that goes on with a file that is already there, after a restart.
 *
 * What always holds: it only reads; appending is the caller's `append`. A torn last line has to be
 * moved away before the first append, which is the caller's too: `torn` says how many bytes it has.
 */
import { CaptureWriter, type CaptureWriterOptions } from "../bodies/capture-writer.ts";
import { eachLine } from "./file-lines.ts";

export interface Resumed {
  readonly writer: CaptureWriter;
  /** Bytes after the last complete line. */
  readonly torn: number;
}

/** A writer that knows what the file at `path` holds; an absent file is a new one. */
export function resumeWriter(path: string, options: CaptureWriterOptions): Resumed {
  const writer = new CaptureWriter(options);
  try {
    const { complete, size } = eachLine(path, (line) => writer.absorb(line));
    return { writer, torn: size - complete };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { writer, torn: 0 };
    throw error;
  }
}
