/**
 * `<state>/filer/current`: the filer's process id and the key of the exchange that it works on, for
 * whoever finds it dead and wants to know of what. One small write each; no sync, since only the
 * death of the process is of interest, not that of the machine.
 *
 * Invariants: what one filer left behind is never taken for what another one died of.
 */
import fs from "node:fs";
import { join } from "node:path";

const LENGTH = 64;

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
      const text = key === null ? "" : `${process.pid} ${key}`;
      fs.writeSync(this.#fd, text.padEnd(LENGTH), 0);
    } catch {
      // A full disk: then a filer that dies of this exchange is not seen to have died of it.
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** The key that the filer with this process id left behind, or null. */
export function readCurrentExchange(stateDir: string, pid: number | undefined): string | null {
  try {
    const text = fs.readFileSync(join(stateDir, "filer", "current"), "latin1");
    const [by, key] = text.trim().split(" ");
    return Number(by) === pid && key !== undefined ? key : null;
  } catch {
    return null;
  }
}
