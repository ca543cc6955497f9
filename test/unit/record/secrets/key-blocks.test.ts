/**
 * Private keys as they are quoted in files, diffs, mails, comments, programs and JSON: with every
 * kind of armour, line width and line end, whole and cut off at either end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { seededRandom } from "../../../seeded-random.ts";

const redactor = createRedactor({ fingerprint: () => "00000000" });
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

interface Block {
  readonly lines: readonly string[];
  /** The lines that are key. */
  readonly key: readonly string[];
}

function blockOf(label: string, random: () => number): Block {
  const body = Array.from({ length: 900 }, () => BASE64[Math.floor(random() * 64)]).join("");
  const width = label.includes("OPENSSH") ? 70 : label.includes("PGP") ? 76 : 64;
  const key = body.match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  if (label === "PuTTY") {
    return {
      key,
      lines: [
        "PuTTY-User-Key-File-3: ssh-ed25519",
        "Encryption: none",
        `Private-Lines: ${key.length}`,
        ...key,
        "Private-MAC: 0f1e2d3c",
      ],
    };
  }
  const headers = label.startsWith("RSA")
    ? ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,0F1E2D3C4B5A69788796A5B4C3D2E1F0", ""]
    : [];
  const end = label.includes("PGP") ? " BLOCK" : "";
  return {
    key,
    lines: [
      `-----BEGIN ${label}PRIVATE KEY${end}-----`,
      ...headers,
      ...key,
      `-----END ${label}PRIVATE KEY${end}-----`,
    ],
  };
}

const LABELS = [
  "",
  "RSA ",
  "EC ",
  "DSA ",
  "OPENSSH ",
  "ENCRYPTED ",
  "PGP ",
  "SSH2 ENCRYPTED ",
  "PuTTY",
];

const numbered = (lines: readonly string[], write: (n: string, line: string) => string): string =>
  lines.map((line, i) => write(String(i + 9), line)).join("\n");

/** How lines are quoted. */
const QUOTINGS: readonly (readonly [name: string, quote: (lines: readonly string[]) => string])[] =
  [
    ["as it is", (l) => l.join("\n")],
    ["Windows line ends", (l) => l.join("\r\n")],
    ["line numbers, arrow", (l) => numbered(l, (n, s) => `${n.padStart(6)}→${s}`)],
    ["line numbers, colon", (l) => numbered(l, (n, s) => `${n}:${s}`)],
    ["line numbers, bar", (l) => numbered(l, (n, s) => `${n.padStart(3)} | ${s}`)],
    ["line numbers, tab", (l) => numbered(l, (n, s) => `${n.padStart(6)}\t${s}`)],
    ["grep -n over files", (l) => numbered(l, (n, s) => `certs/server.key:${n}:${s}`)],
    [
      "git blame",
      (l) => numbered(l, (n, s) => `^1a2b3c4 (Ann Lee 2026-11-23 10:00:00 +0000 ${n}) ${s}`),
    ],
    ["logs", (l) => l.map((s) => `web_1  | 2026-11-23T10:00:00Z ${s}`).join("\n")],
    ["quoted mail", (l) => l.map((s) => `> ${s}`).join("\n")],
    ["twice quoted mail", (l) => l.map((s) => `>> ${s}`).join("\n")],
    ["a diff's plus", (l) => l.map((s) => `+${s}`).join("\n")],
    ["a diff's minus", (l) => l.map((s) => `-${s}`).join("\n")],
    ["a diff's blank", (l) => l.map((s) => ` ${s}`).join("\n")],
    ["a coloured diff", (l) => l.map((s) => `\x1b[32m+\x1b[m\x1b[32m${s}\x1b[m`).join("\n")],
    ["indented", (l) => l.map((s) => `    ${s}`).join("\n")],
    ["indented with tabs", (l) => l.map((s) => `\t\t${s}`).join("\n")],
    ["shell comments", (l) => l.map((s) => `# ${s}`).join("\n")],
    ["line comments", (l) => l.map((s) => `// ${s}`).join("\n")],
    ["block comments", (l) => l.map((s) => ` * ${s}`).join("\n")],
    ["strings put together", (l) => l.map((s) => `  "${s}\\n" +`).join("\n")],
    ["strings side by side", (l) => l.map((s) => `  '${s}\\n'`).join("\n")],
    ["an array of lines", (l) => JSON.stringify(l, null, 1)],
    ["line breaks as text", (l) => l.join("\\n")],
    ["line breaks as text, in quotes", (l) => `KEY="${l.join("\\n")}\\n"`],
    ["line breaks by their number", (l) => `$'${l.join("\\x0a")}'`],
    ["line breaks by their octal number", (l) => l.join("\\012")],
    ["line breaks escaped twice", (l) => l.join("\\\\n")],
    ["JSON in JSON", (l) => JSON.stringify(JSON.stringify({ key: l.join("\n") }))],
    ["blanks in place of line breaks", (l) => l.join(" ")],
    ["HTML", (l) => l.map((s) => `${s.replaceAll("+", "&#43;")}<br>`).join("\n")],
    ["a form", (l) => `key=${encodeURIComponent(l.join("\n")).replaceAll("%20", "+")}`],
  ];

/** What of the key's whole lines can be read in what would be written. */
function readable(text: string, { key }: Block): string[] {
  const body = Buffer.from(JSON.stringify({ messages: [{ role: "tool", content: text }] }));
  const written = redactor.redactBody(body).value.toString();
  const { content } = JSON.parse(written).messages[0];
  const plain = decodeURIComponent(content.replaceAll(/%(?![0-9A-F]{2})/g, "%25"))
    .replaceAll("&#43;", "+")
    .replaceAll(/\x1b\[[0-9;]*m/g, "");
  return key.slice(0, -1).filter((line) => plain.includes(line) || content.includes(line));
}

for (const label of LABELS) {
  test(`a ${label}private key is hidden in every quoting`, () => {
    const random = seededRandom(label.length + 3);
    for (const [name, quote] of QUOTINGS) {
      const block = blockOf(label, random);
      assert.deepEqual(readable(`$ cat\n${quote(block.lines)}\nDone.`, block), [], name);
    }
  });
}

test("a key that was cut off at its end is hidden in every quoting of lines", () => {
  const random = seededRandom(7);
  for (const label of LABELS) {
    for (const [name, quote] of QUOTINGS) {
      const block = blockOf(label, random);
      const cut = { ...block, lines: block.lines.slice(0, -3) };
      const text = quote(cut.lines).slice(0, -9);
      const key = block.key.filter((line) => cut.lines.includes(line)).slice(0, -1);
      assert.deepEqual(readable(`$ head\n${text}`, { key, lines: [] }), [], `${label}${name}`);
    }
  }
});

test("a key that was cut off at its beginning is hidden where the END stands", () => {
  const random = seededRandom(9);
  for (const label of LABELS) {
    for (const [name, quote] of QUOTINGS) {
      const block = blockOf(label, random);
      const lines = block.lines.slice(-9);
      const key = block.key.filter((line) => lines.includes(line));
      assert.deepEqual(
        readable(`$ tail\n${quote(lines)}\nDone.`, { key, lines }),
        [],
        `${label}${name}`,
      );
    }
  }
});

test("a key without armour is hidden by how it begins", () => {
  const random = seededRandom(11);
  const body = Array.from({ length: 700 }, () => BASE64[Math.floor(random() * 64)]).join("");
  for (const start of [
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "MIIEpAIBAAKCAQEA",
    "MHcCAQEEI",
    "b3BlbnNzaC1rZXktdjEA",
  ]) {
    const whole = start + body;
    for (const text of [whole, whole.match(/.{1,64}/g)!.join("\n"), `"der": "${whole}"`]) {
      const key = text.match(/[A-Za-z0-9+/]{64}/g)!;
      assert.deepEqual(readable(text, { key: [...key, ""], lines: [] }), [], text.slice(0, 40));
    }
  }
});

test("a key without armour behind an escape is hidden, and the JSON around it stays JSON", () => {
  const random = seededRandom(19);
  const body = Array.from({ length: 700 }, () => BASE64[Math.floor(random() * 64)]).join("");
  for (const start of ["MIIEpAIBAAKCAQEA", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"]) {
    const key = (start + body).match(/.{1,64}/g)!;
    for (const before of ["\n", "\t", "\u0001", "é", '"', "\\"]) {
      for (const isAscii of [false, true]) {
        let text = JSON.stringify({ key: before + key.join("\n") });
        if (isAscii) text = text.replaceAll("é", "\\u00e9");
        for (let depth = 0; depth < 3; depth += 1) {
          const written = redactor.redactBody(Buffer.from(text)).value.toString();
          let plain = written;
          for (let at = 0; at <= depth; at += 1) plain = JSON.parse(plain).key;
          for (const line of key.slice(0, -1)) assert.ok(!plain.includes(line), written);
          assert.ok(plain.startsWith(before), written);
          text = JSON.stringify({ key: text });
        }
      }
    }
  }
});

test("the end of a key of one line is hidden in front of its END", () => {
  const key = "qpFzHkR8c0zX2wVY7sJ1mB4tN6uL9dQe3aZ5";
  const text = `$ tail -c 64\n${key}\n-----END PRIVATE KEY-----`;
  assert.deepEqual(readable(text, { key: [key, ""], lines: [] }), []);
});

test("what only talks of keys stays, and so do certificates and public keys", () => {
  const random = seededRandom(13);
  const { key } = blockOf("", random);
  for (const text of [
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    'if (!pem.startsWith("-----BEGIN PRIVATE KEY-----")) throw new Error("no key");\nconst end = "-----END PRIVATE KEY-----";',
    `-----BEGIN CERTIFICATE-----\n${key.join("\n")}\n-----END CERTIFICATE-----`,
    `-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC${key[0]}\n-----END PUBLIC KEY-----`,
    "It ends with -----END PRIVATE KEY-----, see src/components/settings/certificates/private-key.ts.",
  ]) {
    const body = Buffer.from(JSON.stringify({ content: text }));
    assert.equal(redactor.redactBody(body).value.toString(), body.toString());
  }
});

test("only the key's own characters give way: numbers, quotes and lines stay", () => {
  const block = blockOf("RSA ", seededRandom(17));
  const program = block.lines.map((line) => `  "${line}\\n" +`).join("\n");
  const body = Buffer.from(JSON.stringify({ content: program }));
  const { value, hits } = redactor.redactBody(body);
  const { content } = JSON.parse(value.toString());
  assert.equal(content.split("\n").length, program.split("\n").length);
  assert.equal(content.match(/\[redacted:private-key fp:/g)?.length, 1);
  assert.deepEqual(hits, [{ rule: "private-key", where: "body", count: 1 }]);
});
