/**
 * Every limit of the project by name, with its unit last. A queue, buffer, body, header or timeout
 * that is not bounded by a line of this file (or by the configuration that overrides it) is a bug.
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export const LIMITS = {
  /** A capture file that has passed this size is continued in `+1`, `+2` …: git hosts refuse 100 MB. */
  captureFileBytes: 32 * MiB,
  /** Spool segment size after which the next one is begun. */
  spoolSegmentBytes: 16 * MiB,
  /** Whole spool; past it exchanges pass unrecorded and are counted. Config: limits.spool. */
  spoolBytes: 4 * GiB,
  /** Largest request body that is recorded whole. Config: limits.body. */
  bodyBytes: 256 * MiB,
  /** Most bytes that a content-encoded body may decode to. Config: limits.decode. */
  decodeBytes: 256 * MiB,
  /** Exchanges in flight at once; one more is answered 503. Config: limits.in_flight. */
  inFlightCount: 2048,
  /** Nesting depth to which JSON is looked into; deeper stays raw. */
  jsonDepthCount: 256,
  /** `as/take` links in a row before a list is spelled out in full. */
  asChainCount: 64,
  /** Top-level strings and objects of a body from this size on become parts. */
  partMinBytes: 256,
} as const;
