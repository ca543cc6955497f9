/**
 * `<state>/filer/current`: the key of the exchange that is being worked on, for whoever finds the
 * filer dead and wants to know of what. One small write each; no sync, since only the death of the
 * process is of interest, not that of the machine.
 */
import fs from "node:fs";
import { join } from "node:path";

const LENGTH = 48;

export class CurrentExchange {
  readonly #fd: number;

  constructor(stateDir: string) {
    const folder = join(stateDir, "filer");
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#fd = fs.openSync(join(folder, "current"), "w", 0o600);
  }

  /** null: none. */
  set(key: string | null): void {
    try {
      fs.writeSync(this.#fd, (key ?? "").padEnd(LENGTH), 0);
    } catch {
      // A full disk: then a filer that dies of this exchange is not seen to have died of it.
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** The key that a filer left behind, or null. */
export function readCurrentExchange(stateDir: string): string | null {
  try {
    return fs.readFileSync(join(stateDir, "filer", "current"), "latin1").trim() || null;
  } catch {
    return null;
  }
}
