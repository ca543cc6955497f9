/**
 * The one secret of a state directory: `<state>/key`, 32 random bytes, 0600.
 *
 * What always holds: three keys are derived from it (HKDF-SHA256, one info string each) and serve
 * one purpose each: sealing live credentials into the spool (AES-256-GCM), fingerprints of masked
 * headers, and pseudonyms. The file appears whole or not at all. The key itself never leaves this
 * module, and what was sealed is opened only in the filer. Deleting the file changes every later
 * fingerprint, and exchanges still in the spool can then no longer be redacted fully.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { CodedError } from "../record/errors.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface StateKey {
  /** Encrypts strings for `open`, base64 (nonce, tag, ciphertext). Never the same twice. */
  seal(strings: readonly string[]): string;
  /** The strings again. Throws where the text was sealed with another key or is damaged. */
  open(sealed: string): string[];
  /** 8 hex digits that tell two secrets apart without giving either away. */
  fingerprint(secret: string): string;
  /** 16 hex digits in place of an identifier; the same for the same value. */
  pseudonym(value: string): string;
}

/**
 * Reads `<stateDir>/key`, making folder (0700) and key at the first call. Throws CodedError
 * state-unusable where neither can be done or the file is not a key.
 */
export function loadStateKey(stateDir: string): StateKey {
  const key = readOrCreate(stateDir);
  const derive = (info: string): Buffer =>
    Buffer.from(hkdfSync("sha256", key, "", `callnumber/1 ${info}`, KEY_BYTES));
  const sealing = derive("seal");
  const marking = derive("fingerprint");
  const naming = derive("pseudonym");
  return {
    seal(strings) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(strings)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      return JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString());
    },
    fingerprint: (secret) => createHmac("sha256", marking).update(secret).digest("hex").slice(0, 8),
    pseudonym: (value) => createHmac("sha256", naming).update(value).digest("hex").slice(0, 16),
  };
}

function readOrCreate(stateDir: string): Buffer {
  const path = join(stateDir, "key");
  try {
    fs.mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return read(path) ?? create(path);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError("state-unusable", `no key can be kept in ${stateDir}`, { cause: error });
  }
}

function read(path: string): Buffer | null {
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    // Restored from a backup, or copied, it may have become readable for others.
    if ((fs.fstatSync(fd).mode & 0o077) !== 0) fs.fchmodSync(fd, 0o600);
    const key = fs.readFileSync(fd);
    if (key.length === KEY_BYTES) return key;
    throw new CodedError(
      "state-unusable",
      `${path} has ${key.length} bytes, a key has ${KEY_BYTES}`,
    );
  } finally {
    fs.closeSync(fd);
  }
}

/** Linked into place whole: a process killed half-way, or a second one, leaves no half key. */
function create(path: string): Buffer {
  const draft = `${path}.${process.pid}`;
  fs.rmSync(draft, { force: true });
  const fd = fs.openSync(draft, "wx", 0o600);
  try {
    fs.writeSync(fd, randomBytes(KEY_BYTES));
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  try {
    fs.linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    fs.unlinkSync(draft);
  }
  const key = read(path);
  if (key === null) throw new CodedError("state-unusable", `${path} vanished while it was made`);
  return key;
}
