/**
 * A small static server for the built site: what `callnumber up` serves and nothing more.
 *
 * Invariants: GET and HEAD only; only regular files below the folder, never through a
 * symbolic link, never a name that begins with a dot; a foreign `Host` is refused (DNS rebinding);
 * beyond loopback everything is below `/~TOKEN/`, which the site's relative links keep; every answer carries the headers that a published copy should have too. No state, no writes, no
 * listing. For the world use a real static host (docs/hosting.md).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createReadStream, lstatSync, realpathSync, type Stats } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isIP } from "node:net";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import { CodedError } from "../record/errors.ts";

export interface PreviewOptions {
  /** Folder of the built site, absolute. It may not exist yet. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Further names by which the site may be called, lower case. */
  readonly hosts: readonly string[];
  /** Needed beyond loopback, where others could read the captures; not asked for on loopback. */
  readonly token: string | null;
}

export interface Preview {
  /** `http://127.0.0.1:4178/`, or `http://192.168.1.20:4178/~TOKEN/` */
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "application/jsonl; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};
const WORTH_ZIPPING = /^(text\/|application\/(json|manifest)|image\/svg)/;
const ZIP_FROM_BYTES = 1024;

const HEADERS = {
  "cache-control": "no-cache",
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** Listens at once. Throws listen-failed and token-required. */
export async function startPreview(given: PreviewOptions): Promise<Preview> {
  const options = isLoopback(given.host) ? { ...given, token: null } : given;
  if (!options.token && !isLoopback(options.host)) {
    throw new CodedError("token-required", `serving the site on ${options.host} without a token`);
  }
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    answer(request, response, options);
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}/${options.token === null ? "" : `~${options.token}/`}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: PreviewOptions): Promise<void> {
  return new Promise((ready, failed) => {
    server.once("error", (cause) => {
      const message = `site.listen ${host}:${port}: ${cause.message}`;
      failed(new CodedError("listen-failed", message, { cause }));
    });
    server.listen(port, host, ready);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, options: PreviewOptions) {
  if (!isOwnHost(request.headers.host, options)) return refuse(response, 421);
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405);
  const target = withoutToken(request.url ?? "/", options.token);
  if (target === null) return refuse(response, 401);
  if (!target.startsWith("/")) return toFolder(response, `~${options.token}`);
  const path = decodedPath(target);
  if (path === null) return refuse(response, 400);
  const file = fileAt(options.folder, path.endsWith("/") ? `${path}index.html` : path);
  if (file === "folder") return toFolder(response, path.split("/").at(-1) ?? "");
  if (file === null && path === "/") return beingBuilt(response);
  if (file === null) return refuse(response, 404);
  send(request, response, file);
}

/** A relative target: the answer holds whatever path a tunnel or proxy puts in front. */
function toFolder(response: ServerResponse, name: string): void {
  response.writeHead(308, { ...HEADERS, location: `./${encodeURIComponent(name)}/` });
  response.end();
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: { path: string; stats: Stats },
): void {
  const type = TYPES[extname(file.path)] ?? "application/octet-stream";
  const etag = `"${file.stats.size.toString(36)}-${Math.round(file.stats.mtimeMs).toString(36)}"`;
  const headers: Record<string, string> = { ...HEADERS, "content-type": type, etag };
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const zip =
    file.stats.size >= ZIP_FROM_BYTES &&
    WORTH_ZIPPING.test(type) &&
    /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  headers.vary = "accept-encoding";
  if (zip) headers["content-encoding"] = "gzip";
  else headers["content-length"] = String(file.stats.size);
  response.writeHead(200, headers);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const done = () => {};
  if (zip) pipeline(createReadStream(file.path), createGzip(), response, done);
  else pipeline(createReadStream(file.path), response, done);
}

/** The first build takes some seconds: a page that looks again by itself, without any script. */
function beingBuilt(response: ServerResponse): void {
  response.writeHead(503, {
    ...HEADERS,
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "retry-after": "1",
  });
  response.end(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1">' +
      '<meta name="viewport" content="width=device-width"><meta name="color-scheme" ' +
      'content="light dark"><title>callnumber</title><p>The site is being built. ' +
      "This page looks again every second; the terminal says if something is wrong. " +
      '<p lang="zh-Hant">網站建置中，本頁每秒自動重新整理；若有問題，終端機會顯示。',
  );
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain; charset=utf-8" });
  response.end(`${status}\n`);
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1"]);
const isLoopback = (host: string) => LOOPBACK.has(host) || /^127\.[\d.]+$/.test(host);

/** What stands behind `/~TOKEN` in a request target; null where it is missing or not the token. */
function withoutToken(target: string, token: string | null): string | null {
  if (token === null) return target;
  const [, given, rest] = /^\/~([^/?#]*)(.*)$/s.exec(target) ?? [];
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given ?? ""), digest(token)) ? (rest ?? "") : null;
}

function isOwnHost(header: string | undefined, { host, hosts }: PreviewOptions): boolean {
  const name = header
    ?.toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1");
  if (name === undefined) return false;
  if (LOOPBACK.has(name) || [host.toLowerCase(), ...hosts].includes(name)) return true;
  // Listening on every address means being called by whatever address the machine has.
  return (host === "0.0.0.0" || host === "::") && isIP(name) !== 0;
}

/** The path of a request target, decoded; null where it is not one that this site can have. */
function decodedPath(target: string): string | null {
  try {
    const path = decodeURIComponent(target.split(/[?#]/, 1)[0] ?? "");
    const isPlain = path.startsWith("/") && !/[\0\\]/.test(path);
    return isPlain && !path.split("/").some((name) => name.startsWith(".")) ? path : null;
  } catch {
    return null;
  }
}

function fileAt(folder: string, path: string): { path: string; stats: Stats } | "folder" | null {
  try {
    const full = join(folder, path);
    // The real path tells whether any folder on the way is a symbolic link out of the site.
    if (!realpathSync(full).startsWith(realpathSync(folder) + sep)) return null;
    const stats = lstatSync(full);
    if (stats.isDirectory()) return "folder";
    return stats.isFile() ? { path: full, stats } : null;
  } catch {
    return null;
  }
}
