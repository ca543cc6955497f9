/**
 * `callnumber doctor`: looks at everything that recording depends on and says what to do.
 *
 * Invariants: it changes nothing; without --network it speaks to this machine only, with it
 * it opens (and closes) connections to the upstreams that the configuration names, sending nothing.
 * Exit 1 where something is broken; warnings alone are 0.
 */
import type { Config } from "../daemon/config/types.ts";
import { CodedError } from "../record/errors.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf, daemonConfigOf } from "./config-of.ts";
import type { Finding } from "./doctor-checks.ts";
import { inLine } from "./printable.ts";

export const doctor: Command = {
  name: "doctor",
  summary:
    "check configuration, tree, permissions, disk, clock, daemon and service; say what to do",
  options: [
    {
      flags: "--network",
      summary: "also connect (TCP, TLS) to the upstreams of the configuration",
    },
    { flags: "--json", summary: "one JSON object a check" },
  ],
  examples: ["callnumber doctor", "callnumber doctor --network --config callnumber.yaml"],
  run: async (_args, options, io) => {
    const findings = await examine(options, io);
    for (const finding of findings) {
      io.stdout.write(options.json === true ? `${JSON.stringify(finding)}\n` : shown(finding));
    }
    const broken = findings.filter(({ level }) => level === "broken").length;
    const doubtful = findings.filter(({ level }) => level === "warning").length;
    io.stderr.write(`${findings.length} checks, ${broken} broken, ${doubtful} warnings\n`);
    return broken > 0 ? 1 : 0;
  },
};

async function examine(options: Options, io: Io): Promise<Finding[]> {
  let config: Config;
  let unread: Finding[] = [];
  try {
    config = await configOf(options, io);
    unread = await secretsUnread(options, io);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [
      { check: "configuration", level: "broken", message: error.message, advice: error.hint },
    ];
  }
  const checks = await import("./doctor-checks.ts");
  const findings: Finding[] = [
    {
      check: "configuration",
      level: "ok",
      message: config.path ?? "no file: the defaults hold",
    },
    ...unread,
    checks.nodeVersion(process.versions.node),
    ...checks.tree(config),
    ...(await import("./doctor-captures.ts")).damage(config.captures),
    ...checks.scanned(config),
    ...checks.place(config),
    ...checks.state(config),
    (await import("./doctor-spool.ts")).spool(config, new Date()),
    ...checks.disks(config),
    checks.clock(config, new Date()),
    checks.limits(config),
    ...(await checks.daemon(config)),
    checks.serviceUnit(io),
  ];
  if (options.network === true) {
    const { upstreams } = await import("./doctor-network.ts");
    findings.push(...(await upstreams(config)));
  }
  return findings;
}

/** What only the daemon may be able to read: its own environment, its own credentials. */
async function secretsUnread(options: Options, io: Io): Promise<Finding[]> {
  try {
    await daemonConfigOf(options, io);
    return [];
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    // A unit's LoadCredential gives it to the daemon, and to nobody else.
    const lines = error.message.split("\n").filter((line) => !/CREDENTIALS_DIRECTORY$/.test(line));
    if (lines.length === 0) return [];
    const advice =
      "no matter for reading; the daemon needs it: a drop-in of its unit, or its shell";
    return [{ check: "secrets", level: "warning", message: lines.join("\n"), advice }];
  }
}

const SIGNS = { ok: "ok     ", warning: "warning", broken: "BROKEN " } as const;

function shown({ check, level, message, advice }: Finding): string {
  const [first, ...more] = message.split("\n").map(inLine);
  const lines = [`${SIGNS[level]}  ${check}: ${first}`, ...more.map((line) => `         ${line}`)];
  if (advice !== undefined && level !== "ok") lines.push(`         → ${advice}`);
  return `${lines.join("\n")}\n`;
}
