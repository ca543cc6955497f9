import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExchangeLine } from "../../../../record/format/schema.ts";
import { curlOf } from "../../../../site/view/curl.ts";

const line = (headers: [string, string][], url = "/v1/chat/completions") =>
  ({
    id: "01K",
    upstream: "openai",
    request: { method: "POST", url, http: "1.1", headers, body: { bytes: 2, sha256: "" } },
  }) as unknown as ExchangeLine;

test("a credential comes from the environment, whatever was recorded of it", () => {
  const shown = curlOf(
    line([
      ["Authorization", "Bearer sk-…[redacted fp:1a2b3c4d]"],
      ["x-api-key", "abc"],
    ]),
  );
  assert.match(shown, /-H "Authorization: Bearer \$API_KEY"/);
  assert.match(shown, /-H "x-api-key: \$API_KEY"/);
  assert.doesNotMatch(shown, /redacted|abc/);
});

test("a quote in a header or address cannot end the shell's quoting", () => {
  const shown = curlOf(line([["x-note", "it's; rm -rf ~ $(id)"]], "/v1/'$(id)"));
  assert.match(shown, /-H 'x-note: it'\\''s; rm -rf ~ \$\(id\)'/);
  assert.match(shown, /curl 'http:\/\/127\.0\.0\.1:4177\/openai\/v1\/'\\''\$\(id\)'/);
});

test("headers that curl sets itself are left out", () => {
  assert.doesNotMatch(
    curlOf(
      line([
        ["Host", "x"],
        ["Content-Length", "2"],
      ]),
    ),
    /Host|Content-Length/,
  );
});
