import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  isCredentialHeader,
  isCredentialMember,
} from "../../../../record/secrets/credential-names.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

test("headers whose names speak of credentials are known by their words, in any case", () => {
  const yes = words(`
    Authorization PROXY-AUTHORIZATION aUTHORIZATION x-api-key api-key X-Goog-Api-Key Cookie Set-Cookie
    x-auth-token X-Amz-Security-Token Ocp-Apim-Subscription-Key cf-access-client-secret
    x-stainless-api-key helicone-auth-token helicone-auth x-rapidapi-key x-litellm-key
    x-portkey-virtual-key x-bf-vk x-openai-key x-anthropic-key x-master-key x-admin-key x-auth
    dd-application-key ddApplicationKey x-app-key X-ApiKey XApiKey xapikey X-APIKey rapidapikey
    x-session x-session-token x-client-password x-user-pwd x-pass X-Signature x-hub-signature-256
    x-license-key x-jwt x-otp x-pin x-functions-key x-parse-rest-api-key X-CMC_PRO_API_KEY fastly-key
    x-zumo-auth x-amzn-oidc-accesstoken x-goog-iap-jwt-assertion private-token x-csrf-token
    x-key1 x-bearer x-creds x-access-tokens X-OAuth-Token x_api_key x.api.key x-vk x-sid
    x-cache-api-key x-used-access-token x-trace-api-key x-callnumber-token`);
  assert.deepEqual(
    yes.filter((n) => !isCredentialHeader(n)),
    [],
  );
});

test("harmless headers stay, also where the letters of a credential's word are in their names", () => {
  const no = words(`
    x-request-id idempotency-key x-idempotency-key anthropic-beta x-session-id session_id session-id
    x-claude-code-session-id thread-id x-opencode-session openai-organization openai-project
    x-ratelimit-remaining-tokens anthropic-ratelimit-tokens-remaining x-ratelimit-key max_tokens
    anthropic-ratelimit-input-tokens-limit x-ratelimit-limit-token access-control-allow-headers
    sec-websocket-key cache-key surrogate-key x-stainless-helper-method content-type author x-author
    content-security-policy authority monkey x-monkey keyword x-keywords keyboard traceparent
    cache-control x-time-per-token x-amzn-bedrock-input-token-count num_tokens x-litellm-key-spend
    azureml-model-session etag vary www-authenticate x-oauth-scopes passenger compass x-bypass
    tokenizer x-partition-key next-page-token x-kms-key-id x-passthrough x-pinned design assignment`);
  assert.deepEqual(no.filter(isCredentialHeader), []);
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
