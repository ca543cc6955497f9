/**
 * The site on a phone: which address of this machine its network knows, and what the terminal
 * shows so that nobody has to type it.
 */
import { networkInterfaces } from "node:os";
import type { Writable } from "node:stream";

/** Networks of containers and virtual machines: no phone is in them. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|podman|cni|lxc|lxd)/;
/** The ranges of home and office networks (RFC 1918). */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;

/** The IPv4 address by which others in the network reach this machine; null where there is none. */
export function lanAddress(interfaces = networkInterfaces()): string | null {
  const found = Object.entries(interfaces)
    .filter(([name]) => !VIRTUAL.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("169.254."));
  return found.find((address) => PRIVATE.test(address)) ?? found[0] ?? null;
}

/** Address and warning, and on a terminal the QR code: white on black whatever its colours are. */
export async function phoneLines(url: string, out: Writable): Promise<string[]> {
  const lines = [
    `  phone     ${url}`,
    "            Who has this address can read the captures; it is not encrypted on the way.",
    "",
  ];
  if (!("isTTY" in out && out.isTTY === true)) return lines;
  const { renderUnicodeCompact } = await import("uqr");
  const code = renderUnicodeCompact(url, { border: 2 }).split("\n");
  return [...lines, ...code.map((row) => `  \u001b[97;40m${row}\u001b[0m`), ""];
}
