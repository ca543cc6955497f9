/**
 * Makes credentials of every kind the documentation names, with random bodies from a seed: nothing
 * that looks like a key is ever written into the repository, where a scanner would rightly object.
 */
import { seededRandom } from "../../../seeded-random.ts";

export interface Kind {
  readonly name: string;
  /** How it stands in a file or a message: by itself, or with the name that goes with it. */
  readonly text: string;
  /** What must not be seen. */
  readonly secret: string;
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const ALNUM = LOWER + LOWER.toUpperCase() + DIGITS;
const WORD = `${ALNUM}_-`;
const HEX = "0123456789abcdef";
const BASE32 = `${LOWER.toUpperCase()}234567`;
const BASE64 = `${ALNUM}+/`;

/** Over 160 kinds; the same seed gives the same ones. */
export function credentialKinds(seed: number): Kind[] {
  const random = seededRandom(seed);
  const r = (alphabet: string, length: number): string => {
    let out = "";
    for (let i = 0; i < length; i += 1) out += alphabet[Math.floor(random() * alphabet.length)];
    // Every body starts and ends with a letter or digit, as issued ones practically do.
    return alphabet === WORD ? `a${out.slice(1, -1)}9` : out;
  };
  const lines = (length: number): string => {
    const body = r(BASE64, length);
    return body.match(/.{1,64}/g)!.join("\n");
  };
  const kinds: Kind[] = [];
  const alone = (name: string, secret: string): void => {
    kinds.push({ name, text: secret, secret });
  };
  const within = (name: string, before: string, secret: string, after = ""): void => {
    kinds.push({ name, text: before + secret + after, secret });
  };
  const uuid = (): string => [8, 4, 4, 4, 12].map((n) => r(HEX, n)).join("-");
  const jwtPart = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");

  alone("anthropic api", `sk-ant-api03-${r(WORD, 93)}AA`);
  alone("anthropic oauth", `sk-ant-oat01-${r(WORD, 93)}AA`);
  alone("anthropic admin", `sk-ant-admin01-${r(WORD, 93)}AA`);
  alone("openrouter", `sk-or-v1-${r(HEX, 64)}`);
  alone("openai legacy", `sk-${r(ALNUM, 20)}T3BlbkFJ${r(ALNUM, 20)}`);
  alone("openai project", `sk-proj-${r(WORD, 74)}T3BlbkFJ${r(WORD, 74)}`);
  alone("openai service account", `sk-svcacct-${r(WORD, 74)}T3BlbkFJ${r(WORD, 74)}`);
  alone("openai admin", `sk-admin-${r(WORD, 74)}T3BlbkFJ${r(WORD, 74)}`);
  alone("openai session", `sess-${r(ALNUM, 40)}`);
  alone("deepseek", `sk-${r(HEX, 32)}`);
  alone("moonshot", `sk-${r(ALNUM, 48)}`);
  alone("xai", `xai-${r(ALNUM, 80)}`);
  alone("groq", `gsk_${r(ALNUM, 52)}`);
  alone("huggingface", `hf_${r(ALNUM, 34)}`);
  alone("huggingface organisation", `api_org_${r(ALNUM, 34)}`);
  alone("google api", `AIza${r(WORD, 35)}`);
  alone("google oauth access", `ya29.${r(WORD, 120)}`);
  alone("google oauth secret", `GOCSPX-${r(WORD, 28)}`);
  alone("google oauth refresh", `1//0${r(WORD, 90)}`);
  alone("perplexity", `pplx-${r(ALNUM, 48)}`);
  alone("replicate", `r8_${r(ALNUM, 37)}`);
  alone("cerebras", `csk-${r(LOWER + DIGITS, 48)}`);
  alone("fireworks", `fw_${r(ALNUM, 24)}`);
  alone("together", `tgp_v1_${r(WORD, 43)}`);
  alone("nvidia", `nvapi-${r(WORD, 64)}`);
  alone("vercel gateway", `vck_${r(ALNUM, 56)}`);
  alone("tavily", `tvly-dev-${r(ALNUM, 32)}`);
  alone("langsmith", `lsv2_pt_${r(HEX, 32)}_${r(HEX, 10)}`);
  alone("langfuse", `sk-lf-${uuid()}`);
  alone("pinecone", `pcsk_${r(ALNUM, 6)}_${r(ALNUM, 63)}`);
  alone("elevenlabs", `sk_${r(HEX, 48)}`);
  alone("firecrawl", `fc-${r(HEX, 32)}`);
  alone("jina", `jina_${r(ALNUM, 60)}`);
  within("mistral, by its name", "MISTRAL_API_KEY=", r(ALNUM, 32));
  within("cohere, by its name", "COHERE_API_KEY=", r(ALNUM, 40));
  within("azure openai, by its name", "AZURE_OPENAI_API_KEY=", r(HEX, 32));
  within("z.ai, by its name", "ZHIPUAI_API_KEY=", `${r(HEX, 32)}.${r(ALNUM, 16)}`);
  alone("azure openai", `${r(ALNUM, 52)}JQQJ99${r(ALNUM, 26)}`);
  alone("azure client secret", `${r(ALNUM, 3)}8Q~${r(ALNUM, 34)}`);
  within(
    "azure storage",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=",
    `${r(BASE64, 86)}==`,
  );
  alone("aws access key id", `AKIA${r(BASE32, 16)}`);
  alone("aws temporary key id", `ASIA${r(BASE32, 16)}`);
  within("aws secret, by its name", "aws_secret_access_key = ", r(ALNUM, 40));
  within("aws secret, beside its id", `AKIA${r(BASE32, 16)},`, `${r(BASE64, 39)}a`);
  within("aws session token", "AWS_SESSION_TOKEN=", r(ALNUM, 320));
  alone("aws bedrock", `ABSK${r(ALNUM, 128)}`);
  alone("github classic", `ghp_${r(ALNUM, 36)}`);
  alone("github oauth", `gho_${r(ALNUM, 36)}`);
  alone("github app", `ghs_${r(ALNUM, 36)}`);
  alone("github fine-grained", `github_pat_${r(ALNUM, 22)}_${r(ALNUM, 59)}`);
  alone("gitlab", `glpat-${r(WORD, 20)}`);
  alone("atlassian", `ATATT3xFfGF0${r(WORD, 170)}=${r(HEX.toUpperCase(), 8)}`);
  alone("slack bot", `xoxb-${r(DIGITS, 12)}-${r(DIGITS, 12)}-${r(ALNUM, 24)}`);
  alone("slack app", `xapp-1-A${r(BASE32, 10)}-${r(DIGITS, 13)}-${r(HEX, 64)}`);
  within(
    "slack webhook",
    "https://hooks.slack.com/services/",
    `T${r(BASE32, 8)}/B${r(BASE32, 8)}/${r(ALNUM, 24)}`,
  );
  alone("stripe live", `sk_live_${r(ALNUM, 24)}`);
  alone("stripe restricted", `rk_live_${r(ALNUM, 24)}`);
  alone("stripe webhook", `whsec_${r(ALNUM, 32)}`);
  alone("twilio api key", `SK${r(HEX, 32)}`);
  within("twilio auth token", "TWILIO_AUTH_TOKEN=", r(HEX, 32));
  alone("sendgrid", `SG.${r(ALNUM, 22)}.${r(ALNUM, 43)}`);
  alone("mailgun", `key-${r(HEX, 32)}`);
  alone("mailchimp", `${r(HEX, 32)}-us14`);
  alone("npm", `npm_${r(ALNUM, 36)}`);
  alone("pypi", `pypi-AgEIcHlwaS5vcmc${r(WORD, 150)}`);
  alone("rubygems", `rubygems_${r(HEX, 48)}`);
  alone("docker", `dckr_pat_${r(WORD, 27)}`);
  alone("digitalocean", `dop_v1_${r(HEX, 64)}`);
  alone("telegram bot", `${r("123456789", 10)}:AA${r(ALNUM, 33)}`);
  alone(
    "discord bot",
    `${Buffer.from(r("123456789", 18)).toString("base64url")}.${r(ALNUM, 6)}.${r(ALNUM, 38)}`,
  );
  within(
    "discord webhook",
    `https://discord.com/api/webhooks/${r("123456789", 18)}/`,
    r(ALNUM, 68),
  );
  alone("shopify", `shpat_${r(HEX, 32)}`);
  alone("linear", `lin_api_${r(ALNUM, 40)}`);
  alone("notion", `ntn_${r(ALNUM, 46)}`);
  alone("airtable", `pat${r(ALNUM, 14)}.${r(HEX, 64)}`);
  alone("figma", `figd_${r(WORD, 40)}`);
  alone("grafana service account", `glsa_${r(ALNUM, 32)}_${r(HEX, 8)}`);
  alone("databricks", `dapi${r(HEX, 32)}`);
  alone("vault", `hvs.${r(WORD, 90)}`);
  alone("supabase", `sbp_${r(HEX, 40)}`);
  alone("doppler", `dp.pt.${r(ALNUM, 43)}`);
  alone("age", `AGE-SECRET-KEY-1${r(BASE32, 58)}`);
  alone(
    "jwt",
    `${jwtPart({ alg: "HS256", typ: "JWT" })}.${jwtPart({ sub: r(DIGITS, 10), iat: 1 })}.${r(WORD, 43)}`,
  );
  for (const label of ["RSA ", "EC ", "OPENSSH ", ""]) {
    const body = lines(640);
    kinds.push({
      name: `${label}private key`.toLowerCase(),
      text: `-----BEGIN ${label}PRIVATE KEY-----\n${body}\n-----END ${label}PRIVATE KEY-----`,
      secret: body.slice(130, 190).replace(/\n[\s\S]*/, ""),
    });
  }
  within("postgres url", "postgresql://app:", `${r(ALNUM, 14)}!7`, "@db.internal:5432/app");
  within(
    "mongodb url",
    "mongodb+srv://admin:",
    `${r(ALNUM, 16)}4`,
    "@cluster0.abcde.mongodb.net/x",
  );
  within("redis url without a user", "redis://:", `${r(ALNUM, 20)}5`, "@cache:6379/0");
  within("basic auth url", "https://deploy:", `${r(ALNUM, 18)}6`, "@git.example.org/repo.git");
  within("password assignment", "DB_PASSWORD=", `${r(LOWER, 5)}7${r(LOWER.toUpperCase(), 3)}9xQ`);
  within("api key assignment", 'api_key: "', `${r(ALNUM, 15)}3${r(ALNUM, 16)}`, '"');
  within(
    "ado connection string",
    "Server=db;User Id=sa;Password=",
    `${r(ALNUM, 10)}8k`,
    ";Encrypt=true",
  );
  within("bearer header in text", "Authorization: Bearer ", `${r(ALNUM, 30)}1`);
  within(
    "basic header in text",
    "Authorization: Basic ",
    Buffer.from(`deploy:${r(ALNUM, 16)}`).toString("base64"),
  );
  within("curl -u", "curl -u deploy:", `${r(ALNUM, 14)}2`, " https://x.example");

  alone("anthropic short", `sk-ant-${r(WORD, 40)}`);
  alone("context7", `ctx7sk-${uuid()}`);
  alone("bifrost", `sk-bf-${uuid()}`);
  alone("runpod", `rpa_${r(UPPER + DIGITS, 46)}`);
  alone("brave", `BSA${r(ALNUM, 12)}aZ7${r(ALNUM, 12)}`);
  alone("neon api", `napi_${r(LOWER + DIGITS, 64)}`);
  alone("neon password", `npg_${r(ALNUM, 16)}`);
  alone("tailscale", `tskey-auth-${r(ALNUM, 11)}CNTRL-${r(ALNUM, 32)}`);
  alone("hubspot", `pat-na1-${uuid()}`);
  alone("asana", `1/1${r(DIGITS, 15)}:${r(HEX, 32)}`);
  alone("asana, with a client", `2/1${r(DIGITS, 15)}/1${r(DIGITS, 15)}:${r(HEX, 32)}`);
  alone("braintree", `access_token$production$${r(LOWER + DIGITS, 16)}$${r(HEX, 32)}`);
  alone("amazon mws", `amzn.mws.${uuid()}`);
  alone("posthog", `phx_${r(ALNUM, 43)}`);
  alone("sourcegraph", `sgp_${r(HEX, 16)}_${r(HEX, 40)}`);
  alone("shippo", `shippo_live_${r(HEX, 40)}`);
  alone("readme", `rdme_${r(LOWER + DIGITS, 70)}`);
  alone("sendinblue", `xkeysib-${r(HEX, 64)}-${r(ALNUM, 16)}`);
  alone("dynatrace", `dt0c01.${r(UPPER + DIGITS, 24)}.${r(UPPER + DIGITS, 64)}`);
  alone("easypost", `EZAK${r(ALNUM, 54)}`);
  alone("easypost test", `EZTK${r(ALNUM, 54)}`);
  alone("duffel", `duffel_live_${r(WORD, 43)}`);
  alone("flutterwave", `FLWSECK_TEST-${r("abcdefgh0123456789", 32)}-X`);
  alone("frame.io", `fio-u-${r(WORD, 64)}`);
  alone("gitlab runner", `GR1348941${r(WORD, 20)}`);
  alone("gitlab runner authentication", `glrt-${r(WORD, 20)}`);
  alone("gitlab trigger", `glptt-${r(HEX, 40)}`);
  within("gitlab session", "Cookie: _gitlab_session=", r(HEX, 32));
  alone("intercom", `dG9rO${r(ALNUM, 54)}=`);
  alone("harness", `pat.${r(WORD, 22)}.${r(ALNUM, 24)}.${r(ALNUM, 20)}`);
  alone("maxmind", `${r(ALNUM, 6)}_${r(ALNUM, 29)}_mmk`);
  alone("octopus", `API-${r(UPPER, 12)}7${r(UPPER + DIGITS, 13)}`);
  alone("openshift", `sha256~${r(WORD, 43)}`);
  alone("artifactory", `AKCp${r(ALNUM, 69)}`);
  alone("artifactory reference", `cmVmdGtu${r(ALNUM, 56)}`);
  alone(
    "1password secret key",
    `A3-${[6, 6, 5, 5, 5, 5].map((n) => r(UPPER + DIGITS, n)).join("-")}`,
  );
  alone("1password service account", `ops_eyJ${r(ALNUM, 300)}`);
  alone("adobe secret", `p8e-${r(ALNUM, 32)}`);
  alone("clojars", `CLOJARS_${r(HEX, 60)}`);
  alone("facebook app", `1${r(DIGITS, 14)}|${r(WORD, 27)}`);
  alone("facebook page", `EAAC${r(ALNUM, 120)}`);
  alone("square", `EAAA${r(ALNUM, 20)}aZ7${r(ALNUM, 36)}`);
  within("okta", "Authorization: SSWS ", `00${r(WORD, 40)}`);
  alone("cloudflare origin", `v1.0-${r(HEX, 24)}-${r(HEX, 146)}`);
  within("cloudflare, by its name", "CLOUDFLARE_API_TOKEN=", r(WORD, 40));
  within("datadog app, by its name", "DD_APP_KEY=", r(HEX, 40));
  alone("vault batch", `hvb.${r(WORD, 140)}`);
  within(
    "teams webhook",
    "https://acme.webhook.office.com/webhookb2/",
    `${uuid()}@${uuid()}/IncomingWebhook/${r(HEX, 32)}/${uuid()}`,
  );
  within(
    "zapier webhook",
    "https://hooks.zapier.com/hooks/catch/",
    `${r(DIGITS, 7)}/${r(LOWER + DIGITS, 7)}`,
  );
  alone("adafruit", `aio_${r(ALNUM, 28)}`);
  alone("prefect", `pnu_${r(ALNUM, 36)}`);
  alone("infracost", `ico-${r(ALNUM, 32)}`);
  alone("scalingo", `tk-us-${r(WORD, 48)}`);
  alone("sentry organisation", `sntrys_eyJpYXQiO${r(ALNUM, 80)}_${r(ALNUM, 43)}`);
  alone("postman", `PMAK-${r(HEX, 24)}-${r(HEX, 34)}`);
  alone("new relic", `NRAK-${r(UPPER + DIGITS, 27)}`);
  alone("circleci", `CCIPAT_${r(ALNUM, 22)}_${r(HEX, 40)}`);
  alone("buildkite", `bkua_${r(HEX, 40)}`);
  alone("crates.io", `cio${r(ALNUM, 12)}aZ7${r(ALNUM, 17)}`);
  alone("nuget", `oy2${r(LOWER + DIGITS, 42)}7`);
  alone("planetscale", `pscale_tkn_${r(WORD, 43)}`);
  alone("pulumi", `pul-${r(HEX, 40)}`);
  alone("fly.io", `FlyV1 fm2_${r(BASE64, 200)}`);
  alone("terraform cloud", `${r(ALNUM, 14)}.atlasv1.${r(ALNUM, 67)}`);
  within("algolia, by its name", "ALGOLIA_ADMIN_KEY=", r(HEX, 32));
  within("snyk, by its name", "SNYK_TOKEN: ", uuid());
  within("twitch, by its name", "twitch_client_secret = ", `${r(LOWER + DIGITS, 29)}7`);
  within("bitbucket, by its name", "bitbucket_client_secret: ", r(WORD, 64));
  within("sshpass", "sshpass -p ", `${r(ALNUM, 11)}7`, " ssh root@10.0.0.7");
  within("mysql -p", "mysql -h db.internal -u root -p", `${r(ALNUM, 11)}7`, " app < dump.sql");
  within("mysqldump -p", "mysqldump --single-transaction -uroot -p", `${r(ALNUM, 11)}7`, " app");
  within(".netrc", "machine x.example login ci password ", `${r(ALNUM, 15)}7`);
  within(".pgpass", "db.internal:5432:app:deploy:", `${r(ALNUM, 15)}7`);
  within("htpasswd, apr1", "deploy:", `$apr1$${r(ALNUM, 8)}$${r(ALNUM, 22)}`);
  within("htpasswd, bcrypt", "deploy:", `$2y$05$${r(ALNUM, 53)}`);
  within("shadow, sha512", "root:", `$6$${r(ALNUM, 16)}$${r(ALNUM, 86)}`, ":19700:0:99999:7:::");
  within("shadow, yescrypt", "root:", `$y$j9T$${r(ALNUM, 22)}$${r(ALNUM, 43)}`, ":19700:0:::::");
  within("wireguard", "[Interface]\nPrivateKey = ", `${r(BASE64, 43)}=`);
  within("ethereum", "DEPLOYER_PRIVATE_KEY=0x", r(HEX, 64));
  return kinds;
}
