import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import type { Options } from "../../../cli/command.ts";
import { connect } from "../../../cli/connect.ts";
import { PRESETS } from "../../../daemon/config/presets.ts";
import { RECIPES } from "../../../daemon/config/recipes.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-connect-"));
after(() => rmSync(folder, { recursive: true }));

async function run(args: string[], options: Options = {}, yaml = ""): Promise<string> {
  const file = join(folder, "callnumber.yaml");
  writeFileSync(file, yaml);
  let text = "";
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const io = { stdout, stderr: stdout, cwd: folder, env: {}, signal: new AbortController().signal };
  assert.equal(await connect.run?.(args, { ...options, config: file }, io), 0);
  return text;
}

test("without a client all are listed", async () => {
  const text = await run([]);
  for (const { client } of RECIPES) assert.match(text, new RegExp(`^${client} `, "m"));
});

test("a recipe is printed with the real address, number and token", async () => {
  assert.match(
    await run(["claude-code"]),
    /^export ANTHROPIC_BASE_URL=http:\/\/127\.0\.0\.1:4177\/anthropic$/m,
  );
  const text = await run(
    ["cline"],
    { number: "11.12", upstream: "work" },
    "listen: '[::1]:99'\ntoken: a/b\nupstreams: { work: 'http://x.example' }\n",
  );
  assert.match(text, / -b http:\/\/\[::1\]:99\/~a%2Fb\/11\.12\/work\/v1$/m);
});

test("every recipe fills completely and names an upstream that exists", async () => {
  for (const { client, upstream } of RECIPES) {
    assert.ok(Object.hasOwn(PRESETS, upstream), client);
    const text = await run([client]);
    assert.doesNotMatch(text, /\{base\}|\{upstream\}|\{openai\}/);
    assert.match(text, new RegExp(`http://127\\.0\\.0\\.1:4177/${upstream}`));
  }
});

test("files and shell lines stand apart, each under a heading that says where it belongs", async () => {
  assert.equal(
    await run(["codex-websocket"]),
    `# Codex CLI (built-in provider, WebSocket), by way of callnumber to openai

# in ~/.codex/config.toml:
openai_base_url = "http://127.0.0.1:4177/openai/v1"

# in a shell:
codex

# the key is the client's own, as without callnumber; the daemon has to run: callnumber up
`,
  );
});

test("another upstream is addressed where it speaks OpenAI's dialect", async () => {
  for (const [upstream, path] of [
    ["groq", "/groq/v1"],
    ["zai", "/zai/paas/v4"],
    ["google", "/google/v1beta/openai"],
    ["ollama", "/ollama/v1"],
  ] as const) {
    const text = await run(["aider"], { upstream });
    assert.match(text, new RegExp(`OPENAI_API_BASE=http://127\\.0\\.0\\.1:4177${path}$`, "m"));
  }
  const own = "upstreams: { work: 'http://x.example' }\n";
  assert.match(await run(["aider"], { upstream: "work" }, own), /:4177\/work\/v1$/m);
});

test("a misspelt client or upstream is answered with what was meant", async () => {
  await assert.rejects(run(["claud-code"]), {
    code: "unknown-client",
    message: /did you mean claude-code\?/,
  });
  await assert.rejects(run(["curl"], { upstream: "opnai" }), {
    code: "unknown-upstream",
    message: /openai\?/,
  });
  await assert.rejects(run(["curl"], { number: "11" }), { code: "bad-argument" });
});
