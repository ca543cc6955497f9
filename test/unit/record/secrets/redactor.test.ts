import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Chunk,
  createRedactor,
  type RedactorOptions,
} from "../../../../record/secrets/redactor.ts";
import { credentialKinds } from "./credential-kinds.ts";

const fingerprint = (s: string): string =>
  createHmac("sha256", "t").update(s).digest("hex").slice(0, 8);
const make = (options: Partial<RedactorOptions> = {}) =>
  createRedactor({ fingerprint, ...options });
const redactor = make();
const KEY = credentialKinds(5).find((k) => k.name === "openrouter")!.secret;
const MARK = `[redacted:openrouter-key fp:${fingerprint(KEY)}]`;

test("where nothing was found the very same objects come back", () => {
  const body = Buffer.from('{"messages":[{"role":"user","content":"hello"}]}');
  const chunks: Chunk[] = [[1, Buffer.from("data: {}\n\n")]];
  const headers: [string, string][] = [["accept", "*/*"]];
  const url = "/v1/chat/completions?beta=true&q=a b";
  assert.equal(redactor.redactBody(body).value, body);
  assert.equal(redactor.redactPart(body).value, body);
  assert.equal(redactor.redactChunks(chunks).value, chunks);
  assert.equal(redactor.redactHeaders(headers).value, headers);
  assert.equal(redactor.redactUrl(url).value, url);
  assert.equal(redactor.redactBody(Buffer.alloc(0)).value.length, 0);
});

test("all bytes around a secret stay: spacing, escapes, duplicate keys, broken UTF-8", () => {
  const before = Buffer.concat([
    Buffer.from('{ "a" : 1e400, "a":9007199254740993,\t"b":"\\u00e9\\/\\u0041'),
    Buffer.from([0xff, 0xfe, 0xc3]),
    Buffer.from(" \\n"),
  ]);
  const after = Buffer.from('\\n\\ud83d","c":[ ]}\r\n');
  const { value, hits } = redactor.redactBody(Buffer.concat([before, Buffer.from(KEY), after]));
  assert.deepEqual(value, Buffer.concat([before, Buffer.from(MARK), after]));
  assert.deepEqual(hits, [{ rule: "openrouter-key", where: "body", count: 1 }]);
});

test("redacting twice changes nothing more, for every kind", () => {
  for (const { name, text } of credentialKinds(4)) {
    const body = Buffer.from(JSON.stringify({ messages: [{ content: `a ${text} b` }], env: text }));
    const once = redactor.redactBody(body).value;
    const again = redactor.redactBody(once);
    assert.equal(again.value, once, `${name}: ${once} became ${again.value}`);
  }
});

test("any JSON with a key in any of its strings is still the same JSON, but for that string", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.jsonValue(), (left, right, rest) => {
      const said = `${left} ${KEY} ${right}`;
      const { value } = redactor.redactBody(Buffer.from(JSON.stringify({ said, rest })));
      const back = JSON.parse(value.toString());
      assert.deepEqual(back.rest, JSON.parse(JSON.stringify(rest)));
      assert.equal(back.said, said.replaceAll(KEY, MARK));
    }),
    { seed: 20261123, numRuns: 300 },
  );
});

test("a property that is named like a secret stays, and so does its schema", () => {
  const schema = {
    type: "object",
    properties: {
      password: { type: "string", description: "the user's password, e.g. password=Secret123" },
      csrf_token: { type: "string", default: "csrf-token-placeholder" },
      api_key: { type: ["string", "null"], pattern: "^sk-[A-Za-z0-9]{20,}$" },
    },
    required: ["password", "csrf_token", "api_key"],
  };
  const body = { tools: [{ type: "function", function: { name: "login", parameters: schema } }] };
  const bytes = Buffer.from(JSON.stringify(body));
  assert.equal(redactor.redactBody(bytes).value, bytes);
});

test("code and prose about secrets stay", () => {
  const lines = [
    "const token = await getToken(userId2);",
    "password = os.environ['DB_PASSWORD_2']",
    "export API_KEY=$OPENAI_API_KEY1",
    "api_key: $" + "{{ secrets.API_KEY_V2 }}",
    "max_tokens: 4096, token_count=12345678",
    "see https://user:password@example.com/ for the format",
    "postgres://postgres:postgres@localhost:5432/test",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "OPENAI_API_KEY=sk-your-key-here-000000000000",
    "Authorization: Bearer <token>",
    "secret: my_secret_name_v2",
    "the basic idea: 42",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "token: 2026-11-23T10:00:00Z",
  ];
  for (const line of lines) {
    const bytes = Buffer.from(JSON.stringify({ content: line }));
    assert.equal(redactor.redactBody(bytes).value.toString(), bytes.toString());
  }
});

test("as many chunks come back as went in, at their times, with the marker whole in one of them", () => {
  const text = `data: {"choices":[{"index":0,"delta":{"content":"x ${KEY} y"}}]}\n\n`;
  const chunks: Chunk[] = [...text].map((c, i) => [i * 1.5, Buffer.from(c)]);
  const { value, hits } = redactor.redactChunks(chunks, "response.body");
  assert.deepEqual(
    value.map(([ms]) => ms),
    chunks.map(([ms]) => ms),
  );
  assert.equal(Buffer.concat(value.map(([, b]) => b)).toString(), text.replace(KEY, MARK));
  assert.equal(value.filter(([, b]) => b.toString().includes(MARK)).length, 1);
  assert.deepEqual(hits, [{ rule: "openrouter-key", where: "response.body", count: 1 }]);
});

test("a key over many deltas counts once, and other choices keep what they say", () => {
  const event = (index: number, content: string): Chunk => [
    0,
    Buffer.from(`data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`),
  ];
  const chunks = [...KEY].flatMap((c, i) => [event(0, c), event(1, `w${i} `)]);
  const { value, hits } = redactor.redactChunks([event(0, "key: "), ...chunks]);
  const all = Buffer.concat(value.map(([, b]) => b)).toString();
  const events = [...all.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]!).choices[0]);
  const said = (n: number): string =>
    events
      .filter((c) => c.index === n)
      .map((c) => c.delta.content)
      .join("");
  assert.equal(said(0), `key: ${MARK}`);
  assert.equal(said(1), [...KEY].map((_, i) => `w${i} `).join(""));
  assert.equal(hits[0]!.count, 1);
});

test("in length-prefixed frames a replacement keeps the length", () => {
  const frame = Buffer.concat([
    Buffer.from([0, 0, 1, 2]),
    Buffer.from(`{"t":"${KEY}"}`),
    Buffer.from([9]),
  ]);
  const { value } = redactor.redactBody(frame, "frames");
  assert.equal(value.length, frame.length);
  assert.ok(value.includes("[redacted:openrouter-key fp:"));
  assert.ok(!value.includes(KEY.slice(20)));
});

test("in frames a key over two deltas is hidden and every frame keeps its length", () => {
  const frame = (text: string): Buffer =>
    Buffer.concat([
      Buffer.from([0, 0, 0, 90, 0, 0, 0, 7, 1, 2, 3, 4]),
      Buffer.from(JSON.stringify({ contentBlockIndex: 0, delta: { text } })),
      Buffer.from([0xfa, 0x22, 0x5c, 0x7b]),
    ]);
  const chunks: Chunk[] = ["see ", KEY.slice(0, 30), KEY.slice(30), " there"].map((t, i) => [
    i,
    frame(t),
  ]);
  const { value } = redactor.redactChunks(chunks, "body", "frames");
  assert.deepEqual(
    value.map(([, b]) => b.length),
    chunks.map(([, b]) => b.length),
  );
  const said = value.map(([, b]) => JSON.parse(b.toString("latin1", 12, b.length - 4)).delta.text);
  assert.match(said.join(""), /^see \[redacted:openrouter-key fp:[0-9a-f]{2}\*{43} there$/);
});

test("the masked header and the marker in a body have the same fingerprint", () => {
  const [[, header]] = redactor.redactHeaders([["authorization", `Bearer ${KEY}`]]).value as [
    [string, string],
  ];
  assert.ok(header.includes(`fp:${fingerprint(KEY)}`));
  const already = redactor.redactHeaders([["authorization", header]]);
  assert.deepEqual(already, { value: [["authorization", header]], hits: [] });
});

test("headers that the configuration names are masked whole, whatever they hold", () => {
  const own = make({ headers: ["X-Internal-Auth"] });
  const { value } = own.redactHeaders([["x-internal-auth", "abc"]]);
  assert.deepEqual(value, [["x-internal-auth", `[redacted fp:${fingerprint("abc")}]`]]);
});

test("live credentials are hidden, common stand-ins are not", () => {
  const live = redactor.withLive(["ollama", "zX-4711-kaputt", "Passw0rd?&=/\"'"]);
  const said = `ollama runs; zX-4711-kaputt; Passw0rd?&=/"'`;
  const { value, hits } = live.redactBody(Buffer.from(JSON.stringify({ said })));
  const back = JSON.parse(value.toString()).said as string;
  assert.match(
    back,
    /^ollama runs; \[redacted:live-credential fp:\w+\]; \[redacted:live-credential fp:\w+\]$/,
  );
  assert.deepEqual(hits, [{ rule: "live-credential", where: "body", count: 2 }]);
  assert.notEqual(live.key, redactor.key);
  assert.equal(live.key, redactor.withLive(["zX-4711-kaputt", "Passw0rd?&=/\"'"]).key);
});

test("with identifiers: on the envelope's ids become stable pseudonyms, messages keep theirs", () => {
  const own = make({ identifiers: true, pseudonym: (s) => `p${s.length}` });
  const id = JSON.stringify({
    device_id: "d".repeat(64),
    account_uuid: "a-b-c",
    session_id: "s-1",
  });
  const body = {
    model: "m",
    metadata: { user_id: id, tier: "gold" },
    user: "alice-4711",
    safety_identifier: "f00",
    messages: [{ role: "tool", content: '{"user_id":"keep-me"}', user_id: "keep-me-too" }],
  };
  const { value, hits } = own.redactBody(Buffer.from(JSON.stringify(body)));
  const back = JSON.parse(value.toString());
  assert.deepEqual(JSON.parse(back.metadata.user_id), {
    device_id: "[pseudonym:p64]",
    account_uuid: "[pseudonym:p5]",
    session_id: "s-1",
  });
  assert.equal(back.metadata.tier, "gold");
  assert.equal(back.user, "[pseudonym:p10]");
  assert.equal(back.safety_identifier, "[pseudonym:p3]");
  assert.deepEqual(back.messages, body.messages);
  assert.deepEqual(hits, [{ rule: "identifier", where: "body", count: 4 }]);
  assert.equal(own.redactBody(value).value, value);
  const off = Buffer.from(JSON.stringify(body));
  assert.equal(redactor.redactBody(off).value, off);
});

test("identifiers that the upstream repeats in a stream are pseudonyms too, what is said stays", () => {
  const own = make({ identifiers: true, pseudonym: (v) => `p${v.length}` });
  const echo = { user: "alice-4711", safety_identifier: "f00", metadata: { user_id: "u-12" } };
  const events = [
    { type: "response.created", response: { id: "r", ...echo } },
    { type: "response.output_text.delta", delta: '{"user":"bob"} and "user_id":"x"' },
  ];
  const chunks = events.map((e, i): Chunk => [i, Buffer.from(`data: ${JSON.stringify(e)}\n\n`)]);
  const { value, hits } = own.redactChunks(chunks);
  const back = value.map(([, b]) => JSON.parse(b.toString().slice(6)));
  assert.deepEqual(back[0].response, {
    id: "r",
    user: "[pseudonym:p10]",
    safety_identifier: "[pseudonym:p3]",
    metadata: { user_id: "[pseudonym:p4]" },
  });
  assert.deepEqual(back[1], events[1]);
  assert.deepEqual(hits, [{ rule: "identifier", where: "body", count: 3 }]);
});

test("the older form of a user id keeps its session and hides user and account", () => {
  const own = make({ identifiers: true, pseudonym: () => "p" });
  const user_id = `user_${"ab".repeat(32)}_account_11-22_session_33-44`;
  const { value } = own.redactBody(Buffer.from(JSON.stringify({ metadata: { user_id } })));
  assert.equal(
    JSON.parse(value.toString()).metadata.user_id,
    "user_[pseudonym:p]_account_[pseudonym:p]_session_33-44",
  );
});

test("a telephone number is hidden also where other digits follow it", () => {
  const own = make({ pii: true });
  const numbers = ["+33 1 23 45 67 89", "+44 20 1525 3810", "+1-740-799-7055", "+886 985 205 465"];
  const behind = [
    "75001 Paris",
    "2024-05-01",
    "06 12 34 56 78",
    "1776557422734",
    "3 5 8 12",
    "3.02",
  ];
  for (const number of numbers) {
    for (const more of behind) {
      const said = `call ${number} ${more}`;
      const { value } = own.redactBody(Buffer.from(JSON.stringify({ said })));
      assert.ok(!value.toString().includes(number), said);
    }
  }
  const rows = own.redactBody(Buffer.from("+1 2 3 4 5 6 7 8 9 10 11 12"));
  assert.deepEqual(rows.hits, []);
});

test("personal data is hidden where it is asked for, with its check digits, and ids are not", () => {
  const own = make({ pii: true });
  const hidden = {
    email: "write to jane.doe+x@mail.example.org today",
    phone: "call +886 912 345 678 or so",
    iban: "IBAN DE89 3704 0044 0532 0130 00 please",
    "card-number": "card 4111 1111 1111 1111 exp 12/29",
  };
  for (const [rule, said] of Object.entries(hidden)) {
    const { hits } = own.redactBody(Buffer.from(JSON.stringify({ said })));
    assert.deepEqual(
      hits.map((h) => h.rule),
      [rule],
      said,
    );
  }
  const kept = [
    "order 4111 1111 1111 1112",
    "DE89 3704 0044 0532 0130 01",
    "at 1732345678901, id 550e8400-e29b-41d4-a716-446655440000",
    "@decorator and user@host",
    "a + 12 = b, +1",
  ];
  for (const said of kept) {
    const bytes = Buffer.from(JSON.stringify({ said }));
    assert.equal(own.redactBody(bytes).value.toString(), bytes.toString());
  }
});

test("a body that continues an earlier one gives what it would give by itself", () => {
  const turn = (n: number): string =>
    `{"role":"user","content":"${"word \\n".repeat(900)}${n % 7 === 0 ? KEY : n}"}`;
  const remembering = make();
  const turns: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    turns.push(turn(n));
    if (n === 40) turns[20] = turn(7);
    const body = Buffer.from(`{"model":"m","messages":[${turns.join(",")}]}`);
    const alone = redactor.redactPart(Buffer.from(body.toString().replace("{", " {")));
    const { value, hits } = remembering.redactBody(body);
    assert.equal(` ${value}`, alone.value.toString());
    assert.deepEqual(hits, alone.hits);
  }
});

test("a live credential of digits that comes back as a number leaves a number", () => {
  const live = createRedactor({ fingerprint: () => "00c0ffee" }).withLive(["830172945516"]);
  const body = '{"account":830172945516,"said":"is 830172945516, yes","n":[1, 830172945516 ]}';
  const { value, hits } = live.redactBody(Buffer.from(body));
  assert.deepEqual(JSON.parse(value.toString()), {
    account: 0,
    said: "is [redacted:live-credential fp:00c0ffee], yes",
    n: [1, 0],
  });
  assert.equal(hits[0]?.count, 3);
});

test("parts of a multipart form are known by their names, as members of other forms are", () => {
  const part = (head: string, value: string): string =>
    `--b\r\nContent-Disposition: ${head}\r\n\r\n${value}\r\n`;
  const form = [
    part('form-data; name="api_key"', "Mp1RkW2mZp"),
    part("form-data; name=client-secret", "horse-staple"),
    part('form-data; name="token"\r\nContent-Type: text/plain', "Tk9RkW2mZp"),
    part('form-data; name="model"', "whisper-1"),
    part('form-data; name="max_tokens"', "4096"),
    part('form-data; name="file"; filename="token.txt"', "a file of its own"),
  ].join("");
  for (const text of [form, JSON.stringify({ text: form }), form.replaceAll("\r\n", "\n")]) {
    const written = createRedactor({ fingerprint }).redactBody(Buffer.from(text)).value.toString();
    for (const secret of ["Mp1RkW2mZp", "horse-staple", "Tk9RkW2mZp"]) {
      assert.ok(!written.includes(secret), written);
    }
    for (const plain of ["whisper-1", "4096", "a file of its own"])
      assert.ok(written.includes(plain));
    assert.equal(written.match(/redacted:form-secret/g)?.length, 3);
  }
});

test("what MySQL's programs take as a password is hidden also where it has letters alone", () => {
  for (const [command, secret] of [
    ["mysql -u root -p", "kQzXwPmLrTnVbH"],
    ["mysqldump --host db1 -uroot -p'", "kQzXwPmLrTnVbH"],
    ["mysql --user=root --password=", "kQzXwPmLrTnVbH"],
  ] as const) {
    const text = `$ ${command}${secret}' shop\n$ mysql -u root -p shop\n$ mysql -uroot -ppassword`;
    const written = createRedactor({ fingerprint }).redactText(text).value;
    assert.ok(!written.includes(secret), written);
    assert.ok(written.endsWith("-p shop\n$ mysql -uroot -ppassword"), written);
  }
});
