/** What a filer is given: its part of the configuration, and what it is to know and to call. */
import type { Understood, WireExchange } from "../../record/dialects/normal.ts";
import type { Config, UpstreamConfig } from "../config/types.ts";
import type { FiledNotice } from "./messages.ts";
import type { Redact } from "./redact.ts";

export type FilerConfig = Pick<
  Config,
  "captures" | "state" | "writer" | "tree" | "autofile" | "redact" | "limits"
> & {
  /** Only where each upstream is: what a call costs depends on who serves it. */
  readonly upstreams: Readonly<Record<string, Pick<UpstreamConfig, "url">>>;
};

export interface FilerOptions {
  readonly config: FilerConfig;
  readonly spoolDir: string;
  readonly understand: (exchange: WireExchange) => Understood;
  /** Makes the redaction of a configuration; `createRedaction` where it is not given. */
  readonly redaction?: (config: FilerConfig) => Redact;
  /** Keys of exchanges of which filers died even alone: to be set aside. */
  readonly poison?: readonly string[];
  /** Keys of those that filers died with: left until all else is filed. */
  readonly suspects?: readonly string[];
  /** Key of the one that is to be filed before anything else, so that nothing else is to blame. */
  readonly alone?: string | null;
  /** Called when that one is filed, set aside or refused. */
  readonly onSurvived?: (key: string) => void;
  /** File only what surrounds the bodies. */
  readonly withoutBodies?: boolean;
  readonly onFiled?: (filed: readonly FiledNotice[]) => void;
  readonly say?: (message: string) => void;
  /** False when the filer is to stop before the next exchange. */
  readonly mayGoOn?: () => boolean;
}
