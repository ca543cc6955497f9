/**
 * Searching in the browser: newest day first, one small file a day and word, until a page of
 * results is full or the next day would cost more than was agreed to.
 */
import { fetchChunk } from "./chunk.ts";
import { shardOf, termsOf } from "./tokens.ts";
import { visible } from "./visible.ts";

type Segment = [number: string, day: string, documents: number, shards: number, bytes: number];
type Found = [string, string, string, number, string, string | null, string | null];

/** Results and bytes after which the reader is asked before more is fetched. */
const RESULTS = 20;
const BUDGET_BYTES = 40_000;
const ROWS_PER_FILE = 50;

const form = document.querySelector<HTMLFormElement>("[data-search]");
const status = document.querySelector<HTMLElement>("[data-status]");
const list = document.querySelector<HTMLElement>("[data-results]");
const further = document.querySelector<HTMLButtonElement>("[data-further]");

interface Search {
  readonly terms: readonly string[];
  next: number;
  bytes: number;
  found: number;
}

let segments: Segment[] | null = null;
let search: Search | null = null;

if (form) {
  const words = form.elements.namedItem("q") as HTMLInputElement;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", `?q=${encodeURIComponent(words.value)}`);
    void begin(words.value);
  });
  further?.addEventListener("click", () => void go());
  words.value = new URLSearchParams(location.search).get("q") ?? "";
  if (words.value) void begin(words.value);
  else words.focus();
}

async function begin(query: string): Promise<void> {
  list?.replaceChildren();
  search = { terms: termsOf(query, 8), next: 0, bytes: 0, found: 0 };
  await go();
}

async function go(): Promise<void> {
  const now = search;
  if (!now || !form || now.terms.length === 0) return;
  if (further) further.hidden = true;
  const budget = now.bytes + BUDGET_BYTES;
  const wanted = now.found + RESULTS;
  try {
    if (!segments) {
      const { value, bytes } = await fetchChunk<Segment[]>(`${form.dataset.index}index.bin`);
      segments = value;
      now.bytes += bytes;
    }
    while (
      search === now &&
      now.next < segments.length &&
      now.found < wanted &&
      now.bytes < budget
    ) {
      await searchDay(segments[now.next]!, now);
      now.next += 1;
      say(now);
    }
  } catch {
    if (status) status.textContent = form.dataset.failed ?? "";
    return;
  }
  say(now);
  const rest = segments
    .slice(now.next)
    .reduce((sum, segment) => sum + segment[4] * now.terms.length, 0);
  if (further && now.next < segments.length) {
    further.hidden = false;
    further.textContent = (form.dataset.more ?? "").replace(
      "{n}",
      sizeOf(Math.min(rest, BUDGET_BYTES)),
    );
  }
}

async function searchDay([number, day, , shards]: Segment, now: Search): Promise<void> {
  const folder = `${form?.dataset.index}${encodeURIComponent(number)}/${day}/`;
  let hits: Set<number> | null = null;
  for (const term of now.terms) {
    const { value, bytes } = await fetchChunk<Record<string, number[]>>(
      `${folder}${shardOf(term, shards)}.bin`,
    );
    now.bytes += bytes;
    const positions = new Set<number>();
    let at = 0;
    for (const step of Object.hasOwn(value, term) ? value[term]! : []) {
      at += step;
      positions.add(at);
    }
    hits = hits ? new Set([...hits].filter((position) => positions.has(position))) : positions;
    if (hits.size === 0) return;
  }
  const newest = [...(hits ?? [])].sort((a, b) => b - a);
  now.found += newest.length;
  const shown = newest.slice(0, RESULTS);
  for (const file of new Set(shown.map((position) => Math.floor(position / ROWS_PER_FILE)))) {
    const { value, bytes } = await fetchChunk<Found[]>(`${folder}d${file}.bin`);
    now.bytes += bytes;
    for (const position of shown) {
      if (Math.floor(position / ROWS_PER_FILE) === file)
        show(value[position % ROWS_PER_FILE]!, number);
    }
  }
}

function show(
  [id, started, conversation, page, words, model, client]: Found,
  number: string,
): void {
  const item = document.createElement("li");
  item.dataset.key = "";
  const time = element("time", "time", started.slice(0, 10));
  const who = element("p", "who", "");
  who.append(
    element("span", "spine", number),
    element("span", "", [client, model].filter(Boolean).join(" · ")),
  );
  const link = element("a", "words", visible(words) || id) as HTMLAnchorElement;
  link.href = `${form?.dataset.base}c/${conversation}/${page > 1 ? `${page}/` : ""}#x${id}`;
  item.append(time, who, link);
  list?.append(item);
}

function say(now: Search): void {
  if (!status || !form) return;
  const found =
    now.found === 0
      ? (form.dataset.none ?? "")
      : (form.dataset.found ?? "").replace("{n}", String(now.found));
  status.textContent = `${found} (${(form.dataset.cost ?? "").replace("{n}", sizeOf(now.bytes))})`;
}

function element(name: string, className: string, text: string): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${Math.round(bytes / 102.4) / 10} KB`;
}
