/** Credentials of cloud providers: AWS, Google, Azure and those beside them. */
import { entropy, isVaried, prefixed, type Rule } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";
const B64 = "[A-Za-z0-9+/]";

/** AWS's own documentation keys end so; they are no secret. */
const notAnExample = (secret: string): boolean =>
  !/EXAMPLE(?:KEY)?$/.test(secret) && isVaried(secret);

export const CLOUD_RULES: readonly Rule[] = [
  prefixed(
    "aws-access-key-id",
    ["AKIA", "ASIA", "ABIA", "ACCA"],
    "[A-Z2-7]{16}(?![A-Za-z0-9])",
    notAnExample,
  ),
  {
    // No prefix of its own: forty characters right of a name that says so, or near a key id.
    name: "aws-secret-key",
    anchors: ["secret_access_key", "SecretAccessKey", "secret_key", "secretKey", "AKIA", "ASIA"],
    fold: true,
    pattern: new RegExp(
      `(?:secret_?(?:access)?_?key["']?\\s{0,4}[:=]\\s{0,4}["']?|(?:AKIA|ASIA)[A-Z2-7]{16}[^A-Za-z0-9+/]{1,8}(?:[A-Za-z_]{1,40}[^A-Za-z0-9+/]{1,8}){0,2})(${B64}{40})(?![A-Za-z0-9+/=])`,
      "gi",
    ),
    accept: (s) => notAnExample(s) && entropy(s) > 3.5,
  },
  {
    name: "aws-session-token",
    anchors: ["session_token", "SessionToken", "security-token"],
    fold: true,
    pattern:
      /(?:session_?token|security-token)["']?\s{0,4}[:=]\s{0,4}["']?([A-Za-z0-9+/=]{100,2000})/gi,
    reach: 2200,
  },
  prefixed("aws-bedrock-key", "ABSK", `${B64}{60,256}={0,2}`),
  prefixed("aws-bedrock-key", "bedrock-api-key-", `${B64}{60,2000}={0,2}`),
  prefixed("google-key", "AIza", `${W}{30,45}`),
  prefixed("google-express-key", "AQ.Ab", `${W}{30,96}`),
  prefixed("google-oauth-token", "ya29.", "[A-Za-z0-9_.-]{20,512}"),
  prefixed("google-oauth-secret", "GOCSPX-", `${W}{20,48}`),
  {
    name: "google-refresh-token",
    anchors: ["1//0"],
    // Base64 may hold the same letters: neither side may look like more of it.
    pattern: /(?<![A-Za-z0-9+/_-])1\/\/0[A-Za-z0-9_-]{30,256}(?![+/=])/g,
    accept: isVaried,
  },
  {
    name: "azure-ai-key",
    anchors: ["JQQJ99"],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,40}/g,
  },
  {
    name: "azure-client-secret",
    anchors: [..."0123456789"].map((digit) => `${digit}Q~`),
    pattern: /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~-])/g,
  },
  {
    name: "azure-storage-key",
    anchors: ["AccountKey=", "SharedAccessKey="],
    fold: true,
    pattern: /(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,88}={0,2})/gi,
  },
  {
    name: "azure-sas-signature",
    anchors: ["sig="],
    pattern: /[?&;]sig=([A-Za-z0-9%+/]{40,100}(?:=|%3D){0,2})/g,
  },
  prefixed("digitalocean-token", ["dop_v1_", "doo_v1_", "dor_v1_"], "[0-9a-f]{40,64}"),
  prefixed(
    "alibaba-key-id",
    "LTAI",
    `${A}{12,24}(?![A-Za-z0-9])`,
    (s) => /\d/.test(s) && isVaried(s),
  ),
  prefixed("tencent-secret-id", "AKID", `${A}{32}`),
  prefixed("yandex-key", "AQVN", `${W}{35,45}`),
  prefixed("cloudflare-origin-key", "v1.0-", "[0-9a-f]{24}-[0-9a-f]{100,160}"),
  prefixed("fly-token", "FlyV1 ", "fm[12]_[A-Za-z0-9+/=,_-]{60,1500}"),
  prefixed("heroku-key", "HRKU-", `${W}{30,80}`),
  prefixed("netlify-token", "nfp_", `${A}{36,48}`),
  prefixed("render-key", "rnd_", `${A}{28,40}`),
  prefixed("databricks-token", "dapi", "[0-9a-f]{32}(?:-\\d)?"),
  prefixed(
    "planetscale-token",
    ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
    "[A-Za-z0-9_.-]{30,64}",
  ),
  prefixed("supabase-key", ["sbp_", "sb_secret_"], `${W}{20,64}`),
  prefixed("vault-token", ["hvs.", "hvb.", "hvr."], `${W}{24,256}`),
  {
    name: "terraform-token",
    anchors: [".atlasv1."],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,72}/g,
  },
  prefixed(
    "doppler-token",
    ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
    "[A-Za-z0-9_.-]{36,64}",
  ),
  prefixed("pulumi-token", "pul-", "[0-9a-f]{40}"),
  prefixed("onepassword-token", "ops_eyJ", `${W}{100,1500}={0,2}`),
  prefixed("age-secret-key", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
];
