/**
 * Finds secrets in a whole body: what find-secrets.ts finds in its bytes, what its strings hide
 * together where it is a stream (stream-channels.ts), and the key in whose middle it ends.
 *
 * Invariants: finds of a split secret give way one by one, the first for the marker and the others
 * for nothing; all lie within the strings of the stream, so its JSON stays JSON.
 */

import { LIMITS } from "../limits.ts";
import { cutOffSecret } from "./cut-off.ts";
import { type Deadline, findSecrets } from "./find-secrets.ts";
import { type Found, mergeOverlaps, withinBudget } from "./finds.ts";
import { decodeBase64Signs } from "./layers.ts";
import { compileRuleSet, type RuleSet } from "./rule-set.ts";
import { type Channel, channelsOf } from "./stream-channels.ts";
import { windowsOf } from "./stream-windows.ts";

const NO_RULES = compileRuleSet([]);

/** In order and apart. Throws `redaction-deadline`. */
export function findInBody(bytes: Buffer, set: RuleSet, deadline: Deadline): Found[] {
  const plain = findSecrets(bytes, set, deadline);
  const { live } = set;
  if (live.length === 0) return plain;
  const hidden = findBehindSigns(bytes, set, deadline);
  const found = hidden.length > 0 ? mergeOverlaps([...plain, ...hidden]) : plain;
  const reach = Math.max(...live.map((secret) => secret.length));
  const begin = Math.max(0, bytes.length - reach);
  const cut = cutOffSecret(bytes.toString("latin1", begin), live);
  if (cut === null || (found.at(-1)?.end ?? 0) > begin + cut.start) return found;
  const { secret } = cut;
  const [start, end] = [begin + cut.start, begin + cut.end];
  found.push({ start, end, secret, rule: "live-credential", rank: -1, text: (marker) => marker });
  return found;
}

/** Live credentials in base64 whose signs are escaped: `\/` in JSON, `%2B` in a URL. */
function findBehindSigns(bytes: Buffer, set: RuleSet, deadline: Deadline): Found[] {
  if (bytes.length > SIGNS_BYTES_MAX || !SIGNS.some((sign) => bytes.includes(sign))) return [];
  const layer = decodeBase64Signs(bytes.toString("latin1"));
  if (layer === null) return [];
  const found = findSecrets(Buffer.from(layer.text, "latin1"), literal(set), deadline);
  return found.map((f) => ({ ...f, start: layer.origin(f.start), end: layer.origin(f.end) }));
}

/** Larger bodies that escape each sign would take many times their size. */
const SIGNS_BYTES_MAX = 4 * 1024 * 1024;
const SIGNS = ["\\/", "%2B", "%2F", "%2b", "%2f"];

const literal = (set: RuleSet): RuleSet => ({
  ...NO_RULES,
  live: set.live,
  liveForms: set.liveForms,
  liveReach: set.liveReach,
  liveOffset: set.liveOffset,
});

/** Of a stream; may overlap. Throws `redaction-deadline`. */
export function findInStream(bytes: Buffer, set: RuleSet, deadline: Deadline): Found[] {
  let found = findInBody(bytes, set, deadline);
  for (const { from, to } of windowsOf(bytes)) {
    deadline.check();
    for (const f of findInWindow(bytes.subarray(from, to), set, deadline)) {
      found.push({ ...f, start: f.start + from, end: f.end + from });
    }
    if (found.length > LIMITS.redactionFindsCount) found = withinBudget(found);
  }
  return found;
}

function findInWindow(bytes: Buffer, set: RuleSet, deadline: Deadline): Found[] {
  let found: Found[] = [];
  const known = literal(set);
  for (const channel of channelsOf(bytes.toString("latin1"))) {
    deadline.check();
    if (channel.literal && set.live.length === 0) continue;
    for (const f of findInChannel(channel, channel.literal ? known : set, deadline)) found.push(f);
    if (found.length > LIMITS.redactionFindsCount) found = withinBudget(found);
  }
  return found;
}

function findInChannel(channel: Channel, set: RuleSet, deadline: Deadline): Found[] {
  const { segments } = channel;
  const out: Found[] = [];
  let next = 0;
  for (const found of findInBody(Buffer.from(channel.text, "latin1"), set, deadline)) {
    let isFirst = true;
    // Finds are in order: none begins in front of the segment in which the last one ended.
    while (next < segments.length && endOf(segments[next]!) <= found.start) next += 1;
    for (let i = next; i < segments.length && segments[i]!.at < found.end; i += 1) {
      const segment = segments[i]!;
      const from = Math.max(found.start - segment.at, 0);
      const upTo = Math.min(found.end - segment.at, segment.length);
      if (from >= upTo) continue;
      const [start, end] = [segment.startOf(from), segment.endOf(upTo)];
      out.push({ ...found, start, end, text: isFirst ? found.text : () => "" });
      isFirst = false;
    }
  }
  return out;
}

const endOf = ({ at, length }: { at: number; length: number }): number => at + length;
