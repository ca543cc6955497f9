import assert from "node:assert/strict";
import { test } from "node:test";
import { readForm } from "../../../../record/dialects/multipart.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { exchange } from "./exchange.ts";

const form = [
  '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n',
  '--B\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n\u0001\u0002\u0003\r\n',
  '--B\r\nContent-Disposition: form-data; name="include[]"\r\n\r\nlogprobs\r\n',
  '--B\r\nContent-Disposition: form-data; name="include[]"\r\n\r\nmore\r\n--B--\r\n',
].join("");
const type = 'multipart/form-data; boundary="B"';

test("text fields are read, files are named and measured, repeated names are a list", () => {
  assert.deepEqual(readForm(Buffer.from(form), type), {
    model: "whisper-1",
    file: { filename: "a.mp3", type: "audio/mpeg", bytes: 3 },
    "include[]": ["logprobs", "more"],
  });
});

test("the boundary is found without its header", () => {
  assert.equal(readForm(Buffer.from(form), null)?.model, "whisper-1");
});

test("what is no form, or torn, gives what there is", () => {
  assert.equal(readForm(Buffer.from("{}"), "application/json"), undefined);
  assert.equal(readForm(Buffer.from("--B\r\n"), type), undefined);
  assert.equal(readForm(Buffer.from(form.slice(0, 120)), type)?.model, "whisper-1");
});

test("an audio call's model comes out of its form", () => {
  const wire = exchange({
    url: "/v1/audio/transcriptions",
    response: {
      text: "hello",
      usage: { type: "tokens", input_tokens: 3, output_tokens: 2, total_tokens: 5 },
    },
  });
  const read = understand({
    ...wire,
    requestHeaders: [["Content-Type", type]],
    requestBody: Buffer.from(form),
  });
  assert.equal(read.llm?.api, "audio");
  assert.equal(read.llm?.model, "whisper-1");
  assert.deepEqual(read.llm?.usage, { input_tokens: 3, output_tokens: 2 });
});
