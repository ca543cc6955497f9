/**
 * The checks of `callnumber doctor` that look at this machine. Each gives findings, none changes
 * anything, none throws for what it finds.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import { diskRoom } from "../daemon/metrics/daemon-metrics.ts";
import { isScarce } from "../daemon/metrics/health.ts";
import { placesIn } from "../daemon/systemd/units.ts";
import { isError, LARGE_FILE_ADVICE } from "../record/johnny-decimal/lint.ts";
import { LIMITS } from "../record/limits.ts";
import { openTree } from "../record/reader/tree.ts";
import type { Io } from "./command.ts";
import { findingsOf } from "./jd.ts";
import { checkoutWarning } from "./own-captures.ts";
import { isScanned } from "./scanned.ts";

export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "broken";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** The oldest Node that the program runs on. */
const OLDEST = [22, 22] as const;

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!isOld) return { check: "node", level: "ok", message: version };
  const advice = "install Node 24 (nodejs.org, nvm, your distribution)";
  return { check: "node", level: "broken", message: `${version} is older than 22.22`, advice };
}

export function tree(config: Config): Finding[] {
  const { captures } = config;
  const check = "captures";
  if (!existsSync(captures)) {
    return [...canWrite(check, nearest(captures)), fresh(check, captures)];
  }
  const found = canWrite(check, captures);
  if (found.length > 0) return found;
  const findings = findingsOf(config);
  const errors = findings.filter(isError);
  const large = findings.filter(({ code }) => code === "file-too-large");
  const advice = "`callnumber jd lint` lists them";
  if (errors.length > 0) {
    return [{ check, level: "warning", message: `${errors.length} faults of filing`, advice }];
  }
  if (large.length > 0) {
    const message = `${large[0]?.path}${large.length > 1 ? ` and ${large.length - 1} more` : ""}`;
    return [{ check, level: "warning", message, advice: LARGE_FILE_ADVICE }];
  }
  return [{ check, level: "ok", message: captures }];
}

/** After an update of the rules: captures may hold what only the new ones find. */
export function scanned({ captures, state: folder }: Config): Finding[] {
  const check = "scan";
  if (!existsSync(captures) || openTree(captures).files().next().done === true) return [];
  const isNow = isScanned(folder);
  if (isNow === true) return [{ check, level: "ok", message: "captures scanned with these rules" }];
  const message =
    isNow === null
      ? "the captures were never scanned for credentials"
      : "the rules for credentials are newer than the last scan of the captures";
  const advice = "`callnumber scan`, and `callnumber scan --fix` where it finds any";
  return [{ check, level: "warning", message, advice }];
}

/** Captures in the program's own checkout would be published with it. */
export function place(config: Config): Finding[] {
  // Without a configuration these are the samples: nothing is recorded yet.
  const message = config.path === null ? null : checkoutWarning(config);
  return message === null ? [] : [{ check: "captures", level: "warning", message }];
}

function fresh(check: string, path: string): Finding {
  return { check, level: "ok", message: `${path} is made with the first exchange` };
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

function canWrite(check: string, path: string): Finding[] {
  if (!statSync(path).isDirectory()) {
    const advice = "move what is there elsewhere";
    return [{ check, level: "broken", message: `${path} is no folder`, advice }];
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch {
    const who = process.getuid?.() ?? "this user";
    const advice = "run doctor as the daemon's user, or give that user the folder (chown)";
    return [{ check, level: "broken", message: `${path}: not writable for ${who}`, advice }];
  }
}

/** Folders below the state folder for calls that could not be filed. */
const SET_ASIDE = ["poison", "quarantine"] as const;

export function state({ state: folder }: Config): Finding[] {
  const check = "state";
  if (!existsSync(folder)) return [...canWrite(check, nearest(folder)), fresh(check, folder)];
  const findings = canWrite(check, folder);
  if (findings.length > 0) return findings;
  for (const name of ["", "key", "spool"]) {
    const path = name === "" ? folder : join(folder, name);
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) === 0 || (name === "" && (mode & 0o007) === 0)) continue;
    findings.push({
      check,
      level: name === "" ? "warning" : "broken",
      message: `${path} is open to others (${(mode & 0o777).toString(8)})`,
      advice: `chmod go= ${path}`,
    });
  }
  for (const name of SET_ASIDE) {
    const count = entriesOf(join(folder, name)).filter((file) => file.endsWith(".seg")).length;
    if (count === 0) continue;
    const message = `${count} exchanges in ${join(folder, name)} are not in the tree`;
    const advice =
      "callnumber retry; please report what stays, without the files: they hold what was said";
    findings.push({ check, level: "warning", message, advice });
  }
  if (findings.length === 0) findings.push({ check, level: "ok", message: folder });
  return findings;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function disks({ captures, state: folder }: Config): Finding[] {
  return Object.entries({ captures, state: folder }).map(([name, path]): Finding => {
    const check = `disk of ${name}`;
    const room = diskRoom(path);
    if (room === null) return { check, level: "warning", message: "the system does not tell" };
    const message = `${(room.free / 1024 ** 3).toFixed(1)} GiB free`;
    if (!isScarce(room)) return { check, level: "ok", message };
    const advice = "make room; `callnumber prune --before DATE --dry-run` shows what could go";
    return { check, level: "warning", message: `only ${message}`, advice };
  });
}

/** A clock that is behind shows in captures from the future, and systemd knows if it is set. */
export function clock({ captures }: Config, now: Date): Finding {
  const check = "clock";
  const message = now.toISOString();
  const advice = "switch on time synchronisation (timedatectl set-ntp true)";
  const tomorrow = new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10);
  const days = existsSync(captures) ? [...openTree(captures).files()].map(({ day }) => day) : [];
  const newest = days.sort().at(-1);
  if (newest !== undefined && newest > tomorrow) {
    const late = `${message}, but there are captures of ${newest}`;
    return { check, level: "warning", message: late, advice };
  }
  const args = ["show", "--property=NTPSynchronized", "--value"];
  const told = spawnSync("timedatectl", args, { encoding: "utf8", timeout: 2_000 });
  if (told.status === 0 && told.stdout.trim() === "no") {
    return { check, level: "warning", message: `${message}, not synchronised`, advice };
  }
  return { check, level: "ok", message };
}

/** Each exchange takes two sockets; a folder that is watched takes a watch. */
export function limits({ limits: { inFlightCount } }: Config): Finding {
  const check = "limits";
  const text = existsSync("/proc/self/limits") ? readFileSync("/proc/self/limits", "utf8") : "";
  const soft = /Max open files\s+(\d+)/.exec(text)?.[1];
  const wanted = inFlightCount * 2 + 100;
  if (soft !== undefined && Number(soft) < wanted) {
    const message = `${soft} open files, ${inFlightCount} exchanges at once may want ${wanted}`;
    const advice = "raise it (ulimit -n; the unit has LimitNOFILE), or lower limits.in_flight";
    return { check, level: "warning", message, advice };
  }
  return { check, level: "ok", message: soft === undefined ? "not told" : `${soft} open files` };
}

export async function daemon(config: Config): Promise<Finding[]> {
  return Promise.all(
    config.listen.map(async ({ host, port }): Promise<Finding> => {
      const check = `daemon on ${host}:${port}`;
      const answer = await ask(host, port, "/-/health", config.token);
      if (answer === "refused") {
        const advice = "start it: callnumber up, or systemctl start callnumber";
        return { check, level: "warning", message: "nothing listens there", advice };
      }
      const health = healthOf(answer);
      if (health === null) {
        const advice = "stop that program, or set `listen:` to another port";
        return { check, level: "broken", message: "something else listens there", advice };
      }
      if (health.status === "ok") return { check, level: "ok", message: "runs, health ok" };
      const advice = "the reasons say what is wrong; the log (journalctl -u callnumber) has more";
      return { check, level: "broken", message: health.reasons.join("\n"), advice };
    }),
  );
}

/** The body of the answer; `refused` where nobody listens. */
function ask(host: string, port: number, path: string, token: string | null): Promise<string> {
  return new Promise((resolve) => {
    const headers = token === null ? {} : { "x-callnumber-token": token };
    const call = request({ host, port, path, headers, timeout: 3_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => {
        text = (text + chunk).slice(0, LIMITS.headBytes);
      });
      answer.on("end", () => resolve(text));
      answer.on("error", () => resolve(text));
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" ? "refused" : "");
    });
    call.end();
  });
}

function healthOf(text: string): { status: string; reasons: string[] } | null {
  try {
    const health = JSON.parse(text) as { status?: unknown; reasons?: unknown };
    if (typeof health.status !== "string" || !Array.isArray(health.reasons)) return null;
    return { status: health.status, reasons: health.reasons.map(String) };
  } catch {
    return null;
  }
}

export function serviceUnit(io: Io): Finding {
  const check = "service";
  for (const scope of [[], ["--user"]]) {
    const args = ["show", "--property=LoadState,ActiveState,FragmentPath", "callnumber.service"];
    const told = spawnSync("systemctl", [...scope, ...args], {
      encoding: "utf8",
      env: { ...io.env },
      timeout: 3_000,
    });
    if (told.status !== 0 || !/^LoadState=loaded$/m.test(told.stdout)) continue;
    const state = /^ActiveState=(.*)$/m.exec(told.stdout)?.[1] ?? "";
    const unit = /^FragmentPath=(.+)$/m.exec(told.stdout)?.[1] ?? "";
    const { node, main, config } = placesIn(existsSync(unit) ? readFileSync(unit, "utf8") : "");
    const gone = [node, main, config].find((path) => path !== undefined && !existsSync(path));
    const advice = "callnumber service install writes the unit anew";
    if (gone !== undefined) {
      return { check, level: "broken", message: `the unit uses ${gone}, which is gone`, advice };
    }
    if (state === "active") return { check, level: "ok", message: `active, with ${config}` };
    const log = `journalctl ${["-u callnumber", ...scope].join(" ")} -n 50`;
    return { check, level: "warning", message: `installed and ${state}`, advice: log };
  }
  return { check, level: "ok", message: "not installed (callnumber service install)" };
}
