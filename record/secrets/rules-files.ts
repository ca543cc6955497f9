/**
 * Passwords that stand where a command or a file of a fixed form has them: options of `mysql`,
 * `sshpass` and `curl`, parts of multipart forms, lines of `.netrc`, `.pgpass`, `htpasswd` and
 * `/etc/shadow`, keys of WireGuard and Ethereum.
 */
import { isCredentialMember } from "./credential-names.ts";
import { hasDistinct, isVaried, type Occurrence, type Rule } from "./rule.ts";
import { isPasswordLike } from "./rules-generic.ts";

/** What a password may hold where it is not quoted; letters beyond ASCII as their UTF-8 bytes. */
const PLAIN = "[!#-&(-[\\]-~\\x80-\\xbf\\xc3-\\xdf]";
const QUOTED = "[ !#-&(-[\\]-~\\x80-\\xbf\\xc3-\\xdf]";
const isMixedPassword = (s: string): boolean =>
  isPasswordLike(s) && /[\d\W]/.test(s) && !/^\d+$/.test(s);

/** Behind an option that takes nothing else: also small letters and capitals alone. */
const isCommandPassword = (s: string): boolean =>
  isMixedPassword(s) || (/[a-z][A-Z]/.test(s) && s.length >= 8 && isPasswordLike(s));

const isHash = (s: string): boolean => isVaried(s) && hasDistinct(s, 8);

const FORM_PART =
  /form-data; {0,4}name="?([^"\r\n;]{1,100})"?\r?\n(?:[A-Za-z-]{1,40}:[^\r\n]{0,200}\r?\n){0,3}\r?\n([!#-[\]-~\x80-\xff]{4,2048})/g;

/** Parts of a multipart form, told by their names as members of other forms are. */
function findFormParts(text: string): Occurrence[] {
  return [...text.matchAll(FORM_PART)].flatMap((m) => {
    const value = m[2]!;
    const end = m.index + m[0].length;
    const isSecret = isCredentialMember(m[1]!) && isPasswordLike(value) && !/^\d+$/.test(value);
    return isSecret ? [{ start: end - value.length, end }] : [];
  });
}

export const FILE_RULES: readonly Rule[] = [
  { name: "form-secret", anchors: ["form-data; name="], find: findFormParts, reach: 2800 },
  {
    name: "command-password",
    anchors: [" -u", "--user"],
    pattern: new RegExp(
      `\\s(?:-u|--user)[ =]{0,2}["']?[A-Za-z0-9_.@+-]{1,64}:(${PLAIN}{6,128})`,
      "g",
    ),
    accept: isMixedPassword,
  },
  {
    name: "command-password",
    anchors: ["sshpass"],
    pattern: new RegExp(
      `sshpass\\s{1,4}-p\\s{0,2}(?:"(${QUOTED}{4,128})"|'(${QUOTED}{4,128})'|(${PLAIN}{4,128}))`,
      "gd",
    ),
    accept: isPasswordLike,
  },
  {
    // `-psecret` without a space or `--password=`, as MySQL's programs take it; `-p` alone asks.
    name: "command-password",
    anchors: ["mysql", "mariadb"],
    pattern: new RegExp(
      `(?:mysql|mariadb)[a-z_-]{0,8}\\s(?:(?:[\\w./:@=-]{1,48}|"[^"\\s]{1,48}")\\s{1,4}){0,7}?(?:-p|--password=)["']?(${PLAIN}{5,128})`,
      "g",
    ),
    accept: isCommandPassword,
  },
  {
    name: "netrc-password",
    anchors: ["login "],
    pattern: new RegExp(
      `login\\s{1,4}[^\\s"'\\\\]{1,64}\\s{1,8}password\\s{1,4}(${PLAIN}{4,128})`,
      "g",
    ),
    accept: isPasswordLike,
  },
  {
    // <add key="ClearTextPassword" value="…" />, of NuGet and of .NET's settings
    name: "config-password",
    anchors: ['Password" value'],
    fold: true,
    pattern: new RegExp(`Password" {1,8}value="(${QUOTED}{6,128})"`, "gi"),
    accept: isPasswordLike,
  },
  {
    // host:port:database:user:password
    name: "pgpass-password",
    anchors: [":5432:", ":*:", ":6432:", ":5433:"],
    pattern: new RegExp(
      `:(?:5432|6432|5433|\\*):[\\w.*-]{1,64}:[\\w.@-]{1,64}:(${PLAIN}{4,128})`,
      "g",
    ),
    accept: isPasswordLike,
  },
  {
    // crypt(3) of every kind: $1$, $2y$, $5$, $6$, $y$, $apr1$, $argon2id$.
    name: "password-hash",
    anchors: [
      "$1$",
      "$2a$",
      "$2b$",
      "$2y$",
      "$5$",
      "$6$",
      "$7$",
      "$y$",
      "$gy$",
      "$apr1$",
      "$argon2",
    ],
    pattern:
      /\$(?:(?:1|5|6|apr1)\$(?:rounds=\d{1,9}\$)?[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{22,86}|2[aby]\$\d\d\$[A-Za-z0-9./]{53}|(?:7|y|gy)\$[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{8,86}\$[A-Za-z0-9./]{43}|argon2(?:id|i|d)\$v=\d{1,3}\$[a-z0-9=,]{1,48}\$[A-Za-z0-9+/]{8,64}\$[A-Za-z0-9+/]{16,128})/g,
    accept: isHash,
  },
  {
    name: "password-hash",
    anchors: ["{SHA}", "{SSHA}"],
    pattern: /\{S?SHA\}([A-Za-z0-9+/]{27,48}={0,2})/g,
    accept: isHash,
  },
  {
    name: "wireguard-key",
    anchors: ["PrivateKey", "PresharedKey", "private_key", "preshared_key"],
    fold: true,
    pattern: /(?:Private_?Key|Preshared_?Key)["']?\s{0,4}[:=]\s{0,4}["']?([A-Za-z0-9+/]{43}=)/gi,
    accept: isHash,
  },
  {
    name: "ethereum-key",
    anchors: ["private_key", "privateKey", "private-key", "private key", "deployer", "wallet_"],
    fold: true,
    pattern:
      /(?:private[-_ ]?key|deployer|wallet_)\w{0,24}["'\]]{0,2}(?:\s{0,4}[:=,(]{1,2}\s{0,4}|\s{1,4})["'`]?((?:0x)?[0-9a-f]{64})(?![0-9a-z])/gi,
    accept: isHash,
  },
];
