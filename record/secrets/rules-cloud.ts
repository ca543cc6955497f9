/** Credentials of cloud providers: AWS, Google, Azure and those beside them. */
import { behind, ENDS, entropy, isVaried, type Rule, token } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";
const B64 = "[A-Za-z0-9+/]";
const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** AWS's own documentation keys end so; they are no secret. */
const notAnExample = (secret: string): boolean =>
  !/EXAMPLE(?:KEY)?$/.test(secret) && isVaried(secret);

const hasDigit = (secret: string): boolean => /\d/.test(secret.slice(4)) && isVaried(secret);

export const CLOUD_RULES: readonly Rule[] = [
  token("aws-access-key-id", ["AKIA", "ASIA", "ABIA", "ACCA"], `[A-Z2-7]{16}${ENDS}`, {
    accept: notAnExample,
  }),
  token("aws-access-key-id", "A3T", `[A-Z0-9][A-Z2-7]{16}${ENDS}`, { accept: notAnExample }),
  {
    // No prefix of its own: forty characters right of a name that says so, or near a key id.
    name: "aws-secret-key",
    anchors: ["secret_access_key", "SecretAccessKey", "secret_key", "secretKey", "AKIA", "ASIA"],
    fold: true,
    pattern: new RegExp(
      `(?:secret_?(?:access)?_?key["']?\\s{0,4}[:=]\\s{0,4}["']?|(?:AKIA|ASIA)[A-Z2-7]{16}[^A-Za-z0-9+/]{1,8}(?:[A-Za-z_]{1,40}[^A-Za-z0-9+/]{1,8}){0,2})(${B64}{40})(?![A-Za-z0-9+])`,
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
  token("aws-bedrock-key", "ABSK", `${B64}{60,269}={0,2}`),
  token("aws-bedrock-key", "bedrock-api-key-", `${B64}{28,2000}={0,2}`, { reach: 2200 }),
  token("aws-mws-token", "amzn.mws.", UUID, { left: "any" }),
  token("google-key", "AIza", `${W}{30,45}`),
  token("google-express-key", "AQ.Ab", `${W}{30,96}`),
  token("google-oauth-token", "ya29.", "[A-Za-z0-9_.-]{20,512}", { left: "any" }),
  token("google-oauth-secret", "GOCSPX-", `${W}{20,48}`, { left: "any" }),
  token("google-refresh-token", "1//0", `${W}{30,256}`),
  {
    name: "azure-ai-key",
    anchors: ["JQQJ99"],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,40}/g,
  },
  {
    name: "azure-client-secret",
    anchors: [..."0123456789"].map((digit) => `${digit}Q~`),
    pattern: new RegExp(
      `${behind("[A-Za-z0-9_~.-]")}[A-Za-z0-9_~.-]{2}\\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9])`,
      "g",
    ),
    accept: isVaried,
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
  token("digitalocean-token", ["dop_v1_", "doo_v1_", "dor_v1_"], "[0-9a-fA-F]{40,64}", {
    left: "any",
  }),
  token("alibaba-key-id", "LTAI", `${A}{12,24}${ENDS}`, { accept: hasDigit }),
  token("tencent-secret-id", "AKID", `${A}{32}`),
  token("yandex-key", "AQVN", `${W}{35,45}`),
  token("cloudflare-origin-key", "v1.0-", "[0-9a-fA-F]{24}-[0-9a-fA-F]{100,160}"),
  token("cloudflare-token", ["cfut_", "cfat_", "cfk_"], `${W}{40,64}`),
  {
    name: "fly-token",
    anchors: ["fm1a_", "fm1r_", "fm2_", "fo1_"],
    pattern: /(?:fm1[ar]|fm2|fo1)_(?<=(?:^|[^A-Za-z0-9])\w{3,4}_)[A-Za-z0-9+/=,_-]{43,1500}/g,
    accept: isVaried,
    reach: 1600,
  },
  token("heroku-key", "HRKU-", `${W}{30,80}`, { left: "any" }),
  token("netlify-token", "nfp_", `${A}{36,48}`),
  token("render-key", "rnd_", `${A}{28,40}`),
  token("databricks-token", "dapi", "[0-9a-fA-F]{32}(?:-\\d)?"),
  token(
    "planetscale-token",
    ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
    "[A-Za-z0-9_.=-]{30,64}",
    { left: "any" },
  ),
  token("supabase-key", ["sbp_", "sb_secret_"], `${W}{20,64}`),
  token("neon-key", ["napi_", "npg_"], `${A}{12,80}`),
  token("vault-token", ["hvs.", "hvb.", "hvr."], `${W}{24,300}`),
  {
    name: "terraform-token",
    anchors: [".atlasv1."],
    pattern: new RegExp(`${behind(A)}${A}{13}\\.atlasv1\\.[A-Za-z0-9_=-]{60,72}`, "g"),
  },
  token(
    "doppler-token",
    ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
    "[A-Za-z0-9_.-]{36,64}",
    { left: "any" },
  ),
  token("pulumi-token", "pul-", "[0-9a-fA-F]{40}"),
  token("prefect-token", ["pnu_", "pnb_"], `${A}{36}`),
  token("scalingo-token", "tk-us-", `${W}{48}`),
  token("clickhouse-key", "4b1d", `${A}{38}${ENDS}`),
  token("openshift-token", "sha256~", `${W}{43}`, { left: "any" }),
  token("tailscale-key", ["tskey-", "tskey_"], `${W}{16,96}`, { left: "any" }),
  token("onepassword-token", "ops_eyJ", `${B64}{100,1500}={0,3}`, { left: "any", reach: 1600 }),
  token(
    "onepassword-secret-key",
    "A3-",
    "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
  ),
  token("age-secret-key", "AGE-SECRET-KEY-1", "[A-Za-z0-9]{58}", { left: "any" }),
];
