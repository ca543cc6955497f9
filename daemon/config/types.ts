/**
 * The resolved configuration: what every other room sees. All defaults filled in, all paths
 * absolute, all `${ENV}` and `file:` values read, all units in the name; frozen.
 *
 * Invariants: plain JSON-able data (it also travels to the filer process), so nothing in
 * here is a class, a function or a handle. What the user typed is in schema.ts, the way from there
 * to here in resolve.ts.
 */

export interface Config {
  /** The file that was read, absolute; null where the defaults alone hold. */
  readonly path: string | null;
  readonly listen: readonly ListenAddress[];
  /** Absolute path of the Johnny.Decimal tree. */
  readonly captures: string;
  /** Absolute path of the state directory (spool, key, lock). */
  readonly state: string;
  /** Part of capture file names, so that several machines can share one tree. */
  readonly writer: string | null;
  readonly durability: "os" | "batch" | "strict";
  /** Further host names by which clients may call the daemon, lower case. */
  readonly hosts: readonly string[];
  readonly token: string | null;
  /** Presets and own upstreams by name. */
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly defaultUpstream: string | null;
  readonly tree: TreePlan;
  readonly autofile: boolean;
  readonly redact: RedactConfig;
  readonly limits: LimitsConfig;
  readonly drainMs: number;
  readonly playback: PlaybackConfig;
  readonly site: SiteConfig;
}

export interface ListenAddress {
  /** Host name or address without brackets. */
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
}

export interface UpstreamConfig {
  readonly name: string;
  readonly url: UpstreamUrl;
  /** Set in place of the client's headers of the same name; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM text of the only authority to trust for this upstream; null = the system's. */
  readonly ca: string | null;
  readonly http2: boolean;
  readonly timeouts: TimeoutsConfig;
  /** A host *name* that resolves to a private or loopback address may be used. */
  readonly allowPrivate: boolean;
  /** True where the entry is built in and untouched by the configuration file. */
  readonly preset: boolean;
}

export interface UpstreamUrl {
  /** `playback:` stands for the embedded upstream. */
  readonly protocol: "http:" | "https:" | "playback:";
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Begins with a slash, never ends with one; empty for the root. */
  readonly basePath: string;
}

/** Milliseconds; 0 = off. */
export interface TimeoutsConfig {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
}

/** The plan of captures/ as written under `tree:`. */
export interface TreePlan {
  readonly areas: readonly AreaPlan[];
}
export interface AreaPlan {
  /** `10-19` */
  readonly number: string;
  readonly title: string;
  readonly categories: readonly CategoryPlan[];
}
export interface CategoryPlan {
  /** `11` */
  readonly number: string;
  readonly title: string;
  /** Matches send an exchange to the category, where the ID is then chosen by upstream. */
  readonly rule: FilingRule | null;
  readonly ids: readonly IdPlan[];
}
export interface IdPlan {
  /** `11.11` */
  readonly number: string;
  readonly title: string;
  readonly rule: FilingRule | null;
}

/** Every condition that is there must hold; values are globs with `*` and `?`. */
export interface FilingRule {
  readonly client?: string;
  readonly upstream?: string;
  readonly model?: string;
  readonly path?: string;
  /** By lower-case header name. */
  readonly header?: Readonly<Record<string, string>>;
}

export interface RedactConfig {
  readonly rules: readonly { readonly name: string; readonly pattern: string }[];
  /** Further header names whose values are masked, lower case. */
  readonly headers: readonly string[];
  readonly pii: boolean;
  readonly identifiers: boolean;
}

export interface LimitsConfig {
  readonly bodyBytes: number;
  readonly spoolBytes: number;
  readonly inFlightCount: number;
  readonly decodeBytes: number;
}

export interface SiteConfig {
  readonly title: string;
  readonly languages: readonly ("en" | "zh-Hant")[];
  /** IANA name. */
  readonly timezone: string;
  /** Absolute path of the built site. */
  readonly out: string;
  /** Where `callnumber up` serves the built site. */
  readonly listen: ListenAddress;
}

export interface PlaybackConfig {
  /** What is answered to a request that was never recorded. */
  readonly missing: "canned" | "refuse";
}
