/** Names of headers as clients, gateways and providers send them. */

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Whose values are credentials. */
export const CREDENTIAL_HEADERS: readonly string[] = words(`
    Authorization PROXY-AUTHORIZATION aUTHORIZATION x-api-key api-key X-Goog-Api-Key Cookie Set-Cookie
    x-auth-token X-Amz-Security-Token Ocp-Apim-Subscription-Key cf-access-client-secret
    x-stainless-api-key helicone-auth-token helicone-auth x-rapidapi-key x-litellm-key
    x-portkey-virtual-key x-bf-vk x-openai-key x-anthropic-key x-master-key x-admin-key x-auth
    dd-application-key ddApplicationKey x-app-key X-ApiKey XApiKey xapikey X-APIKey rapidapikey
    x-session x-session-token x-client-password x-user-pwd x-pass X-Signature x-hub-signature-256
    x-license-key x-jwt x-otp x-pin x-functions-key x-parse-rest-api-key X-CMC_PRO_API_KEY fastly-key
    x-zumo-auth x-amzn-oidc-accesstoken x-goog-iap-jwt-assertion private-token x-csrf-token
    x-key1 x-bearer x-creds x-access-tokens X-OAuth-Token x_api_key x.api.key x-vk x-sid
    x-sign x-signing x-dsn x-connection-string x-db-url
    x-shared-key xsharedkey xvk x-k x-firebase-appcheck x-honeycomb-team x-cache-api-key x-used-access-token x-trace-api-key x-callnumber-token`);

/** Whose values are worth reading and open nothing. */
export const HARMLESS_HEADERS: readonly string[] = words(`
    x-request-id idempotency-key x-idempotency-key anthropic-beta x-session-id session_id session-id
    x-claude-code-session-id thread-id x-opencode-session openai-organization openai-project
    x-ratelimit-remaining-tokens anthropic-ratelimit-tokens-remaining x-ratelimit-key max_tokens
    anthropic-ratelimit-input-tokens-limit x-ratelimit-limit-token access-control-allow-headers
    sec-websocket-key cache-key surrogate-key x-stainless-helper-method content-type author x-author
    content-security-policy authority monkey x-monkey keyword x-keywords keyboard traceparent
    cache-control x-time-per-token x-amzn-bedrock-input-token-count num_tokens x-litellm-key-spend
    azureml-model-session etag vary www-authenticate x-oauth-scopes passenger compass x-bypass
    tokenizer x-partition-key next-page-token x-kms-key-id x-passthrough x-pinned design assignment
    x-signal x-amz-signedheaders x-designer x-assigned anthropic-version x-k6-id x-url x-project-url`);
