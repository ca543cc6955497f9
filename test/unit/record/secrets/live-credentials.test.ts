/** The cases of the table in docs/security.md: live credentials × places, and names of headers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  echoes,
  harmless,
  headers,
  LIVE_SEED,
  lineOf,
  type Row,
  streams,
} from "../../../secrets-report/live.ts";

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
