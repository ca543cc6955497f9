/** The cases of the table in docs/security.md: live credentials × places, and names of headers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { echoes, harmless, headers, type Row, streams } from "../../../secrets-report/live.ts";

const SEED = 8;
const none = ({ missed }: Row): void => assert.deepEqual(missed.slice(0, 5), []);

test("no live credential is left in any shape of stream, cut anywhere", () => none(streams(SEED)));

test("no live credential is left in any spelling of body, header, trailer, URL and error", () =>
  none(echoes(SEED)));

test("credential headers are masked in every place and looked for in bodies", () =>
  none(headers(SEED)));

test("harmless headers stay readable", () => none(harmless()));
