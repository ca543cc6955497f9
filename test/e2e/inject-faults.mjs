/**
 * Loaded into the filer by `NODE_OPTIONS=--import`: refuses calls of node:fs as the file named by
 * CRASH_FAULTS says, `{"code":"EIO","calls":["openSync"],"share":0.2,"start":false}`; where it does
 * not exist, nothing. `start`: the program finds no descriptor left before anything is loaded.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const file = process.env.CRASH_FAULTS;
const { readFileSync, writevSync } = fs;
const LOOK_MS = 20;

let plan = null;
let lookedAt = Number.NEGATIVE_INFINITY;

function planned() {
  const now = performance.now();
  if (now - lookedAt < LOOK_MS) return plan;
  lookedAt = now;
  try {
    plan = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    plan = null;
  }
  return plan;
}

function refuse(code, call) {
  const syscall = call.replace("Sync", "");
  throw Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall });
}

if (file && /filer-process\.(?:ts|js)$/.test(process.argv[1] ?? "")) {
  if (planned()?.start) refuse("EMFILE", "open");
  for (const call of [
    "fdatasyncSync",
    "fsyncSync",
    "fstatSync",
    "lstatSync",
    "mkdirSync",
    "openSync",
    "readSync",
    "readFileSync",
    "readdirSync",
    "renameSync",
    "rmSync",
    "writeFileSync",
    "writeSync",
  ]) {
    const real = fs[call];
    fs[call] = (...args) => {
      const now = planned();
      if (now === null || !now.calls.includes(call) || Math.random() >= now.share) {
        return real(...args);
      }
      const [fd, bytes, from = 0] = args;
      // A full disk takes a part first.
      const half = Buffer.isBuffer(bytes) ? (bytes.length - from) >> 1 : 0;
      if (call === "writeSync" && now.code === "ENOSPC" && half > 0 && args[4] === undefined) {
        return writevSync(fd, [bytes.subarray(from, from + half)]);
      }
      return refuse(now.code, call);
    };
  }
  syncBuiltinESMExports();
}
