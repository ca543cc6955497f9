/**
 * Shell completions for bash, zsh and fish, as functions of the command table. Pure.
 *
 * What always holds: the scripts hold the table itself and never start callnumber, so a key press
 * costs nothing; files are offered wherever an argument or a value may be one.
 */
import type { Command, Option } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function completions(commands: readonly Command[]): Record<Shell, string> {
  const words = flatten(commands, []);
  return { bash: bash(words), zsh: zsh(words), fish: fish(words) };
}

/** A place on the command line: what may follow there. */
interface Place {
  /** `site build`; empty for the top. */
  readonly path: string;
  readonly commands: readonly Command[];
  readonly options: readonly Option[];
}

const GLOBAL: readonly Option[] = [
  { flags: "-c, --config <file>", summary: "configuration file" },
  { flags: "-h, --help", summary: "help" },
];

function flatten(commands: readonly Command[], parents: readonly string[]): Place[] {
  const here = { path: parents.join(" "), commands, options: GLOBAL };
  return [
    here,
    ...commands.flatMap((command): Place[] => {
      const path = [...parents, command.name];
      const options = [...(command.options ?? []), ...GLOBAL];
      if (command.subcommands?.length) {
        const [top, ...deeper] = flatten(command.subcommands, path);
        return [{ ...(top as Place), options }, ...deeper];
      }
      return [{ path: path.join(" "), commands: [], options }];
    }),
  ];
}

/** `--json`, `-n` of `-n, --limit <count>`. */
function flagsOf({ flags }: Option): string[] {
  return flags
    .split(/,\s*/)
    .map((flag) => flag.split(/[ =]/)[0] ?? "")
    .filter((flag) => flag.startsWith("-"));
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ path, commands, options }) => {
    const words = [...commands.map(({ name }) => name), ...options.flatMap(flagsOf)].join(" ");
    return `    ${quoted(path)}) words=${quoted(words)} ;;`;
  });
  const known = places.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `# bash completion for callnumber: source this file, or put it into
# ~/.local/share/bash-completion/completions/callnumber
_callnumber() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" next words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${known.join(" | ")}) path="$next" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ "$current" != -* ]]; then
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _callnumber callnumber
`;
}

function zsh(places: readonly Place[]): string {
  const cases = places.map(({ path, commands, options }) => {
    const words = [
      ...commands.map(({ name, summary }) => quoted(`${name}:${escapedColons(summary)}`)),
      ...options.flatMap((option) =>
        flagsOf(option).map((flag) => quoted(`${flag}:${escapedColons(option.summary)}`)),
      ),
    ];
    return `    ${quoted(path)}) words_here=(${words.join(" ")}) ;;`;
  });
  const known = places.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `#compdef callnumber
# zsh completion for callnumber: put this file as _callnumber into a folder of your fpath.
_callnumber() {
  local path_here="" next i
  local -a words_here
  for ((i = 2; i < CURRENT; i++)); do
    next="\${path_here:+$path_here }\${words[i]}"
    case "$next" in
      (${known.join("|")}) path_here="$next" ;;
    esac
  done
  case "$path_here" in
${cases.join("\n").replaceAll(/^ {4}'/gm, "    ('")}
  esac
  _describe 'callnumber' words_here
  [[ "$PREFIX" == -* ]] || _files
}
compdef _callnumber callnumber
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const at = `-n ${quoted(`__callnumber_at ${path === "" ? "''" : `'${path}'`}`)}`;
    return [
      ...commands.map(
        ({ name, summary }) => `complete -c callnumber ${at} -a ${name} -d ${quoted(summary)}`,
      ),
      ...options.flatMap((option) =>
        flagsOf(option).map((flag) => {
          const kind = flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
          const value = /[<[]/.test(option.flags) ? " -r" : "";
          return `complete -c callnumber ${at} ${kind}${value} -d ${quoted(option.summary)}`;
        }),
      ),
    ];
  });
  const known = places.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `# fish completion for callnumber: put this file into ~/.config/fish/completions/
function __callnumber_at
    set -l path
    for word in (commandline -opc)[2..-1]
        set -l next (string join ' ' $path $word)
        if contains -- $next ${known.join(" ")}
            set path $next
        end
    end
    test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const escapedColons = (text: string) => text.replaceAll(":", "\\:");
