/**
 * Which files an installation consists of, for the system or for one user. Pure: cli/service.ts
 * writes them and runs the programs.
 *
 * Invariants: no file here is one that a person changes, so all may be replaced (changes
 * belong into drop-ins and into the configuration, which is only written where there is none).
 */
import { dirname } from "node:path";
import { type Homes, SYSTEM_STATE } from "../config/homes.ts";
import { word } from "./unit-words.ts";
import { ACCOUNT, CREDENTIALS_FOLDER, type Installation, UNIT_NAMES, unitFiles } from "./units.ts";

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

/** Every path that some kind of installation has written, whatever it was configured for. */
export function installedPaths({
  kind,
  unitFolder,
}: Pick<Installation, "kind"> & { unitFolder: string }): string[] {
  const units = UNIT_NAMES.map((name) => `${unitFolder}/${name}`);
  if (kind === "user") return units;
  return [...units, "/etc/sysusers.d/callnumber.conf", "/etc/tmpfiles.d/callnumber.conf"];
}

/** Units that `install` switches on; the others are there for those who want them. */
export const SWITCHED_ON = ["callnumber.socket", "callnumber.service"] as const;

/** The folder of an installation that begins without a configuration. */
const SERVED = "/srv/callnumber";

/** A configuration to begin with, where there is none. */
export function firstConfig(kind: Installation["kind"], user: Homes): string {
  const state = SYSTEM_STATE;
  const folders: Homes = {
    system: { captures: `${SERVED}/captures`, state, site: `${SERVED}/site` },
    dynamic: { captures: `${state}-captures`, state, site: `${state}-site` },
    user,
  }[kind];
  const token =
    kind === "user"
      ? ""
      : `# Beyond loopback a token is required: put it into ${CREDENTIALS_FOLDER}/token
# token: file:\${CREDENTIALS_DIRECTORY}/keys_token
`;
  return `# Written by callnumber service install. All keys: callnumber init in an empty folder shows them.
# After a change of listen, captures, state, site.out or drain: callnumber service install again.
listen: 127.0.0.1:4177
captures: ${yaml(folders.captures)}
state: ${yaml(folders.state)}
site: { out: ${yaml(folders.site)} }
${token}`;
}

const SYSUSERS = `# Written by callnumber service install.
u callnumber - "callnumber, records LLM traffic" ${SYSTEM_STATE}
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
    // Only a folder of our own is given to the account: another one may hold anything.
    ...(dirname(at.captures) === SERVED ? [`d ${SERVED} 0755 ${ACCOUNT} ${ACCOUNT}`] : []),
    `d ${word(at.captures)} 2750 ${ACCOUNT} ${ACCOUNT}`,
    `d ${word(at.site)} 0755 ${ACCOUNT} ${ACCOUNT}`,
    ...(at.state === SYSTEM_STATE ? [] : [`d ${word(at.state)} 0700 ${ACCOUNT} ${ACCOUNT}`]),
  ]);
}

/** Text that YAML reads as this very string. */
const yaml = (path: string) => (/^\/[\w./-]*$/.test(path) ? path : JSON.stringify(path));
const lines = (all: readonly string[]) =>
  `# Written by callnumber service install.\n${all.map((line) => `${line}\n`).join("")}`;
const plain = (path: string, text: string) => ({ path, text });
