/**
 * What the byte path looks up for each request, made once per configuration.
 *
 * Invariants: an exchange keeps the runtime that it began with, so a reload never changes
 * one in flight; an upstream whose configuration did not change keeps its pool.
 */
import type { Config, UpstreamConfig } from "../config/types.ts";
import { CredentialMasker, type CredentialRules } from "./credentials.ts";
import { canonicalHost, hostOf } from "./host-name.ts";
import type { Upstream } from "./upstream.ts";

export interface UpstreamRuntime {
  readonly config: UpstreamConfig;
  readonly upstream: Upstream;
  /** Value of the `Host` header. */
  readonly host: string;
  /** Flat list of the headers that the configuration sets. */
  readonly injected: readonly string[];
  inFlight: number;
}

export interface ProxyRuntime {
  readonly config: Config;
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>;
  /** Names by which the daemon may be called, as `canonicalHost` writes them. */
  readonly hosts: ReadonlySet<string>;
  readonly masker: CredentialMasker;
}

/** `open` makes the upstream of a configuration entry; `before` is the runtime that is replaced. */
export function makeRuntime(
  config: Config,
  rules: CredentialRules,
  open: (config: UpstreamConfig) => Upstream,
  before: ProxyRuntime | null,
): ProxyRuntime {
  const upstreams = new Map<string, UpstreamRuntime>();
  for (const [name, entry] of Object.entries(config.upstreams)) {
    const old = before?.upstreams.get(name);
    const same = old !== undefined && JSON.stringify(old.config) === JSON.stringify(entry);
    upstreams.set(name, same ? old : makeUpstream(entry, open));
  }
  for (const [name, old] of before?.upstreams ?? []) {
    if (upstreams.get(name) !== old) old.upstream.close();
  }
  const listening = config.listen.map(({ host }) => host);
  const hosts = new Set(["localhost", "127.0.0.1", "::1"]);
  for (const host of [...listening, ...config.hosts]) {
    hosts.add(hostOf(host) ?? canonicalHost(host) ?? host);
  }
  const masker = new CredentialMasker(rules, config.redact.headers, config.token);
  return { config, upstreams, hosts, masker };
}

function makeUpstream(
  config: UpstreamConfig,
  open: (config: UpstreamConfig) => Upstream,
): UpstreamRuntime {
  return {
    config,
    upstream: open(config),
    host: hostHeader(config),
    injected: Object.entries(config.headers).flat(),
    inFlight: 0,
  };
}

function hostHeader({ url }: UpstreamConfig): string {
  const name = url.hostname.includes(":") ? `[${url.hostname}]` : url.hostname;
  const usual = url.protocol === "https:" ? 443 : 80;
  return url.port === usual ? name : `${name}:${url.port}`;
}
