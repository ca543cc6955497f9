/**
 * Self-signed certificates for tests, made with node:crypto alone: a small DER writer (X.690) and
 * the fields of RFC 5280 that a TLS client looks at.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CertificateOptions {
  /** Name or IPv4 address that the certificate is for; default 127.0.0.1. */
  readonly host?: string;
  readonly expired?: boolean;
  readonly trusted?: boolean;
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), body]);
  if (length < 256) return Buffer.concat([Buffer.from([tag, 0x81, length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 255]), body]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const oid = (...bytes: number[]) => der(0x06, Buffer.from(bytes));
const time = (date: Date) =>
  der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
const extension = (id: Buffer, value: Buffer) => sequence(id, der(0x04, value));

/** PEM certificate and key, P-256, valid for a day around now (or until yesterday). */
export function makeCertificate(options: CertificateOptions): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const host = options.host ?? "127.0.0.1";
  const day = 86_400_000;
  const from = new Date(Date.now() - (options.expired ? 3 : 1) * day);
  const until = new Date(Date.now() + (options.expired ? -1 : 1) * day);
  const name = sequence(
    der(0x31, sequence(oid(0x55, 4, 3), der(0x0c, Buffer.from("callnumber test")))),
  );
  const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
  const alt = isIPv4(host)
    ? der(0x87, Buffer.from(host.split(".").map(Number)))
    : der(0x82, Buffer.from(host));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const keyId = createHash("sha1").update(spki).digest();
  const extensions = sequence(
    extension(oid(0x55, 0x1d, 0x11), sequence(alt)),
    extension(oid(0x55, 0x1d, 0x13), sequence(der(0x01, Buffer.from([0xff])))),
    extension(oid(0x55, 0x1d, 0x0e), der(0x04, keyId)),
  );
  const serial = randomBytes(8);
  serial[0] = ((serial[0] as number) & 0x7f) | 1;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(time(from), time(until)),
    name,
    spki,
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const base64 = sequence(body, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g)?.join("\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Writes a certificate into a file of its own, gone at the end of the process; gives the path. */
makeCertificate.save = (cert: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-ca-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "ca.pem");
  writeFileSync(path, cert);
  return path;
};
