/**
 * `callnumber doctor --network`: whether the upstreams of the configuration can be reached.
 *
 * What always holds: a TCP connection, TLS with the certificate checked as the daemon checks it,
 * then the end; not a byte of HTTP, no key. Only upstreams that the configuration itself names, and
 * the default one.
 */
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Config, UpstreamConfig } from "../daemon/config/types.ts";
import type { Finding } from "./doctor-checks.ts";

export async function upstreams(config: Config): Promise<Finding[]> {
  const asked = Object.values(config.upstreams).filter(
    ({ name, preset, url }) =>
      (!preset || name === config.defaultUpstream) && url.protocol !== "playback:",
  );
  if (asked.length === 0) {
    return [{ check: "upstreams", level: "ok", message: "the configuration names none" }];
  }
  return Promise.all(asked.map(reach));
}

async function reach(upstream: UpstreamConfig): Promise<Finding> {
  const { name, url } = upstream;
  const check = `upstream ${name}`;
  const began = performance.now();
  try {
    await connection(upstream);
    const ms = Math.round(performance.now() - began);
    return { check, level: "ok", message: `${url.hostname}:${url.port} reached in ${ms} ms` };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return {
      check,
      level: "broken",
      message: `${code} ${message}`.trim(),
      advice: adviceFor(code),
    };
  }
}

function connection({ url, ca, timeouts }: UpstreamConfig): Promise<void> {
  return new Promise((done, failed) => {
    const at = { host: url.hostname, port: url.port };
    const isTls = url.protocol === "https:";
    const socket = isTls
      ? connectTls({ ...at, servername: url.hostname, ...(ca === null ? {} : { ca }) })
      : connectTcp(at);
    const timer = setTimeout(
      () => socket.destroy(timedOut(timeouts.connectMs)),
      timeouts.connectMs,
    );
    socket.once(isTls ? "secureConnect" : "connect", () => {
      socket.destroy();
      done();
    });
    socket.once("error", failed);
    socket.once("close", () => clearTimeout(timer));
  });
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`no connection within ${ms} ms`), { code: "ETIMEDOUT" });
}

function adviceFor(code: string): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return "check the spelling and the name service";
  if (code === "ECONNREFUSED") return "nothing listens there: start it, or check the port";
  if (/CERT|SIGNATURE|TLS|SSL|UNABLE/.test(code)) {
    return "the certificate is not accepted: for a private authority set `ca:` for this upstream";
  }
  return "check the address, the network and firewalls";
}
