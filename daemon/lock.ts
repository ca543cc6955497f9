/**
 * The lock that keeps a second daemon off a state directory and off a tree.
 *
 * Invariants: it dies with the process, however that ends; nothing is left behind to go
 * stale (no pid file, no lock folder). On Linux it is a listening socket in the abstract namespace,
 * named after the folder, which tells whoever connects the holder's pid; elsewhere an
 * exclusive transaction in a small SQLite file. Two machines (or containers with networks of their
 * own) that share a tree do not see each other: that is what `writer:` in the configuration is for.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
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
  const taken = new Set<string>();
  try {
    for (const folder of folders.map(resolveLinks)) {
      for (const identity of identitiesOf(folder)) {
        if (taken.has(identity)) continue;
        taken.add(identity);
        held.push(await lockOne(folder, identity));
      }
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

/** Links in a row after which a path is a loop, as on Linux. */
const LINKS_MAX = 40;

/**
 * Absolute path with every link followed, also one that leads to nothing yet: the folder is made
 * where it leads. Two names, one path.
 */
function resolveLinks(folder: string): string {
  let links = 0;
  let path = parse(resolve(folder)).root;
  const names = resolve(folder).slice(path.length).split(sep);
  while (names.length > 0) {
    const name = names.shift() as string;
    // Within a link's target `..` is what lies above where the names before it lead.
    const next = name === ".." ? dirname(path) : join(path, name);
    const target = name === ".." ? null : linkTarget(next);
    if (target === null || ++links > LINKS_MAX) {
      path = next;
      continue;
    }
    const { root } = parse(target);
    if (root !== "") path = root;
    names.unshift(...target.slice(root.length).split(sep));
  }
  return path;
}

function linkTarget(path: string): string | null {
  try {
    return fs.readlinkSync(path);
  } catch {
    return null;
  }
}

/**
 * What stands for a folder: its path; the folder itself by device and inode, since mounts and file
 * systems without case give it further paths; and its parent with its name, for when it is made
 * later.
 */
function identitiesOf(path: string): string[] {
  const identities = [path];
  const own = inodeOf(path);
  if (own !== null) identities.push(own);
  const parent = inodeOf(dirname(path));
  if (parent !== null) identities.push(join(parent, basename(path)));
  return identities;
}

function inodeOf(path: string): string | null {
  try {
    const { dev, ino } = fs.statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

const lockOne = process.platform === "linux" ? lockBySocket : lockByDatabase;

function nameFor(identity: string): string {
  return `callnumber-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`;
}

async function lockBySocket(folder: string, identity = folder): Promise<Lock> {
  const address = `\0${nameFor(identity)}`;
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
async function lockByDatabase(folder: string, identity = folder): Promise<Lock> {
  const { DatabaseSync } = await import("node:sqlite");
  const path = join(os.tmpdir(), `${nameFor(identity)}-${os.userInfo().username}`);
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
