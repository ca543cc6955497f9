/**
 * callnumber.yaml as the user may write it: the zod schema, strict, every field described. The
 * configuration reference in docs/ is generated from these descriptions.
 *
 * Invariants: this describes what is *typed*; defaults, paths and presets are filled in by
 * resolve.ts. Unknown keys are errors. The descriptions are the documentation: trade-off, default,
 * and what to do if unsure.
 */
import type { z as Zod } from "zod";
import { parseDuration, parseSize } from "./units.ts";
import { z } from "./zod.ts";

const text = z.string().min(1);

const duration = z
  .unknown()
  .refine((value) => parseDuration(value) !== null, "a duration such as 10s, 250ms, 5m or off")
  .meta({ type: "duration", example: "10s" });

const size = z
  .unknown()
  .refine((value) => parseSize(value) !== null, "a size such as 256MiB or 4GiB")
  .meta({ type: "size", example: "256MiB" });

const switchable = z
  .union([z.boolean(), z.literal("on"), z.literal("off")], { error: "on or off" })
  .meta({ type: "on | off" });

const address = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/, "an address such as 127.0.0.1:4177")
  .refine(
    (value) => Number(value.slice(value.lastIndexOf(":") + 1)) <= 65_535,
    "a port up to 65535",
  );

const Timeouts = z
  .strictObject({
    connect: duration.optional().describe("TCP and TLS together. Default 15s."),
    headers: duration
      .optional()
      .describe("Until the answer begins. Default off: a thinking model may think for minutes."),
    body: duration
      .optional()
      .describe("Longest silence within an answer. Default off, for the same reason."),
  })
  .describe("Times after which an upstream is given up.");

export const UpstreamEntry = z.strictObject({
  url: text.describe("Origin and base path: what precedes the path that the client sends."),
  headers: z
    .record(text, z.string())
    .optional()
    .describe(
      "Put in place of the client's headers of the same name, e.g. a key that clients need not know. Never recorded. The exchange is then not marked verbatim.",
    ),
  ca: text
    .optional()
    .describe("PEM file of the only certificate authority to trust for this upstream."),
  http2: switchable
    .optional()
    .describe("Speak HTTP/2 where the upstream offers it. Default off: header case is lost there."),
  timeouts: Timeouts.optional(),
  allow_private: switchable
    .optional()
    .describe(
      "Let a host *name* resolve to a private address. A literal address or localhost needs no permission. Default off.",
    ),
});

export const ConfigFile = z
  .strictObject({
    listen: z
      .union([address, z.array(address).min(1)])
      .optional()
      .describe(
        "Address and port, or a list of them; [::1]:4177 too. Default 127.0.0.1:4177. Beyond loopback a token is required.",
      ),
    captures: text
      .optional()
      .describe(
        "Folder of the Johnny.Decimal tree. Default ./captures, relative to this file; without a file see above.",
      ),
    state: text
      .optional()
      .describe(
        "Folder for spool, locks and key, never inside captures. Default $STATE_DIRECTORY where a unit sets it, else ./.callnumber, for a file in /etc /var/lib/callnumber.",
      ),
    writer: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "lower-case letters, digits and hyphens, at most 32")
      .optional()
      .describe("Part of capture file names, so that several machines can share one tree."),
    durability: z
      .enum(["os", "batch", "strict"])
      .optional()
      .describe(
        "What a power cut may cost. os: what the system had not yet written; batch: at most 50 ms; strict: nothing, each end of a response waits for the disk. Default batch; if unsure leave it.",
      ),
    hosts: z
      .array(text)
      .optional()
      .describe(
        "Further host names by which clients may call the daemon (guards against DNS rebinding).",
      ),
    token: text
      .optional()
      .describe(
        "Clients must send it as x-callnumber-token or as first path segment /~TOKEN/. Required beyond loopback. Best not written here but read from the environment or a file.",
      ),
    upstreams: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, "letters, digits, dot, hyphen, underscore"),
        z.union([text, UpstreamEntry], { error: "a URL, or a map with url:" }),
      )
      .optional()
      .describe(
        "Own upstreams by name, the first path segment. A string is a URL. Presets exist unwritten.",
      ),
    default_upstream: text
      .optional()
      .describe("Upstream for a base URL without a name. Default none."),
    tree: z
      .record(text, z.unknown())
      .optional()
      .describe(
        "The plan of captures/: areas, in them categories, in them IDs. A category or an ID may have a filing rule: client, upstream, model, path (text; * and ? match) and header (a mapping of names to such text); all that are given must match.",
      ),
    autofile: switchable
      .optional()
      .describe(
        "Give a recognised client's exchanges an ID of their own per upstream (on, the default), or its category's inbox (off).",
      ),
    redact: z
      .strictObject({
        rules: z
          .array(
            z.strictObject({
              name: text.describe("Shown in the record where the rule has replaced something."),
              pattern: text.describe(
                "Regular expression (JavaScript without flags, over UTF-8 bytes).",
              ),
            }),
          )
          .optional()
          .describe("Own patterns to replace in bodies."),
        headers: z.array(text).optional().describe("Further headers whose values are masked."),
        pii: switchable
          .optional()
          .describe("Also e-mail addresses, phone, IBAN and card numbers. Default off."),
        identifiers: switchable
          .optional()
          .describe("Replace user, device and account ids by stable pseudonyms. Default off."),
      })
      .optional()
      .describe("What else must not reach the tree; credentials are always replaced."),
    limits: z
      .strictObject({
        body: size.optional().describe("Largest body that is recorded whole. Default 256MiB."),
        spool: size
          .optional()
          .describe(
            "Spool on disk; past it exchanges pass unrecorded and are counted. Default 4GiB.",
          ),
        in_flight: z
          .int()
          .positive()
          .optional()
          .describe("Exchanges at once; one more is answered 503. Default 2048."),
        decode: size
          .optional()
          .describe("Most that a compressed body may decode to. Default 256MiB."),
      })
      .optional(),
    playback: z
      .strictObject({
        missing: z
          .enum(["canned", "refuse"])
          .optional()
          .describe(
            "What the upstream `playback` answers to a request that was never recorded: the reply of a small built-in model, or an error (404) in the API's own shape. Default canned.",
          ),
      })
      .optional(),
    drain: duration.optional().describe("Time for exchanges in flight at the end. Default 60s."),
    site: z
      .strictObject({
        title: text.optional().describe("Heading of the site. Default callnumber."),
        languages: z
          .array(z.enum(["en", "zh-Hant"]))
          .min(1)
          .optional()
          .describe("Languages of the site; the first is the default. Default [en]."),
        timezone: text.optional().describe("IANA name for shown times. Default UTC."),
        out: text
          .optional()
          .describe("Folder of the built site. Default ./dist, relative to this file."),
        listen: address
          .optional()
          .describe(
            "Address of the preview that `callnumber up` serves. Beyond loopback it is below /~TOKEN/. Default 127.0.0.1:4178.",
          ),
      })
      .optional(),
  })
  .describe("callnumber.yaml");
export type ConfigFile = Zod.infer<typeof ConfigFile>;
