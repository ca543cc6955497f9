/**
 * Looks for the recorded exchange that answers a playback request.
 *
 * What always holds: an identical request body to the same path wins (the latest such exchange),
 * then the latest exchange with the same method, path and model; else null. Query strings count as
 * part of the path but for keys. Captures are read through record/reader and never changed; files
 * are looked at again only when they have grown. Synchronous and at times slow: it runs in a worker
 * (recordings-worker.ts), never on the byte path.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { openTree } from "../../record/reader/tree.ts";
import type { PlaybackRequest, Recording } from "./playback-upstream.ts";

interface Entry {
  readonly files: readonly string[];
  readonly id: string;
}

export class Recordings {
  private readonly captures: string;
  private readonly byBody = new Map<string, Entry>();
  private readonly byModel = new Map<string, Entry>();
  private readonly seen = new Map<string, string>();

  /** `captures`: absolute path of a tree, which need not exist yet. */
  constructor(captures: string) {
    this.captures = captures;
  }

  /** The recording that answers the request, or null. Throws where a file cannot be read. */
  find(request: PlaybackRequest): Recording | null {
    this.refresh();
    const path = plainPath(request.path);
    const digest = createHash("sha256").update(request.body).digest("hex");
    const key = `${request.method} ${path}`;
    const model = modelOf(request.body);
    const entry =
      this.byBody.get(`${key} ${digest}`) ??
      (model === null ? undefined : this.byModel.get(`${key} ${model}`));
    return entry === undefined ? null : this.read(entry);
  }

  private refresh(): void {
    const tree = openTree(this.captures);
    for (const { number } of tree.streams()) {
      for (const { files } of tree.days(number)) {
        const state = files.map((file) => `${file}:${statSync(file).size}`).join("\n");
        const key = files[0] ?? "";
        if (this.seen.get(key) === state) continue;
        this.seen.set(key, state);
        this.index(files);
      }
    }
  }

  private index(files: readonly string[]): void {
    const day = openTree(this.captures).openDay(files);
    try {
      for (const x of day.exchanges()) {
        if (!isAnswer(x)) continue;
        const key = `${x.request.method} ${plainPath(x.request.url)}`;
        const { body } = x.request;
        const digest = body?.wire?.sha256 ?? body?.sha256 ?? EMPTY_SHA256;
        const entry = { files, id: x.id };
        this.byBody.set(`${key} ${digest}`, this.later(this.byBody.get(`${key} ${digest}`), entry));
        const model = x.llm?.model;
        if (typeof model !== "string") continue;
        // A stream must not answer a request for a whole answer, nor the other way round.
        const named = `${key} ${model} ${x.llm?.stream === true}`;
        this.byModel.set(named, this.later(this.byModel.get(named), entry));
      }
    } finally {
      day.close();
    }
  }

  private later(one: Entry | undefined, other: Entry): Entry {
    return one !== undefined && one.id > other.id ? one : other;
  }

  private read(entry: Entry): Recording | null {
    const day = openTree(this.captures).openDay(entry.files);
    try {
      const x = day.exchange(entry.id);
      const { response } = x;
      if (response === null) return null;
      const chunks = day.chunks(x);
      const whole = day.responseBody(x) ?? Buffer.alloc(0);
      const ms = x.timing.headers_ms ?? x.timing.first_chunk_ms ?? 0;
      return {
        status: response.status,
        headers: headersFor(response.headers, chunks === null ? whole.length : null),
        chunks: chunks?.map(([at, bytes]) => ({ ms: at, bytes })) ?? [{ ms, bytes: whole }],
        broken: x.outcome === "upstream_aborted",
      };
    } finally {
      day.close();
    }
  }
}

const EMPTY_SHA256 = createHash("sha256").digest("hex");

/** What a client could have been given: not our own refusals, nor what we cut short ourselves. */
function isAnswer(x: ExchangeLine): boolean {
  return (
    x.response !== null &&
    x.upstream !== "playback" &&
    (x.outcome === "complete" || x.outcome === "upstream_aborted")
  );
}

/** Stored bodies are decoded, and framing is of this connection: those headers are not played. */
function headersFor(headers: readonly (readonly [string, string])[], length: number | null) {
  const flat: string[] = [];
  for (const [name, value] of headers) {
    if (
      /^(?:content-encoding|content-length|transfer-encoding|connection|keep-alive|set-cookie)$/i.test(
        name,
      )
    ) {
      continue;
    }
    flat.push(name, value);
  }
  flat.push("x-callnumber-playback", "recorded");
  if (length !== null) flat.push("content-length", String(length));
  return flat;
}

/** Path and query without the fields that carry keys. */
function plainPath(url: string): string {
  const [path, query] = url.split("?", 2) as [string, string | undefined];
  const fields = (query ?? "")
    .split("&")
    .filter((field) => field !== "" && !/^(?:key|api_key|token)=/i.test(field));
  return fields.length === 0 ? path : `${path}?${fields.join("&")}`;
}

/** `<model> <streams?>` of a request body, or null where it names no model. */
function modelOf(body: Buffer): string | null {
  try {
    const { model, stream } = JSON.parse(body.toString()) as { model?: unknown; stream?: unknown };
    return typeof model === "string" ? `${model} ${stream === true}` : null;
  } catch {
    return null;
  }
}
