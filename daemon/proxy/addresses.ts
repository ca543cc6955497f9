/**
 * Which addresses are private, and which host names may lead to them: the guard against a public
 * name that is made to point into one's own network (SSRF by DNS).
 *
 * Invariants: a literal address, or `localhost`, in the configuration is itself the
 * permission, since whoever wrote it meant that machine; any other *name* that resolves to a
 * private address needs `allow_private`. Checked at every connect on the very address that is then
 * dialled, so that a second answer of the name service cannot slip in between.
 */
import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { canonicalHost } from "./host-name.ts";

/** IANA's special-purpose registry (RFC 6890) and multicast. */
const NETS_4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const;
/** Public addresses lie in 2000::/3; in it Teredo and its like, documentation, and 6to4 are not. */
const NETS_6 = [
  ["::", 3],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["4000::", 2],
  ["8000::", 1],
] as const;

/** Made when they are first asked: a start does not need them. Apart, as IPv4 is in `::` too. */
let nets: { readonly 4: BlockList; readonly 6: BlockList } | null = null;

function privateNets(): { readonly 4: BlockList; readonly 6: BlockList } {
  if (nets !== null) return nets;
  nets = { 4: new BlockList(), 6: new BlockList() };
  for (const [net, prefix] of NETS_4) nets[4].addSubnet(net, prefix, "ipv4");
  for (const [net, prefix] of NETS_6) nets[6].addSubnet(net, prefix, "ipv6");
  return nets;
}

/**
 * True for every address that is not reached over the public Internet, or reaches another one by
 * being translated. NAT64 (64:ff9b::/96) is as public as the IPv4 address in it: on networks without
 * IPv4 each public name leads there.
 */
export function isPrivateAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const host = canonicalHost(address) ?? "";
  const embedded = NAT64.exec(host);
  const plain = embedded === null ? host : (canonicalHost(`::ffff:${embedded[1]}`) ?? "");
  return isIP(plain) === 4
    ? privateNets()[4].check(plain, "ipv4")
    : privateNets()[6].check(plain, "ipv6");
}

/** With the IPv4 address as two groups; with one or none it is 0.0.x.x, which is private anyway. */
const NAT64 = /^64:ff9b::([0-9a-f]{1,4}:[0-9a-f]{1,4})$/;

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
