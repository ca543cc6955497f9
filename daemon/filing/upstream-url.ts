/** Where an upstream is, as the dialects want to be told. Pure. */
import type { UpstreamConfig } from "../config/types.ts";

type Upstreams = Readonly<Record<string, Pick<UpstreamConfig, "url">>>;

/** Origin and base path as a client would write them; empty for playback and unknown names. */
export function upstreamUrl(
  { upstreams }: { readonly upstreams: Upstreams },
  name: string | null,
): string {
  const upstream = name !== null && Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
  if (upstream === undefined || upstream.url.protocol === "playback:") return "";
  const { protocol, hostname, port, basePath } = upstream.url;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const isDefault = port === (protocol === "https:" ? 443 : 80);
  return `${protocol}//${host}${isDefault ? "" : `:${port}`}${basePath}`;
}
