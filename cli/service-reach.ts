/**
 * Whether a service of the system can reach what its units name, found out before anything is
 * written. A user's own service reaches whatever the user does.
 *
 * The units have ProtectHome, PrivateTmp and PrivateDevices (daemon/systemd/units.ts), so some
 * folders are not there for them; the account is another one than the person's, so a program or a
 * configuration may be unreadable and captures unwritable.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { SYSTEM_STATE } from "../daemon/config/homes.ts";
import { isWritable } from "../daemon/systemd/unit-words.ts";
import { ACCOUNT, type Installation } from "../daemon/systemd/units.ts";
import { CodedError } from "../record/errors.ts";
import { nearest, realOf, type Scope } from "./service-scope.ts";

const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp|dev|proc|sys)(?:\/|$)/;
/** Entries of a captures folder that are looked at for their owner. */
const LOOKED_AT = 20_000;

/** Throws CodedError service-refused with the path, and what to do where it is known. */
export function checkReach({ kind, root }: Scope, at: Installation): void {
  const programs = root === "" ? [at.node, at.main] : [];
  const written = [at.captures, at.state, at.site];
  const paths = [...programs, at.config, ...written];
  const odd = paths.find((path) => !isWritable(path));
  if (odd !== undefined) refuse(`a unit cannot name the path ${JSON.stringify(odd)}`);
  const npx = programs.find((path) => path.includes("/_npx/"));
  if (npx !== undefined) refuse(`${npx} is in npx's cache, which npm may empty at any time`);
  if (kind === "user") return;
  for (const path of paths) {
    const real = root === "" ? realOf(path) : path;
    if (HIDDEN.test(path) || HIDDEN.test(real)) {
      refuse(`${path} is in a home or a temporary folder, out of a system service's reach`);
    }
  }
  if (kind === "dynamic") {
    const outside = written.find((path) => !path.startsWith(SYSTEM_STATE));
    if (outside !== undefined) refuse(`--dynamic-user writes below ${SYSTEM_STATE}* only`);
  }
  if (root === "" && process.getuid?.() === 0) checkAccount(at, kind === "dynamic");
}

function checkAccount(at: Installation, dynamic: boolean): void {
  const { uid, gid } = (dynamic ? null : accountIds()) ?? NOBODY;
  const can = (flag: string, path: string) =>
    spawnSync("test", [flag, path], { uid, gid, stdio: "ignore" }).status === 0;
  if (!can("-x", at.node)) refuse(`${at.node} cannot be run by the account ${ACCOUNT}`);
  for (const path of [at.main, at.config].filter((path) => existsSync(path))) {
    if (!can("-r", path)) {
      refuse(
        `${path} cannot be read by the account ${ACCOUNT}: see the modes of it and its folders`,
      );
    }
  }
  if (dynamic) return;
  for (const folder of [at.captures, at.state, at.site]) checkOwner(folder, uid);
}

/** The account must own what it appends to, and the way there must not be another person's. */
function checkOwner(folder: string, uid: number): void {
  const there = existsSync(folder);
  const parent = statSync(nearest(dirname(folder))).uid;
  if (!there && parent !== 0 && parent !== uid) {
    refuse(
      `${nearest(dirname(folder))} is another user's folder: make ${folder} first, for the account`,
    );
  }
  if (!there) return;
  const foreign = foreignEntry(folder, uid);
  if (foreign === null) return;
  const account = uid === NOBODY.uid ? `useradd --system -d ${SYSTEM_STATE} ${ACCOUNT}; ` : "";
  refuse(
    `${foreign} is not the account's, which could not write it; if all of it shall be: ` +
      `${account}chown -R ${ACCOUNT}: ${JSON.stringify(folder)}`,
  );
}

/** The first entry below a folder that belongs to somebody else; null where there is none. */
function foreignEntry(folder: string, uid: number): string | null {
  const queue = [folder];
  let left = LOOKED_AT;
  for (let path = queue.pop(); path !== undefined && left > 0; path = queue.pop()) {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      left -= 1;
      const inner = join(path, entry.name);
      const stat = statSync(inner, { throwIfNoEntry: false });
      if (stat !== undefined && stat.uid !== uid) return inner;
      if (entry.isDirectory()) queue.push(inner);
    }
  }
  return null;
}

/** Stands for an account that is not there yet: it may do what everybody may. */
const NOBODY = { uid: 65_534, gid: 65_534 };

function accountIds(): { uid: number; gid: number } | null {
  const said = spawnSync("getent", ["passwd", ACCOUNT], { encoding: "utf8" }).stdout ?? "";
  const [, , uid, gid] = said.split(":");
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

function refuse(message: string): never {
  throw new CodedError("service-refused", message);
}
