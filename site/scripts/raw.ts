/**
 * The raw bytes of an exchange, put together from its chunk: shown as text or hex, downloaded,
 * copied. Everything is set as text; nothing captured becomes markup.
 */
import { fetchChunk } from "./chunk.ts";

type Piece = string | number | { b64: string } | { part: number; insert: [number, string][] };

interface RawChunk {
  readonly parts: Piece[];
  readonly x: Record<string, { q: Piece[] | null; r: Piece[] | null; line: unknown }>;
}

const encoder = new TextEncoder();

/** Makes the buttons of every raw block work. */
export function startRaw(): void {
  for (const block of document.querySelectorAll<HTMLElement>("[data-raw]")) {
    for (const button of block.querySelectorAll("button")) button.hidden = false;
    block.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("button");
      if (!button) return;
      if (button.dataset.load) void show(block, button.dataset.load as "request" | "response");
      if (button.dataset.copy) void copy(block, button, button.dataset.copy);
    });
  }
}

/** What buttons and notes say: it stands once on the page. */
function wordsOf(block: HTMLElement): DOMStringMap {
  return block.closest<HTMLElement>("[data-failed]")?.dataset ?? {};
}

async function show(block: HTMLElement, side: "request" | "response"): Promise<void> {
  const bytes = await bytesOf(block, side);
  if (!bytes) return;
  block.querySelector(".shown")?.remove();
  const shown = document.createElement("div");
  shown.className = "stack shown";
  const bar = document.createElement("p");
  bar.className = "actions";
  const pre = document.createElement("pre");
  pre.className = "raw";
  pre.tabIndex = 0;
  const asText = () => {
    pre.textContent = new TextDecoder().decode(bytes);
  };
  const asHex = () => {
    pre.textContent = hexOf(bytes);
  };
  const download = document.createElement("a");
  download.className = "button";
  download.textContent = wordsOf(block).download ?? "";
  download.download = `${block.dataset.raw}-${side}.bin`;
  download.href = URL.createObjectURL(new Blob([bytes as BlobPart]));
  bar.append(
    buttonFor(wordsOf(block).text, asText),
    buttonFor(wordsOf(block).hex, asHex),
    download,
  );
  shown.append(bar, pre);
  block.append(shown);
  asText();
  pre.focus();
}

async function copy(block: HTMLElement, button: HTMLButtonElement, what: string): Promise<void> {
  let text: string | null = null;
  if (what === "curl")
    text = block.parentElement?.querySelector("[data-curl]")?.textContent ?? null;
  else {
    const chunk = await chunkOf(block);
    const entry = chunk?.x[block.dataset.raw ?? ""];
    const request = await bytesOf(block, "request");
    const response = await bytesOf(block, "response");
    if (entry) {
      const decoded = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
      text = JSON.stringify(
        {
          ...(entry.line as object),
          requestBody: decoded(request),
          responseBody: decoded(response),
        },
        null,
        2,
      );
    }
  }
  if (text === null) return;
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = wordsOf(block).copied ?? "";
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

async function chunkOf(block: HTMLElement): Promise<RawChunk | null> {
  try {
    const chunk = await fetchOnce(block.dataset.chunk ?? "");
    // What is here costs nothing more.
    for (const size of block.querySelectorAll("[data-size]")) size.remove();
    return chunk;
  } catch {
    if (!block.querySelector(".failed")) {
      const note = document.createElement("p");
      note.className = "failed small";
      note.role = "status";
      note.textContent = wordsOf(block).failed ?? "";
      block.append(note);
    }
    return null;
  }
}

const fetched = new Map<string, Promise<RawChunk>>();

/** One chunk holds many turns: it is fetched once a page; after a failure it may be tried again. */
function fetchOnce(address: string): Promise<RawChunk> {
  const known = fetched.get(address);
  if (known) return known;
  const chunk = fetchChunk<RawChunk>(address).then(({ value }) => value);
  fetched.set(address, chunk);
  chunk.catch(() => fetched.delete(address));
  return chunk;
}

async function bytesOf(
  block: HTMLElement,
  side: "request" | "response",
): Promise<Uint8Array | null> {
  const chunk = await chunkOf(block);
  const entry = chunk?.x[block.dataset.raw ?? ""];
  const pieces = side === "request" ? entry?.q : entry?.r;
  if (!chunk || !pieces) return null;
  return joined(pieces.map((piece) => pieceBytes(piece, chunk)));
}

function pieceBytes(piece: Piece, chunk: RawChunk): Uint8Array {
  if (typeof piece === "string") return encoder.encode(piece);
  if (typeof piece === "number") return pieceBytes(chunk.parts[piece] ?? "", chunk);
  if ("b64" in piece) return Uint8Array.from(atob(piece.b64), (char) => char.charCodeAt(0));
  const part = pieceBytes(piece.part, chunk);
  const out: Uint8Array[] = [];
  let from = 0;
  for (const [offset, text] of piece.insert) {
    out.push(part.subarray(from, offset), encoder.encode(text));
    from = offset;
  }
  out.push(part.subarray(from));
  return joined(out);
}

function joined(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  const most = Math.min(bytes.length, 65_536);
  for (let at = 0; at < most; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row
      .map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."))
      .join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (most < bytes.length) lines.push("…");
  return lines.join("\n");
}

function buttonFor(label: string | undefined, run: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label ?? "";
  button.addEventListener("click", run);
  return button;
}
