/**
 * Live credentials and headers: how many of the cases that were tried reach what would be written.
 *
 *   node test/secrets-report/live.ts
 *
 * prints the rows of the table in docs/security.md. The same cases come from the same seed.
 */
import { pathToFileURL } from "node:url";
import { CredentialMasker } from "../../daemon/proxy/credentials.ts";
import { resealAwsMessages } from "../../record/dialects/aws-event-stream.ts";
import {
  liveCredentials,
  maskCredential,
  maskHeader,
  maskUrl,
} from "../../record/secrets/credential-headers.ts";
import { isCredentialHeader } from "../../record/secrets/credential-names.ts";
import { createRedactor } from "../../record/secrets/redactor.ts";
import { seededRandom } from "../seeded-random.ts";
import { ECHOES, seenOf } from "../unit/record/secrets/echoes.ts";
import { CREDENTIAL_HEADERS, HARMLESS_HEADERS } from "../unit/record/secrets/header-names.ts";
import { SHAPES, type Shape } from "../unit/record/secrets/stream-shapes.ts";

export interface Row {
  readonly tried: string;
  readonly cases: number;
  /** What got through. */
  readonly missed: readonly string[];
}

const fingerprint = (): string => "00c0ffee";
const redactor = createRedactor({ fingerprint });

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SIGNS = `${LETTERS}+/=&._-~:;%'"<>\\`;

/** Credentials of no known kind, with letters alone and with all that a header may hold. */
function credentials(random: () => number, lengths: readonly number[]): string[] {
  const made = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
  return lengths.flatMap((n) => [`a${made(LETTERS, n - 2)}9`, `a${made(SIGNS, n - 2)}9`]);
}

function writtenAs(shape: Shape, secret: string, pieces: readonly string[]): string[] {
  const stream = shape.write(pieces, pieces.join(""));
  const kind = shape.framed ? "frames" : "bytes";
  const { value } = redactor.withLive([secret]).redactChunks([[0, stream]], "body", kind);
  const clean = Buffer.concat(value.map(([, bytes]) => bytes));
  if (shape.framed) resealAwsMessages(stream, clean);
  return [clean.toString("latin1"), shape.read(clean)];
}

/** Each credential × each shape of stream × each cut in two, and some in more. */
export function streams(seed: number): Row {
  const random = seededRandom(seed);
  const missed: string[] = [];
  let cases = 0;
  for (const secret of credentials(random, [20, 33, 64])) {
    for (const shape of SHAPES) {
      const said = `It is ${JSON.stringify(secret).slice(1, -1)}, keep it.`;
      const text = /arguments|input/.test(shape.name) ? said : `It is ${secret}, keep it.`;
      const cut = () => 5 + Math.floor(random() * (text.length - 10));
      const cuts = Array.from({ length: text.length - 10 }, (_, at) => [5 + at]);
      for (let i = 0; i < 20; i += 1) cuts.push([cut(), cut(), cut()].sort((a, b) => a - b));
      for (const places of cuts) {
        cases += 1;
        const borders = [0, ...places, text.length];
        const pieces = borders.slice(1).map((border, i) => text.slice(borders[i], border));
        const part = seenOf(secret, writtenAs(shape, secret, pieces));
        if (part !== "") missed.push(`${shape.name}, cut at ${places}: ${part}`);
      }
    }
  }
  return { tried: "live credentials × shapes of streams × cuts", cases, missed };
}

/** Each credential × each spelling in a body, in a header, in a URL and in an error. */
export function echoes(seed: number): Row {
  const random = seededRandom(seed);
  const missed: string[] = [];
  let cases = 0;
  const sets = Array.from({ length: 6 }, () => credentials(random, [20, 33, 64, 700, 2_500]));
  for (const secret of sets.flat()) {
    const live = redactor.withLive([secret]);
    for (const { name, type, write } of ECHOES) {
      const text = write(secret);
      const kind = type.endsWith("urlencoded") ? "form" : "bytes";
      const places = {
        body: live.redactBody(Buffer.from(text), kind).value.toString("latin1"),
        header: JSON.stringify(live.redactHeaders([["x-debug", text]]).value),
        trailer: JSON.stringify(live.redactHeaders([["x-said", secret]]).value),
        url: live.redactUrl(`/v1/x?said=${encodeURIComponent(text)}`).value,
        error: live.redactText(`refused: ${text}`).value,
      };
      for (const [place, written] of Object.entries(places)) {
        cases += 1;
        const part = seenOf(secret, [written]);
        if (part !== "") missed.push(`${name} in ${place}: ${secret} leaves ${part} in ${written}`);
      }
    }
  }
  return { tried: "live credentials × spellings × places", cases, missed };
}

const masker = new CredentialMasker(
  {
    isHeader: isCredentialHeader,
    mask: (name, value) => maskCredential(name, value, fingerprint),
    maskWithin: (name, value) => maskHeader(name, value, fingerprint),
    maskUrl: (url, isRefused) => maskUrl(url, fingerprint, isRefused),
    live: liveCredentials,
    seal: (secrets) => secrets.join("\n"),
  },
  [],
);

/** Each name × request, response, trailer, query and form; whether it is masked and looked for. */
export function headers(seed: number): Row {
  const [secret = ""] = credentials(seededRandom(seed), [20]);
  const missed: string[] = [];
  let cases = 0;
  for (const name of CREDENTIAL_HEADERS) {
    const value = /cookie/i.test(name) ? `a=${secret}` : secret;
    const { sealed, ...written } = masker.request([name, value], "/x", []);
    const isOwn = name.toLowerCase() === "x-callnumber-token";
    const places = {
      request: JSON.stringify(written),
      response: JSON.stringify(masker.response([name, value])),
      query: maskUrl(`/x?a=1&${encodeURIComponent(name)}=${secret}`, fingerprint),
      form: redactor.redactBody(Buffer.from(`${name}=${secret}&b=2`), "form").value.toString(),
      body: isOwn || sealed?.includes(secret) ? "" : secret,
    };
    for (const [place, text] of Object.entries(places)) {
      cases += 1;
      if (seenOf(secret, [text]) !== "") missed.push(`${name} in ${place}`);
    }
  }
  return { tried: "names of credential headers × places", cases, missed };
}

/** Harmless headers that are masked all the same. */
export function harmless(): Row {
  const missed = HARMLESS_HEADERS.filter((name) => {
    const [header] = masker.request([name, "2b7e-1516"], "/x", []).headers;
    return header?.[1] !== "2b7e-1516";
  });
  return { tried: "names of harmless headers (masked)", cases: HARMLESS_HEADERS.length, missed };
}

/** The row as docs/security.md has it. */
export const lineOf = ({ tried, cases, missed }: Row): string =>
  `| ${tried} | ${cases.toLocaleString("en")} | ${missed.length} |`;

export const LIVE_SEED = 15;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const row of [streams(LIVE_SEED), echoes(LIVE_SEED), headers(LIVE_SEED), harmless()]) {
    console.log(lineOf(row));
    for (const line of row.missed.slice(0, 20)) console.error(`  ${line}`);
  }
}
