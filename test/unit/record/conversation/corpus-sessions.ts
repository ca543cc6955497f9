/** Reads the recorded agent sessions that tests may find beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { constants, zstdDecompressSync } from "node:zlib";

const folder = new URL("../../../../../shared/corpus/sessions/", import.meta.url);

export const sessionsSkipped = existsSync(folder)
  ? false
  : "the corpus of recorded sessions does not lie beside this checkout";

/** Request bodies of one session, turn by turn. */
export function sessionBodies(name: string): { bodies: Record<string, unknown>[]; bytes: number } {
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const text = zstdDecompressSync(readFileSync(new URL(`${name}.jsonl.zst`, folder)), { params });
  const lines = text.toString("utf8").trimEnd().split("\n");
  return { bodies: lines.map((line) => JSON.parse(line)), bytes: text.length };
}

/** Dialect of each session and what a careful reader counts in it. */
export const SESSIONS = [
  { name: "openhands-1", api: "openai.chat", exchanges: 33 },
  { name: "openhands-2", api: "openai.chat", exchanges: 49 },
  { name: "tau-52", api: "openai.chat", exchanges: 30 },
  { name: "swe-marshmallow", api: "openai.chat", exchanges: 13 },
  { name: "pi-large-session", api: "anthropic.messages", exchanges: 453 },
];
