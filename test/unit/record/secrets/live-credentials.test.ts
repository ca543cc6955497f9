/** The cases of the table in docs/security.md: live credentials × places, and names of headers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import {
  echoes,
  harmless,
  headers,
  LIVE_SEED,
  lineOf,
  type Row,
  streams,
} from "../../../secrets-report/live.ts";
import { CREDENTIAL_HEADERS, HARMLESS_HEADERS } from "./header-names.ts";

const page = readFileSync(new URL("../../../../docs/security.md", import.meta.url), "utf8");

function none(row: Row): void {
  assert.deepEqual(row.missed.slice(0, 5), []);
  assert.ok(page.includes(lineOf(row)), `docs/security.md says otherwise: ${lineOf(row)}`);
}

test("no live credential is left in any shape of stream, cut anywhere", () =>
  none(streams(LIVE_SEED)));

test("no live credential is left in any spelling of body, header, trailer, URL and error", () =>
  none(echoes(LIVE_SEED)));

test("credential headers are masked in every place and looked for in bodies", () =>
  none(headers(LIVE_SEED)));

test("harmless headers stay readable", () => none(harmless()));

test("masking what is masked changes nothing, in headers, URLs, forms and sub-protocols", () => {
  const redactor = createRedactor({ fingerprint: () => "00c0ffee" });
  const values = ["Zq81hWnLx0Tg5BfL", "sk-or-v1-0123456789abcdef", "a b;c=d", '"q"', "Basic dTpw"];
  for (const name of [...CREDENTIAL_HEADERS, ...HARMLESS_HEADERS, "sec-websocket-protocol"]) {
    for (const value of values) {
      const pairs: [string, string][] = [
        [name, value],
        ["referer", `https://u:${value}@h/x?${name}=${value}#token=${value}`],
        ["baggage", `a=1,${name}=${value}`],
        ["sec-websocket-protocol", `realtime, ${name}.${value}, bearer, ${value}`],
      ];
      const once = redactor.redactHeaders(pairs).value;
      assert.deepEqual(redactor.redactHeaders(once).hits, [], JSON.stringify(once));
      const url = redactor.redactUrl(`/bot1234567:${value}/x?a=1&${name}=${value}`).value;
      assert.equal(redactor.redactUrl(url).value, url);
      const form = redactor.redactBody(Buffer.from(`${name}=${value}&b=2`), "form").value;
      assert.deepEqual(redactor.redactBody(form, "form").value, form, form.toString());
    }
  }
});
