/**
 * Prints the exposure score of every service unit, as `systemd-analyze security` gives it offline,
 * and fails where one of the system units scores more than 1.5, or where a unit does not verify.
 *
 *   node test/systemd/exposure.ts
 *
 * Says so and ends with 0 where there is no systemd-analyze.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Installation, unitFiles } from "../../daemon/systemd/units.ts";

const MOST = 1.5;

export function installationAt(kind: Installation["kind"]): Installation {
  return {
    node: process.execPath,
    main: "/usr/lib/node_modules/callnumber/build/cli/main.js",
    config: "/etc/callnumber/callnumber.yaml",
    captures: "/srv/callnumber/captures",
    state: "/var/lib/callnumber",
    site: "/srv/callnumber/site",
    git: { top: "/srv/callnumber", captures: "/srv/callnumber/captures", folders: [] },
    listen: ["127.0.0.1:4177"],
    drainMs: 60_000,
    kind,
  };
}

/** Exposure by unit; null where this machine cannot tell. */
export function exposures(kind: Installation["kind"]): Record<string, number> | null {
  const root = mkdtempSync(join(tmpdir(), "callnumber-units-"));
  const folder = join(root, "etc/systemd/system");
  mkdirSync(folder, { recursive: true });
  try {
    const files = unitFiles(installationAt(kind));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const services = Object.keys(files).filter((name) => name.endsWith(".service"));
    const args = ["security", "--offline=true", "--no-pager"];
    const scores: Record<string, number> = {};
    for (const service of services) {
      const done = spawnSync("systemd-analyze", [...args, join(folder, service)], {
        encoding: "utf8",
      });
      if (done.error !== undefined) return null;
      const score = /Overall exposure level for \S+: ([\d.]+)/.exec(done.stdout)?.[1];
      if (score === undefined) throw new Error(`${service}: ${done.stdout}${done.stderr}`);
      scores[service] = Number(score);
    }
    return scores;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  for (const kind of ["system", "dynamic", "user"] as const) {
    const scores = exposures(kind);
    if (scores === null) {
      console.log("skipped: no systemd-analyze on this machine, so no exposure scores");
      break;
    }
    for (const [name, score] of Object.entries(scores)) {
      const much = kind !== "user" && score > MOST;
      if (much) process.exitCode = 1;
      console.log(
        `${kind.padEnd(8)} ${name.padEnd(26)} ${score.toFixed(1)}${much ? "  too much" : ""}`,
      );
    }
  }
}
