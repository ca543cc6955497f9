/**
 * Makes random streamed answers as gateways send them, with secrets in known places, and tells what
 * must be stored of them: worked out from the pieces, not by the code under test.
 */
import zlib from "node:zlib";

export type Random = () => number;

export const CODINGS = [
  "identity",
  "gzip",
  "br",
  "zstd",
  "deflate",
  "raw-deflate",
  "gzip-members",
  "zstd-frames",
  "gzip+br",
  "x-gzip",
  "gzip-named",
  "gzip+gzip",
  "zstd-skippable",
  "br-window",
] as const;
export type Coding = (typeof CODINGS)[number];

export interface RandomStream {
  readonly coding: Coding;
  /** Value of `content-encoding`; null for identity. */
  readonly encoding: string | null;
  /** Decoded bytes as sent, and as they are to be stored, each mark written as `MARK`. */
  readonly plain: Buffer;
  readonly stored: string;
  readonly chunks: readonly (readonly [ms: number, bytes: Buffer])[];
  readonly wire: Buffer;
  readonly secrets: number;
}

export const MARK = "«»";
const MARKS = /\[redacted:[a-z0-9-]+ fp:[0-9a-f]{8}\]/g;
/** Stored text with all marks alike. */
export const withPlainMarks = (text: string): string => text.replaceAll(MARKS, MARK);

/** A user's rule whose mark is longer than what it hides. */
export const SHORT_RULE = { name: "ticket", pattern: "\\bQ[0-9]{4}\\b" };
/** One whose mark is shorter. */
export const LONG_RULE = { name: "blob", pattern: "<<[a-z]{300,400}>>" };
export const LIVE = ["hush-9fA3", `live-${"7c1dE".repeat(60)}`];

const int = (random: Random, below: number): number => Math.floor(random() * below);
const pick = <T>(random: Random, of: readonly T[]): T => of[int(random, of.length)] as T;

function secretOf(random: Random): string {
  const kind = int(random, 4);
  if (kind === 0) return `Q${1000 + int(random, 9000)}`;
  if (kind === 1) return `<<${"abcdefghij".repeat(30 + int(random, 10))}>>`;
  return LIVE[kind - 2] as string;
}

interface Event {
  readonly plain: string;
  readonly stored: string;
}

/** Events of one text, some with a secret in the text of one delta or of two in a row. */
function eventsOf(random: Random): { events: Event[]; secrets: number } {
  const count = 1 + int(random, random() < 0.2 ? 150 : 12);
  const places = new Set<number>();
  const wanted = random() < 0.4 ? 0 : 1 + int(random, 4);
  // Near the start, near the end, in the last event, anywhere.
  for (let i = 0; i < wanted; i++)
    places.add(pick(random, [0, count - 1, count - 2, int(random, count)]));
  const events: Event[] = [];
  let secrets = 0;
  const say = (plain: string, stored: string): void => {
    const event = (delta: string) =>
      `data: {"choices":[{"index":0,"delta":{"content":"${delta}"}}]}\n\n`;
    events.push({ plain: event(plain), stored: event(stored) });
  };
  for (let i = 0; i < count; i++) {
    const word = pick(random, ["word ", "好 ", "a\\n", "lorem ipsum dolor ", "\\u00e9 "]);
    if (!places.has(i)) say(`${word}${i} `, `${word}${i} `);
    else {
      const secret = secretOf(random);
      secrets++;
      if (random() < 0.5) say(`${word} ${secret} .`, `${word} ${MARK} .`);
      else {
        const cut = 1 + int(random, secret.length - 1);
        say(`${word} ${secret.slice(0, cut)}`, `${word} ${MARK}`);
        say(`${secret.slice(cut)} .`, " .");
      }
    }
  }
  const last = pick(random, [
    "data: [DONE]\n\n",
    ": ping\n\n",
    "",
    `: see Q${1000 + int(random, 9000)}`,
  ]);
  if (last.startsWith(": see")) secrets++;
  if (last !== "") events.push({ plain: last, stored: last.replace(/Q\d+/, MARK) });
  return { events, secrets };
}

/** Compresses with a flush after every `flush` events; 0 for none before the end. */
function flushed(make: () => zlib.Gzip, pieces: readonly string[], flush: number): Promise<Buffer> {
  const stream = make();
  const out: Buffer[] = [];
  stream.on("data", (bytes) => out.push(bytes));
  return new Promise((done, failed) => {
    stream.on("end", () => done(Buffer.concat(out)));
    stream.on("error", failed);
    const feed = (i: number): void => {
      if (i >= pieces.length) stream.end();
      else {
        stream.write(pieces[i] ?? "", () => {
          if (flush > 0 && i % flush === flush - 1) stream.flush(() => feed(i + 1));
          else feed(i + 1);
        });
      }
    };
    feed(0);
  });
}

type Make = () => zlib.Gzip;
const MAKE: Record<Exclude<Coding, "identity" | "gzip+br" | "gzip+gzip">, Make> = {
  gzip: () => zlib.createGzip(),
  br: () => zlib.createBrotliCompress({ params: QUICK }) as unknown as zlib.Gzip,
  zstd: () => zlib.createZstdCompress() as unknown as zlib.Gzip,
  deflate: () => zlib.createDeflate() as unknown as zlib.Gzip,
  "raw-deflate": () => zlib.createDeflateRaw() as unknown as zlib.Gzip,
  "gzip-members": () => zlib.createGzip(),
  "zstd-frames": () => zlib.createZstdCompress() as unknown as zlib.Gzip,
  "x-gzip": () => zlib.createGzip({ level: 9 }),
  "gzip-named": () => zlib.createGzip(),
  "zstd-skippable": () => zlib.createZstdCompress() as unknown as zlib.Gzip,
  "br-window": () => zlib.createBrotliCompress({ params: WIDE }) as unknown as zlib.Gzip,
};
const WIDE = {
  [zlib.constants.BROTLI_PARAM_QUALITY]: 5,
  [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
};
const QUICK = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 };

/** A gzip member whose header has every optional field of RFC 1952, 2.3.1. */
function withAllFields(gzip: Buffer): Buffer {
  const head = Buffer.from(gzip.subarray(0, 10));
  head[3] = 0x02 | 0x04 | 0x08 | 0x10;
  const extra = Buffer.from([6, 0, 65, 66, 2, 0, 31, 139]);
  const fields = Buffer.concat([head, extra, Buffer.from("name.json\0a comment\0")]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(zlib.crc32(fields) & 0xffff);
  return Buffer.concat([fields, crc, gzip.subarray(10)]);
}

/** A frame of RFC 8878, 3.1.2, which decodes to nothing. */
function skippable(random: Random): Buffer {
  const payload = Buffer.alloc(int(random, 40), 7);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + int(random, 16));
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

async function encode(coding: Coding, pieces: string[], random: Random): Promise<Buffer> {
  const flush = pick(random, [0, 1, 3, 100]);
  if (coding === "identity") return Buffer.from(pieces.join(""));
  if (coding === "gzip+br") {
    const inner = await flushed(MAKE.gzip, pieces, flush);
    return zlib.brotliCompressSync(inner, { params: QUICK });
  }
  if (coding === "gzip+gzip") return zlib.gzipSync(await flushed(MAKE.gzip, pieces, flush));
  if (coding === "gzip-named") return withAllFields(await flushed(MAKE.gzip, pieces, flush));
  if (coding === "zstd-skippable") {
    const frame = await flushed(MAKE.zstd, pieces, flush);
    const around = [skippable(random), frame, skippable(random)];
    return Buffer.concat(random() < 0.5 ? around : around.slice(1));
  }
  if (coding === "gzip-members" || coding === "zstd-frames") {
    const at = int(random, pieces.length + 1);
    const halves = [pieces.slice(0, at), pieces.slice(at)];
    return Buffer.concat(await Promise.all(halves.map((h) => flushed(MAKE[coding], h, flush))));
  }
  return flushed(MAKE[coding], pieces, flush);
}

/** All in one, one byte each, even pieces, or uneven ones. */
function cut(wire: Buffer, random: Random): [number, Buffer][] {
  const kind = int(random, 5);
  const even = 1 + int(random, 200);
  const next = (): number => {
    if (kind === 0) return wire.length;
    if (kind === 1 && wire.length < 4000) return 1;
    return kind === 2 ? even : 1 + int(random, pick(random, [3, 40, 4000]));
  };
  const chunks: [number, Buffer][] = [];
  for (let at = 0, ms = 5; at < wire.length; ms += int(random, 3)) {
    const size = next();
    chunks.push([ms, wire.subarray(at, at + size)]);
    at += size;
  }
  return chunks;
}

const NAMES: Partial<Record<Coding, string>> = {
  "raw-deflate": "deflate",
  "gzip-members": "gzip",
  "zstd-frames": "zstd",
  "gzip+br": "gzip, br",
  "gzip-named": "gzip",
  "gzip+gzip": "gzip, gzip",
  "zstd-skippable": "zstd",
  "br-window": "br",
};

export async function randomStream(
  random: Random,
  coding = pick(random, CODINGS),
): Promise<RandomStream> {
  const { events, secrets } = eventsOf(random);
  const wire = await encode(
    coding,
    events.map((e) => e.plain),
    random,
  );
  return {
    coding,
    encoding: coding === "identity" ? null : (NAMES[coding] ?? coding),
    plain: Buffer.from(events.map((e) => e.plain).join("")),
    stored: events.map((e) => e.stored).join(""),
    chunks: cut(wire, random),
    wire,
    secrets,
  };
}
