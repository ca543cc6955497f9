/** Tokens of code hosts, chat, payment, mail, package registries and other services. */
import { behind, ENDS, followsOn, isVaried, type Rule, token } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";
const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** For short prefixes: a capital, a small letter and a digit behind them, as random keys have. */
const isMixed = (s: string): boolean =>
  /\d/.test(s.slice(3)) && /[A-Z]/.test(s.slice(3)) && /[a-z]/.test(s.slice(3)) && isVaried(s);

const CODE_RULES: readonly Rule[] = [
  token("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], `${A}{30,255}`, { left: "any" }),
  token("github-fine-grained-token", "github_pat_", "[A-Za-z0-9_]{40,255}", { left: "any" }),
  {
    name: "copilot-token",
    anchors: ["tid="],
    pattern: new RegExp(`${behind("tid=")}[0-9a-fA-F]{32};[^\\s"'\\\\\\x00-\\x1f]{20,1500}`, "g"),
    reach: 1600,
  },
  token(
    "gitlab-token",
    [
      ...["glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glcbt-", "glsoat-"],
      ...["glffct-", "glagent-", "gloas-", "glimt-", "glft-", "GR1348941"],
    ],
    `${W}{18,300}(?:\\.[A-Za-z0-9]{2}\\.?[A-Za-z0-9]{7,9})?`,
    { left: "any" },
  ),
  {
    name: "gitlab-token",
    anchors: ["_gitlab_session="],
    pattern: /_gitlab_session=([0-9a-z]{32})/g,
  },
  token("atlassian-token", ["ATATT3", "ATCTT3", "ATBB"], "[A-Za-z0-9_=-]{20,250}"),
  token("sourcegraph-token", ["sgp_", "slk_"], "(?:[A-Za-z0-9]{5,16}_)?[0-9a-fA-F]{40}"),
  token("buildkite-token", ["bkua_", "bkct_", "bkaj_"], `${A}{36,64}`),
  token("circleci-token", ["CCIPAT_", "CCIPRJ_"], "[A-Za-z0-9_]{40,96}", { left: "any" }),
  token("harness-token", ["pat.", "sat."], `${W}{22}\\.${A}{24}\\.${A}{20}`),
  token("octopus-key", "API-", `[A-Z0-9]{26}${ENDS}`, {
    accept: (s) => /\d/.test(s) && isVaried(s),
  }),
  token("artifactory-key", "AKCp", `${A}{60,80}`),
  token("artifactory-token", "cmVmd", `${A}{59}`),
  token("codecov-token", "codecov_", `${W}{32,64}`),
  token("infracost-key", "ico-", `${A}{32}${ENDS}`),
  token(
    "authress-key",
    ["sc_", "ext_", "scauth_", "authress_"],
    "[a-zA-Z0-9]{5,30}\\.[a-zA-Z0-9]{4,6}\\.acc[_-][A-Za-z0-9-]{10,32}\\.[A-Za-z0-9+/_=-]{30,120}",
  ),
  token("npm-token", "npm_", `${A}{36}`),
  token("pypi-token", "pypi-", `${W}{50,1000}`, { reach: 1200 }),
  token("rubygems-key", "rubygems_", "[0-9a-fA-F]{48}", { left: "any" }),
  token("clojars-token", ["CLOJARS_", "clojars_"], `${A}{60}`, { left: "any" }),
  token("crates-token", "cio", `${A}{32}${ENDS}`, { accept: isMixed }),
  token("docker-token", ["dckr_pat_", "dckr_oat_"], `${W}{20,64}`, { left: "any" }),
  token("nuget-key", "oy2", `[a-z0-9]{43}${ENDS}`, {
    accept: (s) => isVaried(s) && /\d/.test(s.slice(3)),
  }),
];

const CHAT_RULES: readonly Rule[] = [
  token(
    "slack-token",
    [
      "xoxb-",
      "xoxp-",
      "xoxa-",
      "xoxe-",
      "xoxB-",
      "xoxP-",
      "xoxo-",
      "xoxr-",
      "xoxs-",
      "xoxc-",
      "xoxd-",
      "xoxe.",
    ],
    "[A-Za-z0-9%.-]{8,255}",
    { left: "any" },
  ),
  token("slack-app-token", "xapp-", "\\d-[A-Za-z0-9-]{8,160}", { left: "any" }),
  {
    name: "slack-webhook",
    anchors: ["hooks.slack.com"],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9/_+-]{24,120})/g,
  },
  {
    name: "teams-webhook",
    anchors: [".webhook.office.com/"],
    pattern: /\.webhook\.office\.com\/webhookb2\/([A-Za-z0-9@/_-]{60,240})/g,
  },
  {
    name: "zapier-webhook",
    anchors: ["hooks.zapier.com/hooks/"],
    pattern: /hooks\.zapier\.com\/hooks\/(?:catch|standard)\/([A-Za-z0-9/_-]{8,64})/g,
  },
  {
    name: "telegram-bot-token",
    anchors: [":AA"],
    pattern: /(?<![0-9])\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9])/g,
  },
  {
    name: "discord-token",
    // The first part is a numeric user id in base64: these are all its possible first letters.
    anchors: discordStarts(),
    pattern: new RegExp(
      `${behind("[MNO]")}[A-Za-z0-9]{22,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}${ENDS}`,
      "g",
    ),
    reach: 96,
  },
  {
    name: "discord-webhook",
    anchors: ["/api/webhooks/"],
    pattern: /\/api\/webhooks\/\d{15,22}\/([A-Za-z0-9_-]{40,100})/g,
  },
  token("intercom-token", "dG9rO", "[A-Za-z0-9+/]{50,60}={0,2}"),
];

const BUSINESS_RULES: readonly Rule[] = [
  token(
    "stripe-key",
    [...["sk_live_", "sk_test_", "sk_prod_", "sk_org_"], ...["rk_live_", "rk_test_", "rk_prod_"]],
    `${A}{10,255}`,
  ),
  token("webhook-secret", "whsec_", "[A-Za-z0-9+/]{24,96}={0,2}", { left: "any" }),
  token("square-token", ["sq0atp-", "sq0csp-", "EAAA"], `${W}{22,64}`, {
    accept: (s) => /\d/.test(s.slice(7)) && isMixed(s),
  }),
  token("facebook-token", ["EAAM", "EAAC"], `${A}{100,400}`),
  {
    // An application's number, a bar, and the key: the two are one token.
    name: "facebook-token",
    anchors: [..."0123456789"].map((digit) => `${digit}|`),
    pattern: /(?<!\d)\d{15,16}\|[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9])/g,
    accept: (s) => isVaried(s.slice(17)),
  },
  token(
    "braintree-token",
    "access_token$",
    "(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-fA-F]{32}",
    {
      left: "any",
    },
  ),
  token("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], "[0-9a-fA-F]{32}", {
    left: "any",
  }),
  token("shippo-token", ["shippo_live_", "shippo_test_"], "[0-9a-fA-F]{40}", { left: "any" }),
  token("easypost-key", ["EZAK", "EZTK"], `${A}{54}${ENDS}`),
  token("duffel-token", ["duffel_live_", "duffel_test_"], "[A-Za-z0-9_=-]{40,48}", {
    left: "any",
  }),
  token(
    "flutterwave-key",
    ["FLWSECK_TEST-", "FLWSECK-", "FLWPUBK_TEST-"],
    "[0-9a-hA-H]{12,32}(?:-X)?",
    {
      left: "any",
    },
  ),
  token("plaid-token", ["access-sandbox-", "access-development-", "access-production-"], UUID),
  token("lob-key", ["live_pub_", "test_pub_"], "[0-9a-fA-F]{31}"),
  token(
    "twilio-key",
    [..."0123456789abcdefABCDEF"].map((first) => `SK${first}`),
    `[0-9a-fA-F]{31}${ENDS}`,
  ),
  token("sendgrid-key", "SG.", "[A-Za-z0-9_=.-]{40,90}"),
  token("sendinblue-key", ["xkeysib-", "xsmtpsib-"], "[0-9a-fA-F]{64}-[A-Za-z0-9]{16}", {
    left: "any",
  }),
  token("mailgun-key", "pubkey-", `[0-9a-fA-F]{32}${ENDS}`, { left: "name" }),
  token("mailgun-key", "key-", `[0-9a-fA-F]{32}${ENDS}`, { left: "name" }),
  {
    name: "mailchimp-key",
    anchors: ["-us"],
    pattern: new RegExp(`-us\\d{1,2}(?!\\d)${followsOn("([0-9a-fA-F]{32}-us\\d{1,2})")}`, "gd"),
  },
  token("resend-key", "re_", `${A}{8}_${A}{20,32}`),
  token("hubspot-token", ["pat-na1-", "pat-na2-", "pat-eu1-", "pat-ap1-"], UUID, { left: "any" }),
  token("asana-token", ["1/1", "2/1", "0/1"], `\\d{14,16}(?:/\\d{15,17})?:[0-9a-fA-F]{32}${ENDS}`),
  token("okta-token", "SSWS ", `00${W}{40}`),
];

const TOOL_RULES: readonly Rule[] = [
  token("linear-key", ["lin_api_", "lin_oauth_"], `${A}{32,64}`, { left: "any" }),
  token("notion-token", ["ntn_", "secret_"], `${A}{40,50}${ENDS}`),
  {
    name: "airtable-token",
    anchors: ["pat"],
    pattern: new RegExp(`${behind(`pat${A}{14}\\.`)}[0-9a-fA-F]{64}`, "g"),
  },
  token("adafruit-key", "aio_", `${A}{28}${ENDS}`),
  token("adobe-secret", "p8e-", `[A-Za-z0-9_-]{32}`),
  token("figma-token", ["figd_", "figo_"], `${W}{36,64}`, { left: "any" }),
  token("frameio-token", "fio-u-", "[A-Za-z0-9_=-]{60,68}", { left: "any" }),
  token("postman-key", "PMAK-", "[0-9a-fA-F]{24}-[0-9a-fA-F]{34}", { left: "any" }),
  token("posthog-key", ["phx_", "phs_", "phc_"], `${A}{32,56}`),
  token("readme-key", "rdme_", `[a-z0-9]{70}`),
  token("newrelic-key", ["NRAK-", "NRII-", "NRJS-"], `${W}{19,64}`, { left: "any" }),
  token("datadog-key", ["ddapp_", "ddpat_"], `${A}{32,48}`),
  token(
    "dynatrace-token",
    ["dt0c01.", "dt0s01.", "dt0s16."],
    "[A-Za-z0-9]{8,24}\\.[A-Za-z0-9]{64}",
    {
      left: "any",
    },
  ),
  token("grafana-token", ["glc_", "glsa_", "eyJrIjoi"], "[A-Za-z0-9_+/=]{32,400}"),
  token("sentry-token", ["sntrys_", "sntryu_", "sntrya_"], "[A-Za-z0-9_+/=-]{40,500}", {
    left: "any",
  }),
  token("mapbox-token", "sk.eyJ", `${W}{30,200}\\.${W}{16,64}`),
  {
    name: "maxmind-key",
    anchors: ["_mmk"],
    pattern: new RegExp(`_mmk${followsOn(`(${A}{6}_${A}{29}_mmk)`)}`, "gd"),
  },
  token("contentful-token", "CFPAT-", `${W}{40,48}`, { left: "any" }),
  token("dropbox-token", "sl.", `(?:u\\.)?[A-Za-z0-9_=-]{120,1500}`, { reach: 1600 }),
  token("typeform-token", "tfp_", "[A-Za-z0-9_.=-]{40,64}"),
  token("settlemint-token", ["sm_aat_", "sm_pat_", "sm_sat_"], `${A}{16,64}`),
  token("defined-networking-token", "dnkey-", "[A-Za-z0-9_=-]{26}-[A-Za-z0-9_=-]{52}", {
    left: "any",
  }),
  token("intra42-secret", ["s-s4t2ud-", "s-s4t2af-"], "[0-9a-fA-F]{64}", { left: "any" }),
  token("launchdarkly-key", "sdk-", UUID, { left: "name" }),
];

export const SERVICE_RULES: readonly Rule[] = [
  ...CODE_RULES,
  ...CHAT_RULES,
  ...BUSINESS_RULES,
  ...TOOL_RULES,
];

function discordStarts(): string[] {
  const starts: string[] = [];
  for (let id = 100; id <= 999; id += 1) {
    starts.push(Buffer.from(String(id)).toString("base64").slice(0, 3));
  }
  return [...new Set(starts)];
}
