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
  /** Longest wait of an appended byte for the start of its fdatasync (`durability: batch`). */
  spoolSyncDelayMs: 10,
  /** Last frames kept in memory while the disk refuses them; more of them are lost. */
  spoolLateFramesCount: 8192,
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
  /** Head of a request or of a response, request line and all headers. */
  headBytes: 64 * KiB,
  /** Headers of one request; more are answered 431. */
  headersCount: 1000,
  /** Time in which the head of a request must be complete. */
  requestHeadMs: 20_000,
  /** An idle client connection is closed after this. */
  clientIdleMs: 75_000,
  /** A request body must bring `slowBodyBytes` in each such span, or it is given up (408). */
  slowBodyMs: 60_000,
  slowBodyBytes: KiB,
  /** Client connections at once; the system's limit of open files should be twice this. */
  connectionsCount: 8192,
  /** Default of timeouts.connect: TCP and TLS together. */
  connectMs: 15_000,
  /** An idle upstream connection is closed after this where the upstream names no time of its own. */
  upstreamIdleMs: 4_000,
  /** Idle upstream connections kept per upstream. */
  upstreamIdleCount: 256,
  /** Bytes waiting in a socket's queue before the other side is paused. */
  socketQueueBytes: 64 * KiB,
  /** Distinct credentials whose masked and sealed forms are kept in memory. */
  credentialCacheCount: 512,
  /** From so many exchanges in flight to one own upstream on, requests carry a hop header. */
  hopSuspicionCount: 32,
  /** Time left to in-flight exchanges at the end. Config: drain. */
  drainMs: 60_000,
  /** A configuration file larger than this is not one. */
  configFileBytes: MiB,
} as const;
