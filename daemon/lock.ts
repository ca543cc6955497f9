/**
 * The lock that keeps a second daemon off a state directory and off a tree.
 *
 * What always holds: it dies with the process, however that ends; nothing is left behind to go
 * stale (no pid file, no lock folder). On Linux it is a listening socket in the abstract namespace,
 * named by the folder's real path, which tells whoever connects the holder's pid; elsewhere an
 * exclusive transaction in a small SQLite file. Two machines (or containers with networks of their
 * own) that share a tree do not see each other: that is what `writer:` in the configuration is for.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { CodedError } from "../record/errors.ts";

export interface Lock {
  /** Lets go early; the end of the process does it as well. */
  release(): Promise<void>;
}

/** How long the holder has to say its pid before it is called unknown. */
const ANSWER_MS = 1000;

/**
 * Takes the lock of every folder named (they need not exist yet). Throws CodedError tree-locked
 * naming folder and holder, and then holds none.
 */
export async function acquireLock(...folders: string[]): Promise<Lock> {
  const held: Lock[] = [];
  try {
    for (const folder of new Set(folders.map(realPath))) {
      held.push(await (process.platform === "linux" ? lockBySocket : lockByDatabase)(folder));
    }
  } catch (error) {
    for (const lock of held) await lock.release();
    throw error;
  }
  return {
    async release() {
      for (const lock of held.splice(0)) await lock.release();
    },
  };
}

/** Absolute path with links resolved as far as the folders exist: two names, one lock. */
function realPath(folder: string): string {
  const path = resolve(folder);
  try {
    return fs.realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function nameFor(folder: string): string {
  return `callnumber-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
}

async function lockBySocket(folder: string): Promise<Lock> {
  const address = `\0${nameFor(folder)}`;
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${process.pid}\n`);
  });
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen({ path: address }, () => done());
  }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    throw lockedBy(await askHolder(address), folder);
  });
  server.unref();
  return { release: () => new Promise((done) => server.close(() => done())) };
}

function askHolder(address: string): Promise<string | null> {
  return new Promise((answer) => {
    let said = "";
    const socket = net.connect({ path: address });
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on("data", (bytes) => {
      said += bytes.toString("latin1");
    });
    socket.on("error", () => answer(null));
    socket.on("close", () => answer(/^(\d+)\n/.exec(said)?.[1] ?? null));
  });
}

function lockedBy(pid: string | null, folder: string): CodedError {
  return new CodedError("tree-locked", `process ${pid ?? "(unknown)"} already writes to ${folder}`);
}

/** The database lies among the temporary files of the user: the tree holds captures only. */
async function lockByDatabase(folder: string): Promise<Lock> {
  const { DatabaseSync } = await import("node:sqlite");
  const path = join(os.tmpdir(), `${nameFor(folder)}-${os.userInfo().username}`);
  const database = new DatabaseSync(`${path}.db`);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    let pid: string | null = null;
    try {
      pid = fs.readFileSync(`${path}.pid`, "utf8");
    } catch {
      // The holder is about to write it.
    }
    throw Object.assign(lockedBy(pid, folder), { cause: error });
  }
  fs.writeFileSync(`${path}.pid`, String(process.pid), { mode: 0o600 });
  return {
    async release() {
      database.close();
    },
  };
}

/** For tests of the way that other platforms take. */
export const lockFolderByDatabase = lockByDatabase;
