/** Tokens of code hosts, chat, payment, mail, package registries and other services. */
import { isVaried, prefixed, type Rule } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";

export const SERVICE_RULES: readonly Rule[] = [
  prefixed("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], `${A}{30,255}`),
  prefixed("github-fine-grained-token", "github_pat_", "[A-Za-z0-9_]{40,255}"),
  {
    name: "copilot-token",
    anchors: ["tid="],
    pattern: /(?<![A-Za-z0-9])tid=[0-9a-f]{32};[^\s"'\\]{20,1500}/g,
  },
  prefixed(
    "gitlab-token",
    [
      "glpat-",
      "gldt-",
      "glrt-",
      "glptt-",
      "glcbt-",
      "glsoat-",
      "glffct-",
      "glagent-",
      "gloas-",
      "glimt-",
      "glft-",
    ],
    `${W}{18,80}(?:\\.[A-Za-z0-9]{2}\\.[A-Za-z0-9]{7,9})?`,
  ),
  prefixed("atlassian-token", ["ATATT3", "ATCTT3", "ATBB"], `${W}{20,250}=?[A-F0-9]{0,8}`),
  prefixed(
    "slack-token",
    ["xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxo-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxe."],
    "[A-Za-z0-9%.-]{16,255}",
  ),
  prefixed("slack-app-token", "xapp-", "\\d-[A-Za-z0-9-]{20,160}"),
  {
    name: "slack-webhook",
    anchors: ["hooks.slack.com"],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9/_+-]{24,120})/g,
  },
  prefixed(
    "stripe-key",
    ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_org_"],
    `${A}{16,255}`,
  ),
  prefixed("webhook-secret", "whsec_", "[A-Za-z0-9+/]{24,96}={0,2}"),
  prefixed(
    "twilio-key",
    [..."0123456789abcdef"].map((first) => `SK${first}`),
    "[0-9a-f]{31}(?![A-Za-z0-9])",
  ),
  {
    name: "twilio-auth-token",
    anchors: ["twilio"],
    fold: true,
    pattern:
      /twilio[A-Za-z0-9_. -]{0,16}["']?\s{0,4}[:=]>?\s{0,4}["']?([0-9a-f]{32})(?![A-Za-z0-9])/gi,
  },
  prefixed("sendgrid-key", "SG.", `${W}{16,32}\\.${W}{16,64}`),
  prefixed("mailgun-key", "key-", "[0-9a-f]{32}(?![A-Za-z0-9])"),
  {
    name: "mailchimp-key",
    anchors: ["-us"],
    pattern: /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?!\d)/g,
  },
  prefixed("resend-key", "re_", `${A}{8}_${A}{20,32}`),
  prefixed("npm-token", "npm_", `${A}{36}`),
  prefixed("pypi-token", "pypi-", `${W}{50,255}`),
  prefixed("rubygems-key", "rubygems_", "[0-9a-f]{48}"),
  prefixed(
    "crates-token",
    "cio",
    `${A}{32}(?![A-Za-z0-9])`,
    (s) => /\d/.test(s) && isVaried(s) && /[A-Z]/.test(s),
  ),
  prefixed("docker-token", ["dckr_pat_", "dckr_oat_"], `${W}{20,64}`),
  prefixed(
    "nuget-key",
    "oy2",
    "[a-z0-9]{43}(?![A-Za-z0-9])",
    (s) => isVaried(s) && /\d/.test(s.slice(3)),
  ),
  {
    name: "telegram-bot-token",
    anchors: [":AA"],
    pattern: /(?<![0-9])\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9_-])/g,
  },
  {
    name: "discord-token",
    // The first part is a numeric user id in base64: these are all its possible first letters.
    anchors: discordStarts(),
    pattern:
      /(?<![A-Za-z0-9_+/-])[MNO][A-Za-z0-9]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/g,
  },
  {
    name: "discord-webhook",
    anchors: ["/api/webhooks/"],
    pattern: /\/api\/webhooks\/\d{15,22}\/([A-Za-z0-9_-]{40,100})/g,
  },
  prefixed("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], "[0-9a-fA-F]{32}"),
  prefixed("square-token", ["sq0atp-", "sq0csp-", "EAAAE", "EAAAl"], `${W}{22,64}`),
  prefixed("linear-key", "lin_api_", `${A}{32,48}`),
  prefixed("notion-token", ["ntn_", "secret_"], `${A}{40,50}(?![A-Za-z0-9])`),
  {
    name: "airtable-token",
    anchors: ["pat"],
    pattern: /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[0-9a-f]{64}/g,
  },
  prefixed("figma-token", ["figd_", "figo_"], `${W}{36,64}`),
  prefixed("postman-key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
  prefixed("newrelic-key", ["NRAK-", "NRII-", "NRJS-"], `${W}{19,48}`),
  prefixed("grafana-token", ["glc_eyJ", "glsa_"], "[A-Za-z0-9_+/=]{32,300}"),
  prefixed("sentry-token", ["sntrys_", "sntryu_"], "[A-Za-z0-9_+/=-]{40,300}"),
  prefixed("mapbox-token", "sk.eyJ", `${W}{30,200}\\.${W}{16,64}`),
  prefixed("contentful-token", "CFPAT-", `${W}{40,48}`),
  prefixed("buildkite-token", ["bkua_", "bkct_", "bkaj_"], `${A}{36,64}`),
  prefixed("circleci-token", ["CCIPAT_", "CCIPRJ_"], "[A-Za-z0-9_]{40,96}"),
  prefixed("dropbox-token", "sl.", `(?:u\\.)?${W}{120,1500}`),
  prefixed("typeform-token", "tfp_", "[A-Za-z0-9_.-]{40,64}"),
];

function discordStarts(): string[] {
  const starts: string[] = [];
  for (let id = 100; id <= 999; id += 1) {
    starts.push(Buffer.from(String(id)).toString("base64").slice(0, 3));
  }
  return [...new Set(starts)];
}
