/**
 * Asks a listening socket of our own whether somebody still accepts behind it.
 *
 * What always holds: an answer, or a connection that is closed by the other side, proves an event
 * loop that accepts; only a refusal or silence is a fault. A machine without file handles or ports
 * left proves nothing, and a restart would end the streams that still run: that counts as alive.
 */
import { connect } from "node:net";

/** These say that *we* could not ask. */
const NO_EVIDENCE = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"]);

/** True where the socket at this URL (`http://host:port`) is served, within `ms`. */
export function isServed(url: string, ms: number): Promise<boolean> {
  const { hostname, port, host } = new URL(url);
  return new Promise((answer) => {
    const socket = connect({ port: Number(port), host: reachable(hostname) });
    const timer = setTimeout(() => done(false), ms);
    const done = (served: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      answer(served);
    };
    socket.once("connect", () => {
      socket.write(`GET /-/ready HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    });
    socket.once("data", () => done(true));
    socket.once("end", () => done(true));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      done(error.code === "ECONNRESET" || NO_EVIDENCE.has(error.code ?? ""));
    });
  });
}

/** An address to connect to: the one that stands for all of them is none. */
function reachable(hostname: string): string {
  const plain = hostname.replace(/^\[|\]$/g, "");
  if (plain === "0.0.0.0") return "127.0.0.1";
  return plain === "::" ? "::1" : plain;
}
