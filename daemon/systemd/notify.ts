/**
 * Speaks to systemd (sd_notify): READY, STATUS, RELOADING, STOPPING, WATCHDOG.
 *
 * Node has no unix datagram sockets, so the words go through `systemd-notify`, kept at hand by one
 * small shell that reads lines from us: a word costs one write to a pipe (docs/decisions/0009).
 * What always holds: without $NOTIFY_SOCKET there is nobody to tell and nothing is started; a
 * helper that dies is started again at the next word; it ends with us, however we end; never throws.
 *
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface Notifier {
  /** One message: assignments such as `READY=1`, `STATUS=recording`. */
  send(...assignments: string[]): void;
  /** Resolves once all that was said has been passed on. */
  close(): Promise<void>;
}

/** Between the assignments of a message on the way to the shell; none of them may hold it. */
const SEPARATOR = "\x1f";
const LOOP = `IFS="$(printf '\\037')"; set -f; while read -r words; do systemd-notify $words; done`;
/** How long the helper may take to pass on the last words. */
const CLOSE_MS = 2_000;

/** Null where nobody listens: not started by systemd, or not with Type=notify. */
export function openNotifier(env: Readonly<Record<string, string | undefined>>): Notifier | null {
  const { NOTIFY_SOCKET, PATH } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "") return null;
  return new ShellNotifier({ NOTIFY_SOCKET, PATH: PATH ?? "/usr/bin:/bin" });
}

class ShellNotifier implements Notifier {
  readonly #env: Record<string, string>;
  #shell: ChildProcess | null = null;

  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  send(...assignments: string[]): void {
    const words = assignments.map((text) => text.replace(/[\n\x1f]+/g, " "));
    this.#running().stdin?.write(`${words.join(SEPARATOR)}\n`);
  }

  async close(): Promise<void> {
    const shell = this.#shell;
    this.#shell = null;
    if (shell === null || shell.exitCode !== null || shell.signalCode !== null) return;
    await new Promise<void>((done) => {
      const late = setTimeout(() => {
        shell.kill("SIGKILL");
        done();
      }, CLOSE_MS);
      shell.once("exit", () => {
        clearTimeout(late);
        done();
      });
      shell.stdin?.end();
    });
  }

  #running(): ChildProcess {
    if (this.#shell !== null) return this.#shell;
    const shell = spawn("/bin/sh", ["-c", LOOP], {
      env: this.#env,
      stdio: ["pipe", "ignore", "ignore"],
      // A ctrl-C in a terminal must not take it away before the last words.
      detached: true,
    });
    this.#shell = shell;
    const gone = () => {
      if (this.#shell === shell) this.#shell = null;
    };
    shell.on("error", gone);
    shell.on("exit", gone);
    shell.stdin?.on("error", gone);
    shell.unref();
    return shell;
  }
}
