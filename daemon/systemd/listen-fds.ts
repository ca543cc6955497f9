/**
 * Socket activation: the listening sockets that systemd has opened and hands over.
 *
 * What always holds: they are taken only where $LISTEN_PID names this very process; the variables
 * are removed from the environment that is passed in, so that no child believes they are its own.
 *
 * https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */

/** The first file descriptor that systemd hands over. */
const FIRST = 3;
/** More sockets than a socket unit would ever list. */
const MOST = 64;

/** File descriptors of listening sockets; empty where there are none for this process. */
export function takeListenFds(
  env: Record<string, string | undefined>,
  pid: number = process.pid,
): number[] {
  const count = Number(env.LISTEN_FDS ?? "0");
  const mine = Number(env.LISTEN_PID ?? "0") === pid;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  if (!mine || !Number.isInteger(count) || count < 1 || count > MOST) return [];
  return Array.from({ length: count }, (_, index) => FIRST + index);
}
