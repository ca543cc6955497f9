/**
 * The committed samples as a tree of their own, for tests: `captures/` of a checkout may hold calls
 * that its user recorded there (an older version did that), and no test may depend on those.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SAMPLES = fileURLToPath(new URL("../../captures/90-99 Samples", import.meta.url));

/** Copies the samples to `captures/` in this folder; the path of that tree. */
export function copySamples(folder: string): string {
  const captures = join(folder, "captures");
  cpSync(SAMPLES, join(captures, "90-99 Samples"), { recursive: true });
  return captures;
}
