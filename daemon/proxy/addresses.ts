/**
 * Which addresses are private, and which host names may lead to them: the guard against a public
 * name that is made to point into one's own network (SSRF by DNS).
 *
 * What always holds: a literal address, or `localhost`, in the configuration is itself the
 * permission, since whoever wrote it meant that machine; any other *name* that resolves to a
 * private address needs `allow_private`. Checked at every connect on the very address that is then
 * dialled, so that a second answer of the name service cannot slip in between.
 */
import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

const NETS_4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const;
const NETS_6 = [
  ["::", 127],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const;

/** Made when it is first asked: a start does not need it. */
let nets: BlockList | null = null;

function privateNets(): BlockList {
  if (nets !== null) return nets;
  nets = new BlockList();
  for (const [net, prefix] of NETS_4) nets.addSubnet(net, prefix, "ipv4");
  for (const [net, prefix] of NETS_6) nets.addSubnet(net, prefix, "ipv6");
  return nets;
}

/** True for loopback, link-local, RFC 1918, unique local, multicast and the like; also `::ffff:…`. */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  // BlockList itself reads IPv4-mapped IPv6 addresses as the IPv4 addresses that they are.
  return privateNets().check(address, version === 6 ? "ipv6" : "ipv4");
}

/** True where the host name in the configuration is by itself the permission to use it. */
export function isExplicitHost(hostname: string): boolean {
  return isIP(hostname) !== 0 || /(?:^|\.)localhost$/i.test(hostname);
}

/** Thrown through the connect by `guardedLookup`. */
export class PrivateAddressError extends Error {
  override readonly name = "PrivateAddressError";
  readonly code = "CALLNUMBER_PRIVATE";
}

/**
 * A `lookup` for net.connect that leaves private addresses out and fails with PrivateAddressError
 * where none remains. `resolve` is the name service; tests pass their own.
 */
export function guardedLookup(resolve: typeof dnsLookup = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    const all = { ...options, all: true as const };
    resolve(hostname, all, (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => {
      if (error !== null) return callback(error, []);
      const usable = found.filter((entry) => !isPrivateAddress(entry.address));
      const first = usable[0];
      if (first === undefined) {
        const list = found.map((entry) => entry.address).join(", ");
        const why = `${hostname} resolves to ${list}, which is private`;
        return callback(new PrivateAddressError(why), []);
      }
      if (options.all === true) return callback(null, usable);
      callback(null, first.address, first.family);
    });
  };
}
