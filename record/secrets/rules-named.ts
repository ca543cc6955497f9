/**
 * Keys without a form of their own, known by the name of their service in front of them: one row
 * for a service and the alphabet and length of what it issues.
 *
 * Invariants: the name, at most twenty characters that go on it (`_API_KEY`), an operator of
 * any language, the value in exactly its length. A value that could be a word is none.
 */
import { ENDS, hasDistinct, isVaried, type Rule } from "./rule.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const ALNUM = "[a-z0-9]";
const WORD = "[a-z0-9_-]";
const PADDED = "[a-z0-9=_-]";
const HEX = "[a-f0-9]";

type Row = readonly [
  rule: string,
  /** Words, any of which is the name; they are the anchors too. */
  names: string,
  /** Regex sources, any of which is the value; letters count in both cases. */
  ...values: string[],
];

const ROWS: readonly Row[] = [
  ["mistral-key", "mistral", `${ALNUM}{32}`],
  ["cohere-key", "cohere co_api", `${ALNUM}{40}`],
  ["together-key", "together", `${HEX}{64}`],
  ["azure-openai-key", "azure openai", `${HEX}{32}`],
  ["zai-key", "zhipu bigmodel zai z.ai glm", `${HEX}{32}\\.${ALNUM}{16}`],
  ["deepgram-key", "deepgram assemblyai", `${HEX}{32,40}`],
  ["wandb-key", "wandb", `${HEX}{40}`],
  ["fal-key", "fal_key", `${UUID}:${HEX}{32}`],
  ["twilio-auth-token", "twilio", `${HEX}{32}`],
  ["adafruit-key", "adafruit", `${WORD}{32}`],
  ["adobe-key", "adobe", `${HEX}{32}`],
  ["airtable-key", "airtable", `${ALNUM}{17}`],
  ["algolia-key", "algolia", `${ALNUM}{32}`],
  ["alibaba-secret", "alibaba aliyun", `${ALNUM}{30}`],
  ["asana-secret", "asana", `${ALNUM}{32}`],
  ["atlassian-token", "atlassian confluence jira", `${ALNUM}{20}${HEX}{4}`],
  ["beamer-token", "beamer", `b_${PADDED}{44}`],
  ["bitbucket-secret", "bitbucket", `${ALNUM}{32}`, `${PADDED}{64}`],
  ["bittrex-key", "bittrex", `${ALNUM}{32}`],
  ["cloudflare-key", "cloudflare cf_api", `${WORD}{40}`, `${HEX}{37}`],
  ["codecov-token", "codecov", `${ALNUM}{32}`, UUID],
  ["coinbase-token", "coinbase", `${WORD}{64}`],
  ["confluent-key", "confluent", `${ALNUM}{16}`, `${ALNUM}{64}`],
  ["contentful-token", "contentful", `${PADDED}{43}`],
  ["datadog-key", "datadog dd_app dd_api", `${ALNUM}{40}`, `${HEX}{32}`],
  ["discord-secret", "discord", `${HEX}{64}`, `${PADDED}{32}`],
  ["droneci-token", "droneci", `${ALNUM}{32}`],
  [
    "dropbox-token",
    "dropbox",
    `${ALNUM}{15}`,
    `${ALNUM}{11}a{10}${PADDED}{43}`,
    `sl\\.${PADDED}{135}`,
  ],
  ["etsy-key", "etsy", `${ALNUM}{24}`],
  ["facebook-secret", "facebook", `${HEX}{32}`],
  ["fastly-token", "fastly", `${PADDED}{32}`],
  ["finicity-key", "finicity", `${HEX}{32}`, `${ALNUM}{20}`],
  ["finnhub-key", "finnhub", `${ALNUM}{20}`],
  ["flickr-key", "flickr", `${ALNUM}{32}`],
  ["freshbooks-token", "freshbooks", `${ALNUM}{64}`],
  ["gitter-token", "gitter", `${WORD}{40}`],
  ["gocardless-token", "gocardless", `live_${PADDED}{40}`],
  ["heroku-key", "heroku", UUID],
  ["hubspot-key", "hubspot", UUID],
  ["intercom-token", "intercom", `${PADDED}{60}`],
  ["artifactory-key", "jfrog artifactory bintray xray", `${ALNUM}{73}`, `${ALNUM}{64}`],
  ["kraken-token", "kraken", "(?=\\D{0,40}\\d)[a-z0-9/=_+-]{80,90}"],
  ["kucoin-key", "kucoin", `${HEX}{24}`, UUID],
  ["launchdarkly-key", "launchdarkly", `${PADDED}{40}`],
  ["linear-key", "linear", `${HEX}{32}`],
  ["linkedin-secret", "linkedin linked_in linked-in", `${ALNUM}{14}`, `${ALNUM}{16}`],
  ["lob-key", "lob_ lob.", `(?:live|test)_${HEX}{35}`],
  ["looker-secret", "looker", `${ALNUM}{20}`, `${ALNUM}{24}`],
  ["mailgun-key", "mailgun", `${ALNUM}{32}-${ALNUM}{8}-${ALNUM}{8}`],
  ["mapbox-token", "mapbox", "[ps]k\\.[a-z0-9]{60}\\.[a-z0-9]{22}"],
  ["mattermost-token", "mattermost", `${ALNUM}{26}`],
  ["meraki-key", "meraki", `${HEX}{40}`],
  ["messagebird-key", "messagebird message_bird message-bird", `${ALNUM}{25}`, UUID],
  ["netlify-token", "netlify", `${PADDED}{40,46}`],
  ["newrelic-key", "newrelic new_relic new-relic", `${ALNUM}{64}`],
  ["nytimes-key", "nytimes newyorktimes new-york-times", `${PADDED}{32}`],
  ["okta-token", "okta", "00[a-z0-9_=-]{40}"],
  ["plaid-key", "plaid", `${ALNUM}{24}`, `${ALNUM}{30}`],
  ["privateai-key", "privateai private_ai private-ai", `${ALNUM}{32}`],
  ["rapidapi-key", "rapidapi", `${WORD}{50}`],
  ["sendbird-key", "sendbird", UUID, `${HEX}{40}`],
  ["sentry-token", "sentry", `${HEX}{64}`],
  ["sidekiq-secret", "contribsys", `${HEX}{8}:${HEX}{8}`],
  ["snyk-token", "snyk", UUID],
  ["sonar-token", "sonar", `(?:sq[upa]_)?${PADDED}{40}`],
  ["sourcegraph-token", "sourcegraph src_access", `${HEX}{40}`],
  ["squarespace-token", "squarespace", UUID],
  ["sumologic-key", "sumo", `su[a-z0-9]{12}`, `${ALNUM}{64}`],
  ["telegram-bot-token", "telegr", `[0-9]{5,16}:A${WORD}{34}`],
  ["travis-token", "travis", `${ALNUM}{22}`],
  ["twitch-token", "twitch", `${ALNUM}{30}`],
  [
    "twitter-key",
    "twitter",
    ...[25, 45, 50].map((n) => `${ALNUM}{${n}}`),
    `[0-9]{15,25}-${ALNUM}{20,40}`,
    "a{22}[a-z0-9%]{80,100}",
  ],
  [
    "yandex-token",
    "yandex",
    "yc[a-z0-9_-]{38}",
    "t1\\.[a-z0-9_-]{1,300}={0,2}\\.[a-z0-9_-]{86}={0,2}",
  ],
  ["zendesk-secret", "zendesk", `${ALNUM}{40}`],
];

const OPERATOR = "(?:=>|[:?]{0,3}=|:{1,3}|>|\\|\\||,)";

/** Goes on a name in most cases, and is not counted. */
const MEANS = "(?:[_.-]?(?:api|oauth))?(?:[_.-]?(?:key|token|login))?";

/**
 * Letters and digits mixed; of letters alone, capitals and small ones as random text has them: in
 * names of code a capital stands once in a word.
 */
function isIssued(secret: string): boolean {
  // Cheapest first.
  const hasDigit = /\d/.test(secret);
  if (!(hasDigit ? /[a-z]/i : /[A-Z]/).test(secret)) return false;
  if (!isVaried(secret) || !hasDistinct(secret, secret.length > 20 ? 8 : 6)) return false;
  if (hasDigit) return true;
  const changes = secret.match(/[a-z](?=[A-Z])|[A-Z](?=[a-z])/g)?.length ?? 0;
  return changes >= 0.42 * secret.length;
}

function named([name, words, ...values]: Row): Rule {
  const anchors = words.split(" ");
  const escaped = anchors.map((w) => w.replace(".", "\\.")).join("|");
  return {
    name,
    anchors,
    fold: true,
    pattern: new RegExp(
      `(?:${escaped})${MEANS}[\\w .\\t-]{0,20}[\\s'"]{0,3}${OPERATOR}[\`'"\\s=]{0,5}(?:Bearer )?(${values.join("|")})${ENDS}`,
      "gi",
    ),
    accept: isIssued,
  };
}

export const NAMED_RULES: readonly Rule[] = ROWS.map(named);
