/**
 * Preloaded into a build: ends it at one of its writes. `CUT_AT` is the write, counted from 1 over
 * all that this thread does; `CUT_BY` is `SIGKILL`, or the code of an error that this write and every
 * later one meets, as on a full disk.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env.CUT_AT);
const by = process.env.CUT_BY ?? "SIGKILL";
const WRITES = [
  "writeFileSync",
  "appendFileSync",
  "writeSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
  "fsyncSync",
];
let done = 0;

for (const name of WRITES) {
  const real = fs[name];
  fs[name] = (...args) => {
    done += 1;
    if (done >= at) {
      if (by === "SIGKILL") process.kill(process.pid, "SIGKILL");
      // What is freed is freed on a full disk too.
      else if (name !== "rmSync")
        throw Object.assign(new Error(`${by}: cut`), { code: by, syscall: "write" });
    }
    return real(...args);
  };
}
syncBuiltinESMExports();
