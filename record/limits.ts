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
  /** No record makes a capture file larger than this; it goes to the next file, alone if need be. */
  captureFileMaxBytes: 48 * MiB,
  /** GitHub refuses larger files, and with them the whole push. */
  gitFileBytes: 100 * MiB,
  /** Spool segment size after which the next one is begun. */
  spoolSegmentBytes: 16 * MiB,
  /** A spool segment up to this size is merged with the next one that is rewritten without what is filed. */
  spoolMergeBytes: 1 * MiB,
  /** The spool goes on in a new segment at most this often, so that what is filed can leave the disk. */
  spoolRenewMs: 500,
  /** Bodies that have been in the spool for so long are worth a warning of doctor. */
  spoolWarnMs: 10_000,
  /** It is looked this often for calls that are not in the tree, and said this often. */
  unfiledLookMs: 1_000,
  unfiledSayMs: 60_000,
  /** Tries of a call that was set aside which end the filer, after which it is set aside again. */
  retryTriesCount: 2,
  /** `callnumber retry` waits so long for the daemon to try again, and looks this often. */
  retryWaitMs: 60_000,
  retryLookMs: 100,
  /** A call that was not recorded whole is news for so long; health is degraded by it for so long. */
  unrecordedShownMs: 24 * 3_600_000,
  unrecordedHealthMs: 10 * 60_000,
  /** While calls keep ending, segments that also hold open calls are rewritten this often at most. */
  spoolRewriteMs: 5_000,
  /** Frames that are written together, at most; larger payloads are not copied. */
  spoolWriteBytes: 1 * MiB,
  /** Longest wait of an appended byte for the start of its fdatasync (`durability: batch`). */
  spoolSyncDelayMs: 25,
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
  /** Members of one JSON object; one with more is no message of any API and is not parsed. */
  jsonMemberCount: 10_000,
  /** Members that one object of an assembled message gets; APIs know some dozens. */
  assembledMemberCount: 1000,
  /** Choices, parts and tool calls of one streamed answer each; APIs give a hundred or so. */
  assembledEntryCount: 4096,
  /** Characters of a provider's error message that `llm.error` keeps; the body has it whole. */
  errorTextCount: 500,
  /** Characters of a session id; longer ones are no ids. */
  sessionIdCount: 256,
  /** Parts of a multipart form that are looked at. */
  formPartCount: 1000,
  /** Turns that are followed back by `previous_response_id`; more is taken for a loop. */
  turnChainCount: 10_000,
  /** Events of a stream that are no JSON, after which it is given up: each costs an exception. */
  foreignEventCount: 1000,
  /**
   * A stream's events are read as long as they are this large on average, and `streamEventCount` of
   * them anyway: the smallest that any API sends is twice as large, and tiny ones take much time.
   */
  streamEventBytes: 32,
  streamEventCount: 1000,
  /** Characters of a URL that are looked at to find out whose price list holds. */
  priceUrlCount: 300,
  /** URLs whose provider is remembered. */
  priceUrlsCount: 1000,
  /** Characters of a model's name; longer ones have no price. */
  priceModelCount: 300,
  /** Models whose price list is remembered. */
  priceModelsCount: 1000,
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
  /** Heads and idle connections are looked after this often. */
  clientCheckMs: 5_000,
  /** A connection that we end is read for so long after its last byte has gone out. */
  lingerMs: 2_000,
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
  /** Calls at once over one HTTP/2 connection; further ones get another. */
  http2StreamsCount: 64,
  /** What an HTTP/2 upstream may send of one answer before the client has read it. */
  http2WindowBytes: 256 * KiB,
  /** Of a request body, kept until its answer begins, for an HTTP/2 upstream that refuses it. */
  http2KeptBytes: 4 * MiB,
  /** The same of all calls to one upstream. */
  http2KeptTotalBytes: 128 * MiB,
  /** Answers of status 1xx to one request; an upstream that sends more is broken off. */
  interimCount: 128,
  /** An upstream that chose HTTP/1.1 is asked for HTTP/2 again after this. */
  http1ChoiceMs: 60_000,
  /** Times that a call is sent again which an HTTP/2 upstream says it did not process. */
  http2RepeatsCount: 8,
  /** Bytes held in one turn of the event loop to be recorded together; past it they are at once. */
  turnBytes: 512 * KiB,
  /** Most that is read off an upstream's socket at once. */
  readBytes: 64 * KiB,
  /** Bytes waiting in a socket's queue before the other side is paused. */
  socketQueueBytes: 64 * KiB,
  /** Distinct credentials whose masked and sealed forms are kept in memory. */
  credentialCacheCount: 512,
  /** Refused strangers that are recorded a minute and a day; all are counted. */
  refusalsMinuteCount: 10,
  refusalsDayCount: 1000,
  /** What is recorded of such a request's headers, and of its target. */
  refusalHeadBytes: 2 * KiB,
  refusalTargetChars: 512,
  /** From so many exchanges in flight to one own upstream on, requests carry a hop header. */
  hopSuspicionCount: 32,
  /** Time left to in-flight exchanges at the end. Config: drain. */
  drainMs: 60_000,
  /** At the end, a connection that was just accepted has so long to bring its request. */
  drainFreshMs: 1_000,
  /** At the end it is looked this often whether clients have read the rest of their answers. */
  drainLookMs: 20,
  /** Free bytes on a disk below which health is degraded (a twentieth of the disk where that is less). */
  diskFreeBytes: GiB,
  /** Age of an ended exchange that is not filed yet from which health is degraded. */
  backlogMs: 5 * 60_000,
  /** Ended exchanges whose age is remembered until they are filed; more are only counted. */
  backlogCount: 100_000,
  /** A configuration file larger than this is not one. */
  configFileBytes: MiB,
  /** A configuration file must have stayed as it is for this long before it is read again. */
  configSettleMs: 200,
  /** `tail` looks this often even if the system reports no change. */
  tailPollMs: 2_000,
  /** The configuration file is looked at this often even if the system reports no change. */
  configPollMs: 5_000,
  /** Parts that one body is carved into; what comes after them is stored as one piece. */
  bodyPartCount: 16_384,
  /** A string in a top-level array is a part from this size on. */
  elementMinBytes: 64,
  /** A literal from this size on is stored as a part, so that it is not repeated either. */
  literalBytes: 1 * KiB,
  /** A longer `cache_control` member stays in its part. */
  markerBytes: 256,
  /** A part with more `cache_control` members keeps them all. */
  markerCount: 64,
  /** Nodes of the writer's index of earlier lists; past it the index is begun anew. */
  listIndexCount: 262_144,
  /** Longest list, in entries, that later lists may refer to. */
  listEntryCount: 32_768,
  /** Text up to this size is stored as text; larger, as base64, which no escape can blow up. */
  textPartBytes: 64 * MiB,
  /**
   * What a compressed part decompresses to at most: nothing longer is written, and of what is longer
   * nothing is read. How much smaller it is compressed says nothing: the same delta a million times
   * is a stream, too.
   */
  partDecodeBytes: 64 * MiB,
  /** Parts into which longer bytes than one part may hold are cut. */
  packedPartBytes: 32 * MiB,
  /** Before a body of this size is joined, memory that nothing uses any more is given back. */
  largeBodyBytes: 32 * MiB,
  /** A body that is joined from parts may be this long, or so many times its file's size. */
  joinedBytes: 128 * MiB,
  joinedRatio: 8,
  /** Entries of a body's list, ranges written out; a carved body has 32,769 at most. */
  listAtomCount: 262_144,
  /** Chunks of a stream that are told apart; those behind them are read as one. */
  streamChunkCount: 262_144,
  /** Longer JSON is parsed only if it holds no more values (commas and brackets, about) than this. */
  leanJsonChars: 4 * MiB,
  leanJsonCount: 2_000_000,
  /** A longer line is no `file` or `exchange` line: bodies are kept in parts. */
  recordLineBytes: 16 * MiB,
  /** A longer line is passed over unread; a part of 256 MiB is shorter as base64. */
  captureLineBytes: 384 * MiB,
  /** Compression level of stored streams. If unsure: 3; more costs time and saves little. */
  zstdLevel: 3,
  /** Largest staged file that scan reads. */
  scanFileBytes: 256 * MiB,
  /** Longer files are looked through in pieces of whole lines, which overlap by some. */
  scanPieceBytes: 16 * MiB,
  scanOverlapBytes: 128 * KiB,
  /** Time for looking through one record for secrets; past it the body is left out. */
  redactionMs: 10_000,
  /** Secrets of one body that are hidden one by one; of more, those close together as one. */
  redactionFindsCount: 65_536,
  /** Places of spooled bytes that the filer remembers for open exchanges (32 bytes each). */
  openExtentsCount: 1_000_000,
  /** How much of a stream is put together at once to find keys that its deltas share, and again. */
  streamWindowBytes: 2 * MiB,
  streamOverlapBytes: 256 * KiB,
  /** Steps in which a compressed stream is decoded, so that its chunks keep their times. */
  decodeStepsCount: 32_768,
  /** Chunks of one stream that are kept apart; of more, neighbours are joined two by two. */
  streamChunksCount: 262_144,
  /** Open WebSockets of which turns are filed as they end; those of more are filed at their end. */
  liveSocketsCount: 64,
  /** While one is open the spool is looked at this often. */
  liveSocketMs: 1_000,
  /** Exchanges whose capture file cannot be written, kept for a later try; then reading stops. */
  filerStalledCount: 64,
  /** Exchanges or milliseconds after which the filer syncs what it has appended. */
  filerBatchCount: 64,
  filerBatchMs: 200,
  /** Bytes of bodies after which the daemon collects the buffers in which they came (daemon/heap.ts). */
  collectBytes: 6 * MiB,
  /** JavaScript heap of the daemon as a service in MiB, and what of it is for young objects. */
  daemonHeapMiB: 512,
  daemonYoungMiB: 4,
  /** JavaScript heap of the filer process in MiB; bodies lie outside of it. */
  filerHeapMiB: 512,
  /** Of it, for young objects: half of each copying space. More makes it larger, not faster. */
  filerYoungMiB: 4,
  /** Growth of the filer's resident memory after which it tidies up once it has nothing to do. */
  filerGrowthBytes: 16 * MiB,
  /** The filer is started so long after the port is open. */
  filerStartMs: 50,
  /** On a machine with one core filing is put off so long while requests keep that core busy. */
  filerRestMs: 30_000,
  /**
   * A filer that is silent for so long while it has work degrades the health: at once where it does
   * not use the processor, later where it does, for a large body takes seconds.
   */
  filerSilentMs: 1_500,
  filerSlowMs: 15_000,
  /** A filer that gives no sign of life for so long while it has work is killed. */
  filerStuckMs: 60_000,
  /** Kills from outside with one exchange at hand after which it is put last and tried alone. */
  filerSuspectDeaths: 2,
  /** Kills from outside in a row, while it is tried alone, after which it is given up. */
  filerAloneKills: 5,
  /**
   * Pause before a filer that died is started again: doubled from the first to the second. With the
   * start itself it files again within 5 s of the end of a fault.
   */
  filerRestartMs: 100,
  filerRestartMaxMs: 1_500,
  /** A filer that has lived so long did not fail at its start: the pause begins anew. */
  filerSoundMs: 2_000,
  /** One and the same trouble of the filer is logged once in this time, with a count. */
  filerLogMs: 60_000,
  /** How much of a damaged compressed body is read to see whether a secret is in it. */
  hiddenSecretBytes: 16 * MiB,
  /** Capture files whose dedupe tables are kept in memory. */
  filerOpenFilesCount: 16,
  /** The filer's checkpoint log is written anew past this size. */
  filerLogBytes: 1 * MiB,
  /** Lists of headers that are known to hold no secret. */
  cleanHeadersBytes: 256 * KiB,
  /** Expanded request lists that a reader of one file keeps at hand, with the literals in them. */
  keptListBytes: 4 * MiB,
  /** Small things that are kept because the next turn will most likely bring them again. */
  keptListCount: 48,
  /** A URL longer than this is looked at anew each time. */
  keptUrlChars: 512,
  /** Calls on an older page of a day; its newest page has up to twice as many. */
  siteDayRows: 100,
  /** Turns, and bytes of captured text, on one page of a conversation. */
  sitePageTurns: 40,
  sitePageBytes: 40 * KiB,
  /** Characters of one captured text that a page holds at first; the rest is fetched when asked for. */
  siteTextChars: 6_000,
  /** Levels to which the site lays out JSON. */
  siteJsonDepth: 24,
  /** Days that the site's build keeps open. */
  siteOpenDays: 4,
  /**
   * Exchanges in normal form that a thread of it keeps at hand, by what is new in each: a busy day's,
   * so that its pages need not read again what its digest has read.
   */
  siteKeptBytes: 32 * MiB,
  /** Exchanges whose part digests it keeps at hand. */
  siteKeptExchanges: 48,
  /** Exchanges in one chunk of raw bodies. */
  siteChunkExchanges: 32,
  /** Resident memory after which the builder process is started anew, and pages between. */
  siteBuilderBytes: 700 * MiB,
  /** A burst of changes is gathered for so long before the site is built. */
  siteWatchMs: 150,
  /** How long a build waits for another one in the same folder. */
  siteLockMs: 10 * 60_000,
  /** How often captures are looked at where the system has no watches left. */
  sitePollMs: 2_000,
  /** A larger body is not put into a raw chunk; the capture file has it. */
  siteRawBytes: 8 * MiB,
  /** Characters of one text that a comparison in the browser sees. */
  siteSaidChars: 40_000,
  /** Characters of an exchange that the search looks through. */
  siteSearchChars: 40_000,
  /** Uncompressed size of a search shard that is aimed at, and documents in one list of them. */
  siteShardBytes: 12 * KiB,
  siteFoundRows: 50,
  /** Threads of a large build, and from how many new bytes of captures on it is large. */
  siteThreads: 4,
  siteThreadBytes: 2 * MiB,
  /** Known bytes of a capture file that a build compares before it goes on from there. */
  siteKnownBytes: 32 * MiB,
  /** Bytes of captures that are scanned for credentials in one go; small, to share them evenly. */
  siteScanBytes: 1 * MiB,
  /** JavaScript heap of the builder process in MiB, and what of it is for young objects. */
  siteYoungMiB: 16,
  siteHeapMiB: 512,
  /** Conversations, findings and rows on pages that list only the newest. */
  siteNewestCount: 50,
  /** Bytes by which two bodies may differ that ask the same: ids of the caller, a redaction's mark. */
  playbackDifferenceBytes: 8 * KiB,
  /** Time that `doctor` takes to look through capture files, the newest first. */
  doctorReadMs: 5_000,
  /** Days that a command keeps open which reads conversation after conversation. */
  readerOpenDays: 4,
  /** Parsed parts that a reader of conversations keeps, by the bytes that they were parsed from. */
  keptValuesBytes: 16 * MiB,
  /** How much of a text is looked at for its sketch and its telling lines. */
  sketchChars: 64 * KiB,
  /** Numbers kept of a text's sketch. */
  sketchCount: 24,
  /** Lines from this length on tell one text from another; so many of a text are kept. */
  tellingLineChars: 24,
  tellingLinesCount: 32,
  /** A conversation that the client does not name is closed after resting so long. */
  conversationRestMs: 7 * 24 * 3_600_000,
  /** A second agent or a summary begins within this time of what it comes from. */
  delegationMs: 3_600_000,
  /** A title is asked for within this time of the conversation that it names. */
  sideCallMs: 60_000,
  /** A failed request that comes again without a session id is a retry within this time. */
  retryMs: 600_000,
  /** A table of numbers and titles larger than this is not one. */
  tableBytes: 4 * MiB,
  /** Bytes of recently read parts that a reader of one file keeps. */
  keptPartBytes: 8 * MiB,
  /** Edits after which a comparison stops looking for more that is the same. */
  diffEdits: 2_000,
  /** Texts longer than this together are compared by lines, not by words. */
  diffWordChars: 32 * KiB,
  /** Characters of a finding's evidence. */
  evidenceChars: 400,
  /** Depth to which parameters and tool schemas are compared member by member. */
  diffDepthCount: 16,
} as const;
