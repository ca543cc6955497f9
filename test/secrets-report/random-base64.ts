/**
 * Base64 of random bytes, as pictures, sound and ciphertext are: how often a rule hits it by chance.
 *
 *   node test/secrets-report/random-base64.ts [MEGABYTES]
 *
 * Invariants: bytes come from a seed; half of the bodies are in the URL's alphabet; each body
 * is one that a client sends: a data URL, a `source` of type base64, `input_audio`, `b64_json`.
 */
import { createCipheriv } from "node:crypto";
import { createRedactor, type Redactor } from "../../record/secrets/redactor.ts";

/** Random bytes of a seed, fast: the key stream of a cipher. */
function randomBytes(seed: number, length: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(seed, 8);
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), iv).update(Buffer.alloc(length));
}

const MEDIA: readonly ((data: string) => unknown)[] = [
  (data) => ({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } }),
  (data) => ({ type: "image", source: { type: "base64", media_type: "image/jpeg", data } }),
  (data) => ({ type: "input_audio", input_audio: { data, format: "wav" } }),
  (data) => ({ created: 1, data: [{ b64_json: data }] }),
  (data) => ({ inline_data: { mime_type: "application/pdf", data } }),
  (data) => ({ type: "reasoning", encrypted_content: data }),
];

export interface ChanceHits {
  readonly bytes: number;
  readonly hits: ReadonlyMap<string, number>;
}

/** At least `bytes` of base64 in bodies of about a megabyte. */
export function chanceHits(redactor: Redactor, bytes: number, seed: number): ChanceHits {
  const hits = new Map<string, number>();
  let done = 0;
  for (let i = 0; done < bytes; i += 1) {
    const alphabet = i % 2 === 0 ? "base64" : "base64url";
    const data = randomBytes(seed * 100_000 + i, 750_000).toString(alphabet);
    const body = Buffer.from(JSON.stringify(MEDIA[i % MEDIA.length]!(data)));
    done += data.length;
    for (const { rule, count } of redactor.redactBody(body).hits) {
      hits.set(rule, (hits.get(rule) ?? 0) + count);
    }
  }
  return { bytes: done, hits };
}

if (import.meta.main) {
  const megabytes = Number(process.argv[2] ?? 500);
  const redactor = createRedactor({ fingerprint: () => "00000000" });
  const { bytes, hits } = chanceHits(redactor, megabytes * 1_000_000, 15);
  const total = [...hits.values()].reduce((sum, n) => sum + n, 0);
  console.log(`${(bytes / 1_000_000).toFixed(0)} MB of random base64: ${total} hits`);
  for (const [rule, count] of hits) console.log(`  ${rule}: ${count}`);
}
