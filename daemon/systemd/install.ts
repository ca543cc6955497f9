/**
 * Which files an installation consists of, for the system or for one user. Pure: cli/service.ts
 * writes them and runs the programs.
 *
 * What always holds: no file here is one that a person changes, so all may be replaced (changes
 * belong into drop-ins and into the configuration, which is only written where there is none).
 */
import { dirname } from "node:path";
import { CREDENTIALS_FOLDER, type Installation, STATE_FOLDER, unitFiles } from "./units.ts";

export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** Units and what they need, for the system or for a user. */
export function plannedFiles(at: Installation, unitFolder: string): PlannedFile[] {
  const units = Object.entries(unitFiles(at)).map(([name, text]) => ({
    path: `${unitFolder}/${name}`,
    text,
  }));
  if (at.kind === "user") return units;
  const accounts = at.kind === "system" ? [plain("/etc/sysusers.d/callnumber.conf", SYSUSERS)] : [];
  return [...units, ...accounts, plain("/etc/tmpfiles.d/callnumber.conf", tmpfiles(at))];
}

/** Units that `install` switches on; the others are there for those who want them. */
export const SWITCHED_ON = ["callnumber.socket", "callnumber.service"] as const;

/** A configuration to begin with, where there is none. */
export function firstConfig(kind: Installation["kind"], home: string): string {
  const folders = {
    system: { captures: "/srv/callnumber/captures", site: "/srv/callnumber/site" },
    dynamic: { captures: "/var/lib/callnumber-captures", site: "/var/lib/callnumber-site" },
    user: { captures: `${home}/callnumber/captures`, site: `${home}/callnumber/site` },
  }[kind];
  const token =
    kind === "user"
      ? ""
      : `# Beyond loopback a token is required: put it into ${CREDENTIALS_FOLDER}/token
# token: file:\${CREDENTIALS_DIRECTORY}/keys_token
`;
  return `# Written by callnumber service install. All keys: callnumber init in an empty folder shows them.
# After a change of listen, captures or site.out: callnumber service install again.
listen: 127.0.0.1:4177
captures: ${folders.captures}
site: { out: ${folders.site} }
${token}`;
}

const SYSUSERS = `# Written by callnumber service install.
u callnumber - "callnumber, records LLM traffic" ${STATE_FOLDER}
`;

/** The setgid bit says that the group may read captures (record/johnny-decimal/file-mode.ts). */
function tmpfiles(at: Installation): string {
  const keys = [
    `d ${dirname(CREDENTIALS_FOLDER)} 0755 root root`,
    `d ${CREDENTIALS_FOLDER} 0700 root root`,
  ];
  if (at.kind === "dynamic") return lines(keys);
  return lines([
    ...keys,
    ...(at.repository === dirname(at.captures)
      ? [`d ${quoted(at.repository)} 0755 callnumber callnumber`]
      : []),
    `d ${quoted(at.captures)} 2750 callnumber callnumber`,
    `d ${quoted(at.site)} 0755 callnumber callnumber`,
  ]);
}

const quoted = (path: string) => (/\s/.test(path) ? `"${path}"` : path);
const lines = (all: readonly string[]) =>
  `# Written by callnumber service install.\n${all.map((line) => `${line}\n`).join("")}`;
const plain = (path: string, text: string) => ({ path, text });
