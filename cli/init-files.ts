/**
 * The files that `callnumber init` writes, as text. Every key of the configuration stands in
 * callnumber.yaml with what it trades off, its default, and what to do if unsure; all but two are
 * commented out. A test loads the file as it is and with everything uncommented.
 */

export const CONFIG_FILE = `# The configuration of callnumber, a flight recorder for LLM traffic. Every key is optional; what is
# commented out is an example, with the default beside it. Unknown keys are errors.
# Changes are picked up while the daemon runs; exchanges in flight end under the old settings.

# Where clients connect: address:port, or a list of them. Beyond this machine (0.0.0.0, a LAN
# address) a token is required, because whoever reaches the port can use your upstreams.
# Default 127.0.0.1:4177. If unsure, leave it.
listen: 127.0.0.1:4177

# The Johnny.Decimal tree with everything that was said. Relative to this file. Credentials are
# replaced before anything is written; what you talk about is not: commit it to a private repository.
captures: ./captures

# Spool, locks and key: bodies lie here for moments before they are redacted. Never commit it, and
# keep it on a local disk. Default ./.callnumber ($STATE_DIRECTORY where a unit sets it).
# state: ./.callnumber

# A name for this machine in the names of capture files. Set it (differently on each) when several
# machines commit to one repository: then no two ever write the same file. Default: none.
# writer: nas

# What a power cut may cost. os: what the system had not written yet (fastest); batch: at most
# 50 ms; strict: nothing, but the end of each answer waits for the disk. A crash of callnumber alone
# loses nothing with any of them. Default batch. If unsure, leave it.
# durability: batch

# Further names by which clients call this machine. Others are refused, which guards against web
# pages that point a name of their own at your daemon. Default: none (localhost always works).
# hosts: [nas.lan]

# Clients then must send it (x-callnumber-token, or /~TOKEN/ in the URL); it is never forwarded.
# Required beyond loopback. Best read from the environment or a file, as here. Default: none.
# token: \${CALLNUMBER_TOKEN}

# Upstreams of your own; the name is the first part of the path that clients use:
# http://127.0.0.1:4177/vllm/v1. Known providers (openai, anthropic, google, openrouter, mistral,
# groq, deepseek, xai, ollama and more) exist without being written here.
# upstreams:
#   vllm: http://127.0.0.1:8000
#   work:
#     url: https://llm.example.com/api
#     # Put in place of the client's header, so that clients need no key. Never recorded; such
#     # exchanges are not marked verbatim.
#     headers: { authorization: "Bearer \${WORK_KEY}" }
#     # The only authority to trust for this upstream. Verification can not be switched off.
#     # ca: ./work-ca.pem
#     # HTTP/2 loses the case of header names. Default off. If unsure, leave it.
#     http2: off
#     # Off by default but for connect: thinking models are silent for minutes.
#     timeouts: { connect: 10s, headers: off, body: off }
#     # Needed where the host name resolves to a private address. Default off.
#     allow_private: on

# The upstream for a base URL without a name. Handy for one provider, unclear with two.
# Default: none, and such a request is refused.
# default_upstream: openrouter

# The plan of captures/: areas, in them categories, in them IDs with rules that say what is filed
# there. Folders appear at their first exchange. Also from a table: callnumber jd import table.tsv.
# Default: none; unknown clients go to the inbox 00.01.
# tree:
#   10-19 Coding agents:
#     11 Cline:
#       11.11 OpenRouter: { client: cline, upstream: openrouter }
#     12 Claude Code: { client: claude-code }

# With on a recognised client whose category exists gets an ID per upstream by itself; with off it
# goes to the inbox of its category, for you to file. Default on. If unsure, leave it.
# autofile: on

# What else must not reach the tree. Credentials are always replaced, with or without this.
# redact:
#   # Your own patterns (JavaScript regular expressions). Each costs time on every body.
#   rules: [{ name: my-badge, pattern: "EMP-[0-9]{6}" }]
#   # Further headers whose values are masked.
#   headers: [x-internal-auth]
#   # E-mail addresses, phone numbers, IBANs, card numbers. Default off: it also hides them where
#   # they are what the conversation is about.
#   pii: off
#   # User, device and account ids of the client become pseudonyms, stable within this tree.
#   # Default off. Switch it on before you publish captures.
#   identifiers: off

# Bounds. A larger body is passed on whole but not recorded whole; past the spool's bound exchanges
# pass unrecorded and are counted. The defaults suit a machine with 1 GB of memory and more.
# limits: { body: 256MiB, spool: 4GiB, in_flight: 2048, decode: 256MiB }

# What the upstream playback answers to a request that was never recorded: canned is the reply of a
# small built-in model, refuse an error in the shape of the API, as tests want it. Default canned.
# playback: { missing: canned }

# How long a stop waits for exchanges in flight. Longer spares clients a broken stream, shorter ends
# sooner. Default 60s.
# drain: 60s

# The static site made from captures/. timezone is for what is shown; files are always by UTC day.
# Defaults: title callnumber, languages [en], timezone UTC, out ./dist.
# site: { title: "My calls", languages: [en, zh-Hant], timezone: Asia/Taipei, out: ./dist }
`;

/** Lines for .gitignore: the spool may hold bodies before redaction. */
export const IGNORE_LINES = `# callnumber: the spool may hold bodies before they are redacted; the site can be built again
.callnumber/
dist/
`;

/**
 * Lines for .gitattributes. No end-of-line conversion, since digests are over bytes. Never
 * `merge=union` for day files: two sides would number their new parts alike, and union would mix
 * them silently; without a merge driver git reports the conflict and leaves the file whole. The
 * journal's lines stand each by itself; the index files are made anew from the tree (`jd index`, the
 * daemon's next start), so a merge of them must only not stop.
 */
export const ATTRIBUTE_LINES = `# callnumber: bytes as they are, line diffs, no merging within a day's file (see writer: in callnumber.yaml)
captures/**/*.jsonl -text diff -merge linguist-generated
captures/**/journal.jsonl -text diff merge=union
captures/**/jdex.json -text diff merge=union
captures/**/00.00?Index.txt -text diff merge=union
`;

/** Known by this, a hook is ours to write again. */
export const HOOK_MARK = "Written by callnumber init";

/**
 * The pre-commit hook: refuses a commit with a credential in it, also when it cannot look.
 * `config` is relative to the work tree: other work trees of the repository share the hook.
 *
 * Programs that show git (editors, desktop clients) run hooks with a short PATH, and version managers
 * remove the Node that was there: so both paths are written out, and other places are tried.
 */
export function preCommitHook(node: string, program: string, config: string): string {
  return `#!/bin/sh
# ${HOOK_MARK}: no commit with a credential in it.
# After callnumber was moved: run \`callnumber init\` here again.
# To commit in spite of a finding: git commit --no-verify
set -u
node=${shellWord(node)}
program=${shellWord(program)}
config=${shellWord(config)}
refuse() {
  echo "callnumber: $1, so nothing was scanned for credentials; commit refused" >&2
  echo "  run \\\`callnumber init\\\` in this repository again, from where callnumber is now" >&2
  exit 1
}
top=$(git rev-parse --show-toplevel) && cd "$top" || refuse "git does not say where this repository is"
set -- scan --staged
[ -f "$config" ] && set -- "$@" --config "$config"
if [ ! -f "$program" ]; then
  command -v callnumber >/dev/null 2>&1 || refuse "$program is gone"
  exec callnumber "$@"
fi
[ -x "$node" ] && exec "$node" "$program" "$@"
home=\${HOME:-/nonexistent}
for other in "$(command -v node)" /usr/local/bin/node /opt/homebrew/bin/node /usr/bin/node \\
  "$home"/.nvm/versions/node/*/bin/node "$home"/.local/share/fnm/node-versions/*/installation/bin/node \\
  "$home"/.local/share/mise/installs/node/*/bin/node "$home"/.asdf/installs/nodejs/*/bin/node \\
  "$home"/.volta/bin/node "$home"/.cache/callnumber/node-24/node_modules/*/bin/node; do
  [ -x "$other" ] || continue
  "$other" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null || continue
  exec "$other" "$program" "$@"
done
refuse "$node is gone and no other Node (22 or newer) was found"
`;
}

/** The line that somebody adds to a pre-commit hook of their own. */
export function hookLine(node: string, program: string): string {
  return `${shellWord(node)} ${shellWord(program)} scan --staged || exit 1`;
}

/** One word for a POSIX shell. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
