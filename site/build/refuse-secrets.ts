/**
 * The last look before publishing: capture files are redacted when they are written, and are
 * scanned again here, because a published key is a lost one.
 *
 * What always holds: fails closed, before anything of the build is published; a message shows four
 * characters of a secret and no more; bytes that an earlier build has seen are not scanned again.
 */
import { readFileSync } from "node:fs";
import { CodedError } from "../../record/errors.ts";
import { scan } from "../../record/secrets/scan.ts";
import { type DayOnDisk, dayKey, type Manifest } from "./manifest.ts";

/** Throws site-secret-found, naming file, line and rule, where a dirty day holds a credential. */
export function refuseSecrets(days: readonly DayOnDisk[], before: Manifest): void {
  const found: string[] = [];
  for (const { number, day, files } of days) {
    const seen = seenBytes(before.days[dayKey(number, day)]?.signature ?? "");
    for (const file of files) {
      const bytes = readFileSync(file);
      const from = seen.get(nameOf(file)) ?? 0;
      // A file that became shorter is another file.
      const start = from <= bytes.length ? from : 0;
      const lines = start === 0 ? 0 : countLines(bytes.subarray(0, start));
      for (const { rule, line, preview } of scan(bytes.subarray(start))) {
        found.push(`${file}:${lines + line}: ${rule} (${preview})`);
      }
    }
  }
  if (found.length === 0) return;
  const rest = found.length > 20 ? `\n  and ${found.length - 20} more` : "";
  throw new CodedError(
    "site-secret-found",
    `not published: what looks like a credential stands in\n  ${found.slice(0, 20).join("\n  ")}${rest}`,
  );
}

/** Sizes of the files in a day's signature (`name:size:time|…`). */
function seenBytes(signature: string): Map<string, number> {
  const entries = signature.split("|").flatMap((mark): [string, number][] => {
    const match = /^(.+):(\d+):[^:]*$/.exec(mark);
    return match ? [[match[1]!, Number(match[2])]] : [];
  });
  return new Map(entries);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}
