/**
 * Reads as much as can be read of a body whose content-encoding could not be undone.
 *
 * Invariants:
 * - What any client could read of the body is found, up to the damage: in steps as large as they
 *   come through, then byte by byte, because zlib gives nothing of a step that fails.
 * - Never throws; the result is looked at, and stored only where a secret was found in it.
 */
import { CODERS, type Coder, makeStream } from "./decode.ts";

const STEP_BYTES = 4096;

/**
 * What can be read of `wire`, at most `limitBytes`; empty where nothing can be read at all.
 * `encodings` as `contentEncodings` gives them.
 */
export async function decodePrefix(
  wire: Buffer,
  encodings: readonly string[],
  limitBytes: number,
): Promise<Buffer> {
  let bytes = wire;
  for (const name of [...encodings].reverse()) {
    const coder = CODERS[name];
    if (coder === undefined) return Buffer.alloc(0);
    bytes = await readMembers(bytes, coder, limitBytes);
  }
  return bytes;
}

async function readMembers(bytes: Buffer, coder: Coder, limitBytes: number): Promise<Buffer> {
  const members: Buffer[] = [];
  let left = limitBytes;
  for (let rest = bytes; rest.length > 0 && left > 0; ) {
    let member = await readSteps(rest, coder, left, [STEP_BYTES]);
    if (member.failedAt !== null) {
      const near = rest.subarray(0, member.failedAt + STEP_BYTES);
      member = await readSteps(near, coder, left, [member.failedAt, 1]);
      rest = Buffer.alloc(0);
    } else rest = rest.subarray(member.used);
    members.push(member.read);
    left -= member.read.length;
    if (member.used === 0 || coder !== "zstd") break;
  }
  return Buffer.concat(members);
}

interface Member {
  readonly read: Buffer;
  readonly used: number;
  readonly failedAt: number | null;
}

/** Reads one member in steps of the given sizes, the last of them again and again. */
async function readSteps(
  bytes: Buffer,
  coder: Coder,
  limitBytes: number,
  steps: readonly number[],
): Promise<Member> {
  const stream = makeStream(coder, bytes);
  const pieces: Buffer[] = [];
  let total = 0;
  let at = 0;
  const failed = await new Promise<boolean>((done) => {
    stream.on("error", () => done(true));
    stream.on("data", (piece: Buffer) => {
      pieces.push(piece);
      total += piece.length;
      if (total > limitBytes) done(false);
    });
    const feed = (from: number, step: number): void => {
      at = from;
      const to = from + (steps[step] ?? 0);
      // No end: with one, what is missing would be an error before the last bytes are given out.
      if (from >= bytes.length || stream.bytesWritten < from) done(false);
      else if (to === from) feed(from, step + 1);
      else {
        stream.write(bytes.subarray(from, to), (error) => {
          if (!error) feed(to, Math.min(step + 1, steps.length - 1));
        });
      }
    };
    feed(0, 0);
  });
  stream.destroy();
  const read = Buffer.concat(pieces).subarray(0, limitBytes);
  return { read, used: stream.bytesWritten, failedAt: failed ? at : null };
}
