/**
 * The table of commands, in the order in which help shows them. A command's file is loaded when it
 * is asked for; help, man page and completions load them all.
 */
import type { Command } from "./command.ts";

const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import("./up.ts")).up,
  serve: async () => (await import("./serve.ts")).serve,
  ls: async () => (await import("./ls.ts")).ls,
  show: async () => (await import("./show.ts")).show,
  tail: async () => (await import("./tail.ts")).tail,
  grep: async () => (await import("./grep.ts")).grep,
  diff: async () => (await import("./diff.ts")).diff,
  stats: async () => (await import("./stats.ts")).stats,
  findings: async () => (await import("./findings.ts")).findings,
  cat: async () => (await import("./cat.ts")).cat,
  verify: async () => (await import("./verify.ts")).verify,
  site: async () => (await import("./site.ts")).site,
  connect: async () => (await import("./connect.ts")).connect,
  init: async () => (await import("./init.ts")).init,
  scan: async () => (await import("./scan.ts")).scan,
  jd: async () => (await import("./jd.ts")).jd,
  file: async () => (await import("./file.ts")).file,
  retry: async () => (await import("./retry.ts")).retry,
  prune: async () => (await import("./prune.ts")).prune,
  doctor: async () => (await import("./doctor.ts")).doctor,
  service: async () => (await import("./service.ts")).service,
  completion: async () => (await import("./completion.ts")).completion,
};

/** Every command. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}

/** What a command line needs: the one command that its first word names, else all (for help). */
export async function commandsFor(argv: readonly string[]): Promise<Command[]> {
  const load = argv[0] === undefined ? undefined : LOADERS[argv[0]];
  return load && Object.hasOwn(LOADERS, argv[0]!) ? [await load()] : allCommands();
}
