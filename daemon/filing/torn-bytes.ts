/**
 * Where half-written lines go: `<state>/torn/<file name>.<offset>.<n>.torn`, 0600.
 *
 * What always holds: the bytes are on the disk there before they are cut off where they were.
 */
import fs from "node:fs";
import { basename, join } from "node:path";

export class TornBytes {
  readonly #folder: string;
  readonly #say: (message: string) => void;

  /** `say` is told of every file that was mended. */
  constructor(stateDir: string, say: (message: string) => void) {
    this.#folder = join(stateDir, "torn");
    this.#say = say;
  }

  /** Keeps `bytes`, found at `offset` of the file at `path`. */
  keep(path: string, offset: number, bytes: Buffer): void {
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    let target = "";
    let fd = -1;
    for (let n = 0; fd < 0; n++) {
      target = join(this.#folder, `${basename(path)}.${offset}.${n}.torn`);
      try {
        fd = fs.openSync(target, "wx", 0o600);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
    try {
      fs.writeFileSync(fd, bytes);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    this.#say(`${path}: ${bytes.length} torn bytes at offset ${offset} moved to ${target}`);
  }
}
