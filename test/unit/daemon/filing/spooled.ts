/** Helpers of the filing tests: writes exchanges into a spool as the proxy does, and reads trees. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Filer } from "../../../../daemon/filing/filer.ts";
import type { FilerOptions } from "../../../../daemon/filing/filer-options.ts";
import type { FiledNotice } from "../../../../daemon/filing/messages.ts";
import { type Begin, type End, FrameKind, type ResponseHead } from "../../../../daemon/frames.ts";
import { openSpool, type SpoolWriter } from "../../../../daemon/spool/writer.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import type { ExchangeLine } from "../../../../record/format/schema.ts";
import { openTree } from "../../../../record/reader/tree.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { tempFolder } from "../temp-folder.ts";

export interface Scene {
  readonly root: string;
  readonly captures: string;
  readonly state: string;
  readonly spoolDir: string;
}

export function scene(): Scene {
  const root = tempFolder();
  const state = join(root, "state");
  return { root, captures: join(root, "captures"), state, spoolDir: join(state, "spool") };
}

export function spoolOf(at: Scene, segmentBytes = 1e9): SpoolWriter {
  return openSpool(at.spoolDir, { durability: "os", limitBytes: 1e12, segmentBytes });
}

export type Config = FilerOptions["config"];

export function configOf(at: Scene, more: Partial<Config> = {}): Config {
  return {
    captures: at.captures,
    state: at.state,
    writer: null,
    tree: { areas: [] },
    autofile: true,
    upstreams: {},
    redact: { rules: [], headers: [], pii: false, identifiers: false },
    limits: { bodyBytes: 2 ** 28, spoolBytes: 2 ** 32, inFlightCount: 100, decodeBytes: 2 ** 28 },
    ...more,
  };
}

export interface TestFiler {
  readonly filer: Filer;
  readonly filed: FiledNotice[];
  readonly said: string[];
}

export function filerOf(at: Scene, more: Partial<FilerOptions> = {}): TestFiler {
  const filed: FiledNotice[] = [];
  const said: string[] = [];
  const filer = new Filer({
    config: configOf(at),
    spoolDir: at.spoolDir,
    understand,
    onFiled: (notices) => filed.push(...notices),
    say: (message) => said.push(message),
    ...more,
  });
  return { filer, filed, said };
}

/** Files all that is in the spool, and closes. */
export async function fileAll(at: Scene, more: Partial<FilerOptions> = {}): Promise<TestFiler> {
  const test = filerOf(at, more);
  assert.equal(await test.filer.run(), true);
  test.filer.close();
  return test;
}

let counter = 0;
export function idOf(number: number): string {
  return `01KTEST${String(number).padStart(19, "0")}`;
}

export interface Shape {
  readonly begin?: Partial<Begin>;
  readonly request?: string | Buffer;
  readonly head?: Partial<ResponseHead> | null;
  /** Chunks with their times. */
  readonly response?: readonly (readonly [number, string | Buffer])[];
  readonly end?: Partial<End> | null;
}

/** Writes one exchange; `end: null` leaves it open. Gives its id. */
export function put(spool: SpoolWriter, shape: Shape = {}): string {
  const number = ++counter;
  const begin: Begin = {
    id: idOf(number),
    started: "2026-11-23T10:00:00.000Z",
    method: "POST",
    url: "/v1/chat/completions",
    http: "1.1",
    headers: [["content-type", "application/json"]],
    upstream: "openrouter",
    client: { name: null, agent: null, address: "127.0.0.1" },
    labels: {},
    number: null,
    session: null,
    sealed: null,
    ...shape.begin,
  };
  spool.append(FrameKind.begin, number, 0, JSON.stringify(begin));
  const request = Buffer.from(shape.request ?? '{"model":"m","messages":[]}');
  for (let at = 0; at < request.length; at += 65536) {
    spool.append(FrameKind.requestData, number, 1, request.subarray(at, at + 65536));
  }
  spool.append(FrameKind.requestEnd, number, 1, '{"trailers":[]}');
  if (shape.head !== null) {
    const head = {
      status: 200,
      reason: "OK",
      http: "1.1",
      headers: [["content-type", "application/json"]],
      ...shape.head,
    };
    spool.append(FrameKind.responseHead, number, 5, JSON.stringify(head));
  }
  for (const [ms, bytes] of shape.response ?? [[7, '{"id":"r"}']]) {
    spool.append(FrameKind.responseData, number, ms, Buffer.from(bytes));
  }
  if (shape.end !== null) {
    const end: End = {
      outcome: "complete",
      error: null,
      connect_ms: 1,
      request_sent_ms: 2,
      headers_ms: 5,
      total_ms: 9,
      verbatim: true,
      ...shape.end,
    };
    spool.append(FrameKind.end, number, 9, JSON.stringify(end));
  }
  return begin.id;
}

export interface Seen {
  readonly number: string;
  readonly path: string;
  readonly line: ExchangeLine;
  readonly request: Buffer | null;
  readonly response: Buffer | null;
  readonly chunks: readonly (readonly [number, Buffer, ...unknown[]])[] | null;
  readonly assembled: string | null;
}

/** Every exchange in the tree, in file order, after checking that `verify` finds nothing. */
export function readTree(at: Scene): Seen[] {
  const seen: Seen[] = [];
  const tree = openTree(at.captures);
  for (const { stream, path } of tree.files()) {
    assert.deepEqual(verifyFile(path), []);
    using day = tree.openDay(path);
    for (const line of day.exchanges()) {
      seen.push({
        number: stream.number,
        path,
        line,
        request: day.requestBody(line),
        response: day.responseBody(line),
        chunks: day.chunks(line) as Seen["chunks"],
        assembled: day.assembled(line),
      });
    }
  }
  return seen;
}
