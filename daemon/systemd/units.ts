/**
 * The unit files, as functions of where this installation lies.
 *
 * Invariants: pure text, one function per file, so that `service install`, the measuring of
 * exposure and the booted test use the very same units; no secret in any of them (keys come through
 * LoadCredential). Why each choice: docs/operations.md.
 */

import { LIMITS } from "../../record/limits.ts";
import { SYSTEM_STATE } from "../config/homes.ts";
import { commandWord, value, word } from "./unit-words.ts";

/** Where things are. All paths absolute. */
export interface Installation {
  /** Program and script, e.g. `/usr/bin/node /usr/lib/node_modules/callnumber/build/cli/main.js`. */
  readonly node: string;
  readonly main: string;
  readonly config: string;
  readonly captures: string;
  /** Spool, key, lock; systemd makes the usual one. */
  readonly state: string;
  /** Folder of the built site. */
  readonly site: string;
  readonly git: GitPlace;
  /** `127.0.0.1:4177`, `[::1]:4177`: what the socket unit listens on. */
  readonly listen: readonly string[];
  readonly drainMs: number;
  readonly kind: "system" | "dynamic" | "user";
}

/** The repository that captures are committed to, all links resolved. */
export interface GitPlace {
  /** Its work tree; the folder around captures where there is no repository yet. */
  readonly top: string;
  readonly captures: string;
  /** Where git writes outside of `top`: of a linked work tree or a submodule. */
  readonly folders: readonly string[];
}

export const ACCOUNT = "callnumber";
export const CREDENTIALS_FOLDER = "/etc/callnumber/credentials";

/**
 * Options of Node for the daemon. What it keeps is 20 MiB; left alone V8 lets four times that gather
 * before it looks, and as much again of young objects (docs/benchmarks.md, memory).
 */
export const DAEMON_HEAP: readonly string[] = [
  `--max-old-space-size=${LIMITS.daemonHeapMiB}`,
  `--max-semi-space-size=${LIMITS.daemonYoungMiB}`,
];

export const UNIT_NAMES = [
  "callnumber.service",
  "callnumber.socket",
  "callnumber-site.service",
  "callnumber-site.path",
  "callnumber-site.timer",
  "callnumber-commit.service",
  "callnumber-commit.timer",
] as const;

/** All files of an installation, by file name. */
export function unitFiles(at: Installation): Record<string, string> {
  return {
    "callnumber.service": daemonUnit(at),
    "callnumber.socket": socketUnit(at),
    "callnumber-site.service": siteUnit(at),
    "callnumber-site.path": sitePathUnit(at),
    "callnumber-site.timer": siteTimerUnit(),
    "callnumber-commit.service": commitUnit(at),
    "callnumber-commit.timer": commitTimerUnit(),
  };
}

function daemonUnit(at: Installation): string {
  const system = at.kind !== "user";
  return (
    placesOf(at) +
    unit({
      Unit: [
        "Description=callnumber: records LLM traffic",
        "Documentation=man:callnumber(1)",
        ...(system ? ["Wants=network-online.target", "After=network-online.target"] : []),
        // A daemon that cannot stay up is left down, and says so.
        "StartLimitIntervalSec=300",
        "StartLimitBurst=5",
      ],
      Service: [
        "Type=notify",
        // The words come from a helper of the daemon, not from its own process.
        "NotifyAccess=all",
        `ExecStart=${command(at, "serve", DAEMON_HEAP)}`,
        // The shell's own kill: a small system may have no other.
        "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'",
        "Restart=on-failure",
        "RestartSec=1",
        // 78: the configuration is wrong, or another daemon holds the tree. Trying again is no help.
        "RestartPreventExitStatus=78",
        "WatchdogSec=30",
        // A hung process holds keys in its memory: no core dump of it. What it had received is safe.
        "WatchdogSignal=SIGKILL",
        "LimitCORE=0",
        "TimeoutStartSec=30",
        `TimeoutStopSec=${Math.ceil(at.drainMs / 1000) + 30}`,
        "KillMode=mixed",
        // The filer may be ended for its memory; the byte path goes on and starts it again.
        "OOMPolicy=continue",
        "MemoryHigh=1G",
        "MemoryMax=2G",
        "TasksMax=128",
        "LimitNOFILE=20000",
        "Environment=NODE_ENV=production",
        ...account(at),
        ...(system ? [`LoadCredential=keys:${CREDENTIALS_FOLDER}`] : []),
        ...folders(at, [at.captures]),
        ...(system ? hardening(["AF_UNIX", "AF_INET", "AF_INET6"]) : userHardening()),
      ],
      Install: [`WantedBy=${system ? "multi-user" : "default"}.target`, "Also=callnumber.socket"],
    })
  );
}

/** What `doctor`, `service uninstall` and an install without a named configuration read again. */
function placesOf({ node, main, config, captures, state, site }: Installation): string {
  const places = Object.entries({ node, main, config, captures, state, site });
  return places.map(([name, path]) => `# ${name}: ${path}\n`).join("");
}

/** The places in the text of callnumber.service; those of an older version have none. */
export function placesIn(unitText: string): Record<string, string> {
  const pattern = /^# (node|main|config|captures|state|site): (.*)$/gm;
  return Object.fromEntries(Array.from(unitText.matchAll(pattern), ([, name, at]) => [name!, at!]));
}

function socketUnit(at: Installation): string {
  return unit({
    Unit: ["Description=callnumber: the port that clients use"],
    Socket: [
      ...at.listen.map((address) => `ListenStream=${address}`),
      "BindIPv6Only=both",
      "NoDelay=true",
      "Backlog=4096",
    ],
    Install: ["WantedBy=sockets.target"],
  });
}

function siteUnit(at: Installation): string {
  return unit({
    Unit: ["Description=callnumber: build the site", "Documentation=man:callnumber(1)"],
    Service: [
      "Type=oneshot",
      // A burst of exchanges makes one build.
      "ExecStartPre=/bin/sleep 10",
      `ExecStart=${command(at, "site build")}`,
      "Nice=10",
      "IOSchedulingClass=idle",
      "MemoryHigh=1G",
      "MemoryMax=2G",
      "TasksMax=128",
      "LimitCORE=0",
      "Environment=NODE_ENV=production ASTRO_TELEMETRY_DISABLED=1",
      ...account(at),
      // The site is there to be read by a web server.
      ...folders(at, [at.site], "0022"),
      ...(at.kind === "user" ? userHardening() : hardening(["AF_UNIX"], OFFLINE)),
    ],
  });
}

/** The filer's own log grows with each batch that is safely in the tree. */
function sitePathUnit({ state }: Installation): string {
  return unit({
    Unit: ["Description=callnumber: build the site when something was filed"],
    Path: [`PathModified=${value(state)}/filer/log.jsonl`, "Unit=callnumber-site.service"],
    Install: ["WantedBy=paths.target"],
  });
}

function siteTimerUnit(): string {
  return unit({
    Unit: ["Description=callnumber: build the site every hour"],
    Timer: ["OnCalendar=hourly", "RandomizedDelaySec=5min", "Persistent=true"],
    Install: ["WantedBy=timers.target"],
  });
}

/** Never pushes: what leaves the machine is decided by a person. */
function commitUnit(at: Installation): string {
  const { top, captures, folders: gitFolders } = at.git;
  const git = "/usr/bin/git";
  const others = `${git} diff --cached --quiet -- . ":(exclude)$$1" || { echo "other changes are staged: nothing is committed" >&2; exit 1; }`;
  return unit({
    Unit: [
      "Description=callnumber: commit captures, after a scan for credentials",
      `ConditionPathExists=${value(top)}/.git`,
    ],
    Service: [
      "Type=oneshot",
      `WorkingDirectory=${value(top)}`,
      // What a person has staged is theirs to commit.
      `ExecStart=/bin/sh -c '${others}' sh ${commandWord(captures)}`,
      `ExecStart=${git} add -- ${commandWord(captures)}`,
      // A finding ends it here: everything stays staged for a person to look at.
      `ExecStart=${command(at, "scan --staged")}`,
      // The scan was the hook; a person's own hooks need not work for this account.
      `ExecStart=/bin/sh -c '${git} diff --cached --quiet || exec ${git} commit --quiet --no-verify -m "Captures up to $$(date -u +%%Y-%%m-%%dT%%H:%%MZ)"'`,
      "Environment=GIT_AUTHOR_NAME=callnumber GIT_AUTHOR_EMAIL=callnumber@localhost",
      "Environment=GIT_COMMITTER_NAME=callnumber GIT_COMMITTER_EMAIL=callnumber@localhost",
      // The repository may belong to a person; this unit is told to work on it.
      "Environment=GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory",
      `Environment=${word(`GIT_CONFIG_VALUE_0=${top}`)}`,
      "Nice=10",
      "TasksMax=64",
      "MemoryMax=1G",
      "LimitCORE=0",
      ...account(at),
      ...folders(at, [top, ...gitFolders]),
      ...(at.kind === "user" ? userHardening() : hardening(["AF_UNIX"], OFFLINE)),
    ],
  });
}

function commitTimerUnit(): string {
  return unit({
    Unit: ["Description=callnumber: commit captures once a day"],
    Timer: ["OnCalendar=*-*-* 00:20 UTC", "Persistent=true"],
    Install: ["WantedBy=timers.target"],
  });
}

function account({ kind }: Installation): string[] {
  if (kind === "user") return [];
  const named = [`User=${ACCOUNT}`, `Group=${ACCOUNT}`];
  return kind === "dynamic" ? ["DynamicUser=yes", ...named] : named;
}

/** State, compile cache, and what may be written besides. */
function folders(at: Installation, writable: readonly string[], umask?: string): string[] {
  const own = at.state !== SYSTEM_STATE;
  // Only where it is the state folder: the daemon takes $STATE_DIRECTORY for one.
  const state = own ? [] : ["StateDirectory=callnumber", "StateDirectoryMode=0700"];
  const cache = ["CacheDirectory=callnumber", "CacheDirectoryMode=0700"];
  // What node compiles of the program once need not be compiled at the next start.
  const compiled = ["Environment=NODE_COMPILE_CACHE=%C/callnumber/compile"];
  const mask = `UMask=${umask ?? (at.kind === "system" ? "0027" : "0077")}`;
  if (at.kind === "dynamic") {
    state[0] = "StateDirectory=callnumber callnumber-captures callnumber-site";
  }
  if (at.kind !== "system") return [...state, ...cache, ...compiled, mask];
  const writes = new Set([...writable, ...(own ? [at.state] : [])]);
  const paths = Array.from(writes, (path) => `ReadWritePaths=${word(`-${path}`)}`);
  return [...state, ...cache, ...compiled, mask, ...paths];
}

/** For what needs no network at all. */
const OFFLINE = ["PrivateNetwork=yes", "IPAddressDeny=any"];

/** Not here: MemoryDenyWriteExecute, which a just-in-time compiler cannot live with. */
function hardening(families: readonly string[], more: readonly string[] = []): string[] {
  return [
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "DevicePolicy=closed",
    "PrivateUsers=yes",
    "PrivateIPC=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "RemoveIPC=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "KeyringMode=private",
    `RestrictAddressFamilies=${families.join(" ")}`,
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    // The filer lowers its own priority.
    "SystemCallFilter=setpriority",
    "SystemCallErrorNumber=EPERM",
    ...more,
  ];
}

/** What a user's own manager can do without privileges of any kind. */
function userHardening(): string[] {
  return [
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
  ];
}

function command(at: Installation, words: string, flags: readonly string[] = []): string {
  const node = [commandWord(at.node), ...flags].join(" ");
  return `${node} ${commandWord(at.main)} ${words} --config ${commandWord(at.config)}`;
}

function unit(sections: Readonly<Record<string, readonly string[]>>): string {
  const texts = Object.entries(sections).map(
    ([name, lines]) => `[${name}]\n${lines.map((line) => `${line}\n`).join("")}`,
  );
  return `# Written by \`callnumber service install\`; changes belong into a drop-in (systemctl edit).\n${texts.join("\n")}`;
}
