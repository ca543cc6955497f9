/** Folders for tests of the daemon; all of them are gone when the test process ends. */
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";

const made: string[] = [];
process.on("exit", () => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

/** A new, empty folder. */
export function tempFolder(): string {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "callnumber-test-"));
  made.push(folder);
  return folder;
}
