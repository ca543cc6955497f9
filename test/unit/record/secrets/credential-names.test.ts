import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  isCredentialHeader,
  isCredentialMember,
} from "../../../../record/secrets/credential-names.ts";
import { CREDENTIAL_HEADERS, HARMLESS_HEADERS } from "./header-names.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

test("headers whose names speak of credentials are known by their words, in any case", () => {
  assert.deepEqual(
    CREDENTIAL_HEADERS.filter((n) => !isCredentialHeader(n)),
    [],
  );
});

test("harmless headers stay, also where the letters of a credential's word are in their names", () => {
  assert.deepEqual(HARMLESS_HEADERS.filter(isCredentialHeader), []);
});

test("members of a query or form are known by the same words; there a session's id is one", () => {
  const yes = words(`
    key k api_key api-key apiKey access_token token X-Amz-Signature sig client_secret auth jwt pwd
    session_id sessionid PHPSESSID jsessionid user[password] auth[token] AWSAccessKeyId code
    code_verifier id_token refresh_token SAMLResponse passwd Key-Pair-Id`);
  const no = words(`
    alt beta page_token pageToken nextPageToken model max_tokens maxTokens q keyword author limit
    after stream api-version X-Amz-SignedHeaders X-Amz-Date sortKey include_usage grant_type
    redirect_uri scope state client_id username tokens`);
  assert.deepEqual(
    yes.filter((n) => !isCredentialMember(n)),
    [],
  );
  assert.deepEqual(no.filter(isCredentialMember), []);
});

test("any vendor's word in front of key, token, secret or auth makes a credential, spelled in any way", () => {
  const vendor = fc.constantFrom("acme", "foo-bar", "llm", "gateway", "x-corp", "zz9", "team-a");
  const kind = fc.constantFrom("key", "token", "secret", "auth", "password", "credential", "vk");
  const spelled = (a: string, b: string): string[] => [
    `${a}-${b}`,
    `${a}_${b}`.toUpperCase(),
    `X-${a}-${b}`,
    `${a}${b[0]!.toUpperCase()}${b.slice(1)}`,
  ];
  fc.assert(
    fc.property(vendor, kind, (a, b) => spelled(a, b).every((name) => isCredentialHeader(name))),
    { seed: 8, numRuns: 200 },
  );
});
