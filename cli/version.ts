/** The version from package.json: the one place where it stands. */
import { existsSync, readFileSync } from "node:fs";

/** Semantic version of this installation, e.g. `0.1.0`. */
export function version(): string {
  // One folder up from a checkout's cli/, two from the published dist/cli/.
  for (const up of ["../package.json", "../../package.json"]) {
    const file = new URL(up, import.meta.url);
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  }
  throw new Error("package.json is missing from this installation");
}
