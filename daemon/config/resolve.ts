/**
 * From what was typed to what holds: defaults, presets, absolute paths, units; frozen.
 *
 * Invariants: pure but for `readFile`, which is passed in (values `file:…` and `ca:`);
 * problems are collected with their paths, not thrown one at a time.
 */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { LIMITS } from "../../record/limits.ts";
import { userRuleProblem } from "../../record/secrets/user-rules.ts";
import type { Homes } from "./homes.ts";
import { PRESETS } from "./presets.ts";
import type { ConfigFile } from "./schema.ts";
import { type PlanProblem, readTreePlan } from "./tree-plan.ts";
import type { Config, ListenAddress, UpstreamConfig, UpstreamUrl } from "./types.ts";
import { parseDuration, parseSize } from "./units.ts";

export interface ResolveContext {
  /** Absolute path of the configuration file, or null. */
  readonly path: string | null;
  /** Folder to which relative paths belong. */
  readonly folder: string;
  /** Folders for what the file does not say. */
  readonly homes: Homes;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws where it cannot be read. */
  readonly readFile: (path: string) => string;
  /**
   * For what only reads captures: a token, a header or an authority that this process cannot read
   * (it may be another user's, or a service's credential) is no problem.
   */
  readonly withoutSecrets?: boolean;
}

export function resolveConfig(
  file: ConfigFile,
  context: ResolveContext,
): { config: Config; problems: PlanProblem[] } {
  const problems: PlanProblem[] = [];
  const inFolder = (path: string) => resolve(context.folder, path);
  const tree = readTreePlan((file.tree ?? {}) as Record<string, unknown>, ["tree"]);
  problems.push(...tree.problems);
  const upstreams = readUpstreams(file, context, problems);
  const listen = [file.listen ?? "127.0.0.1:4177"].flat().map(readAddress);
  const config: Config = {
    path: context.path,
    listen,
    captures: inFolder(file.captures ?? context.homes.captures),
    state: inFolder(
      file.state ?? context.env.STATE_DIRECTORY?.split(":")[0] ?? context.homes.state,
    ),
    writer: file.writer ?? null,
    durability: file.durability ?? "batch",
    hosts: (file.hosts ?? []).map((host) => host.toLowerCase()),
    token: file.token ?? null,
    upstreams,
    defaultUpstream: file.default_upstream ?? null,
    tree: tree.plan,
    autofile: isOn(file.autofile, true),
    redact: {
      rules: file.redact?.rules ?? [],
      headers: (file.redact?.headers ?? []).map((name) => name.toLowerCase()),
      pii: isOn(file.redact?.pii, false),
      identifiers: isOn(file.redact?.identifiers, false),
    },
    limits: {
      bodyBytes: parseSize(file.limits?.body) ?? LIMITS.bodyBytes,
      spoolBytes: parseSize(file.limits?.spool) ?? LIMITS.spoolBytes,
      inFlightCount: file.limits?.in_flight ?? LIMITS.inFlightCount,
      decodeBytes: parseSize(file.limits?.decode) ?? LIMITS.decodeBytes,
    },
    drainMs: parseDuration(file.drain ?? null) ?? LIMITS.drainMs,
    playback: { missing: file.playback?.missing ?? "canned" },
    site: {
      title: file.site?.title ?? "callnumber",
      languages: file.site?.languages ?? ["en"],
      timezone: file.site?.timezone ?? "UTC",
      out: inFolder(file.site?.out ?? context.homes.site),
      listen: readAddress(file.site?.listen ?? "127.0.0.1:4178"),
    },
  };
  checkTogether(config, problems);
  return { config: deepFreeze(config), problems };
}

function readUpstreams(
  file: ConfigFile,
  context: ResolveContext,
  problems: PlanProblem[],
): Record<string, UpstreamConfig> {
  const upstreams: Record<string, UpstreamConfig> = {};
  for (const [name, { url }] of Object.entries(PRESETS)) {
    upstreams[name] = makeUpstream(name, readUrl(url) as UpstreamUrl, true);
  }
  for (const [name, entry] of Object.entries(file.upstreams ?? {})) {
    const written = typeof entry === "string" ? { url: entry } : entry;
    const path = ["upstreams", name];
    const url = readUrl(written.url);
    if (url === null) {
      const message = `${JSON.stringify(written.url)} is no URL; one is http(s)://HOST[:PORT][/BASE]`;
      problems.push({ path: typeof entry === "string" ? path : [...path, "url"], message });
      continue;
    }
    const plain = makeUpstream(name, url, false);
    upstreams[name] = {
      ...plain,
      headers: readHeaders(written.headers ?? {}, [...path, "headers"], problems),
      ca: written.ca === undefined ? null : readCa(written.ca, context, [...path, "ca"], problems),
      http2: isOn(written.http2, false),
      timeouts: {
        connectMs: parseDuration(written.timeouts?.connect ?? null) ?? plain.timeouts.connectMs,
        headersMs: parseDuration(written.timeouts?.headers ?? null) ?? 0,
        bodyMs: parseDuration(written.timeouts?.body ?? null) ?? 0,
      },
      allowPrivate: isOn(written.allow_private, false),
    };
  }
  return upstreams;
}

function makeUpstream(name: string, url: UpstreamUrl, preset: boolean): UpstreamConfig {
  return {
    name,
    url,
    headers: {},
    ca: null,
    http2: false,
    timeouts: { connectMs: LIMITS.connectMs, headersMs: 0, bodyMs: 0 },
    allowPrivate: false,
    preset,
  };
}

/** Null where the text is no plain http(s) URL: no user, query or fragment. */
function readUrl(text: string): UpstreamUrl | null {
  if (text === "playback:") return { protocol: "playback:", hostname: "", port: 0, basePath: "" };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return null;
  const protocol = url.protocol as "http:" | "https:";
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { protocol, hostname, port, basePath: url.pathname.replace(/\/+$/, "") };
}

function readHeaders(
  headers: Readonly<Record<string, string>>,
  path: readonly string[],
  problems: PlanProblem[],
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      problems.push({
        path: [...path, name],
        message: `${JSON.stringify(name)} is no clean header`,
      });
    } else if (/^(?:host|content-length|transfer-encoding|connection|upgrade)$/.test(lower)) {
      problems.push({ path: [...path, name], message: `${lower} cannot be set here` });
    } else out[lower] = value;
  }
  return out;
}

function readCa(
  path: string,
  context: ResolveContext,
  at: readonly string[],
  problems: PlanProblem[],
): string | null {
  try {
    const pem = context.readFile(resolve(context.folder, path));
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
    problems.push({ path: at, message: `${path} holds no PEM certificate` });
  } catch (error) {
    if (context.withoutSecrets) return null;
    problems.push({ path: at, message: `${path} cannot be read: ${(error as Error).message}` });
  }
  return null;
}

function readAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(text.slice(colon + 1)) };
}

/** Loopback by address or name: everything else can be reached from outside. */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || /^::ffff:127\./.test(host);
}

function checkTogether(config: Config, problems: PlanProblem[]): void {
  const name = config.defaultUpstream;
  if (name !== null && !Object.hasOwn(config.upstreams, name)) {
    problems.push({
      path: ["default_upstream"],
      message: `${JSON.stringify(name)} is no upstream`,
    });
  }
  if (`${config.state}/`.startsWith(`${config.captures}/`)) {
    problems.push({ path: ["state"], message: "the state folder must not lie inside captures" });
  }
  for (const [index, rule] of config.redact.rules.entries()) {
    const message = userRuleProblem(rule);
    if (message !== null) problems.push({ path: ["redact", "rules", String(index)], message });
  }
  if (!isTimeZone(config.site.timezone)) {
    const message = `${JSON.stringify(config.site.timezone)} is no time zone`;
    problems.push({ path: ["site", "timezone"], message });
  }
}

function isTimeZone(name: string): boolean {
  // Asking takes 16 ms the first time, of the 250 until the port is open.
  if (name === "UTC") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isOn(value: unknown, fallback: boolean): boolean {
  return value === undefined ? fallback : value === true || value === "on";
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
