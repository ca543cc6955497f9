/**
 * Compares any two calls in the browser: tools, system prompt and messages by identity first, then
 * by words; names the first divergence. The two are named in the address (`#left..right`).
 */
import { fetchChunk } from "./chunk.ts";
import { visible } from "./visible.ts";
import { wordDiff } from "./word-diff.ts";

interface Said {
  readonly started: string;
  readonly model: string | null;
  readonly input: number | null;
  readonly cached: number | null;
  readonly messages: [role: string, text: number][];
  readonly tools: [name: string, text: number][];
  readonly params: [name: string, json: string][];
}
interface SaidChunk {
  readonly texts: string[];
  readonly x: Record<string, Said>;
}
interface Side {
  readonly id: string;
  readonly said: Said;
  readonly texts: string[];
}
type Segment = [number: string, day: string, ...unknown[]];
type Entry = [role: string, text: string];

const form = document.querySelector<HTMLFormElement>("[data-diff-form]");
const status = document.querySelector<HTMLElement>("[data-status]");
const result = document.querySelector<HTMLElement>("[data-result]");
const words: Record<string, string> = JSON.parse(result?.dataset.words ?? "{}");

if (form) {
  const left = form.elements.namedItem("left") as HTMLInputElement;
  const right = form.elements.namedItem("right") as HTMLInputElement;
  const fromAddress = () => {
    const match = /^#([^.]+)\.\.(.+)$/.exec(decodeURIComponent(location.hash));
    if (!match) return;
    left.value = match[1]!;
    right.value = match[2]!;
    void compare(left.value, right.value);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `${left.value.trim()}..${right.value.trim()}`;
  });
  addEventListener("hashchange", fromAddress);
  fromAddress();
}

async function compare(a: string, b: string): Promise<void> {
  result?.replaceChildren();
  say("…");
  try {
    const days = (await fetchChunk<Segment[]>(`${form?.dataset.root}_search/index.bin`)).value;
    const left = await find(a, days);
    const right = await find(b, days);
    if (!left || !right) {
      say(`${words.none} ${left ? b : a}`);
      return;
    }
    say("");
    show(left, right);
  } catch {
    say(words.failed ?? "");
  }
}

/** A ULID begins with its time: the day is known, the streams of that day are looked through. */
async function find(prefix: string, days: readonly Segment[]): Promise<Side | null> {
  const wanted = prefix.trim().toUpperCase();
  const day = dayOf(wanted);
  for (const [number, its] of days) {
    if (its !== day) continue;
    const folder = `${form?.dataset.root}_said/${encodeURIComponent(number)}/${its}/`;
    const firsts = (await fetchChunk<string[]>(`${folder}ids.bin`)).value;
    const after = firsts.findIndex((first) => first.slice(0, wanted.length) > wanted);
    const chunk = (after === -1 ? firsts.length : after) - 1;
    if (chunk < 0) continue;
    const { value } = await fetchChunk<SaidChunk>(`${folder}${chunk}.bin`);
    const id = Object.keys(value.x).find((candidate) => candidate.startsWith(wanted));
    if (id) return { id, said: value.x[id]!, texts: value.texts };
  }
  return null;
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function dayOf(ulid: string): string | null {
  if (ulid.length < 10) return null;
  let ms = 0;
  for (const char of ulid.slice(0, 10)) ms = ms * 32 + ALPHABET.indexOf(char);
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 10);
}

function show(left: Side, right: Side): void {
  const before = entriesOf(left);
  const after = entriesOf(right);
  let same = 0;
  while (same < before.length && same < after.length && isSame(before[same]!, after[same]!))
    same += 1;
  result?.append(headOf(left, right));
  if (same === before.length && same === after.length) result?.append(paragraph(words.same));
  else if (same < before.length) {
    const lost = before.slice(same).reduce((sum, [, text]) => sum + text.length / 4, 0);
    const [role] = before[same]!;
    const position = role === "tools" ? same : same - left.said.tools.length;
    const place = `${words.divergence}${words.colon}${words[role] ?? role} ${position + 1}${words.stop}`;
    result?.append(
      paragraph(`${place}${(words.lost ?? "").replace("{n}", String(Math.round(lost)))}`),
    );
  }
  const { input, cached } = right.said;
  if (input !== null && cached !== null) {
    const read = (words.read ?? "").replace("{cached}", String(cached));
    result?.append(paragraph(read.replace("{input}", String(input))));
  }
  showParams(left, right);
  const messages = same - Math.min(same, left.said.tools.length);
  if (messages > 0)
    result?.append(
      paragraph((words.unchanged ?? "").replace("{n}", String(messages)), "small soft"),
    );
  const rest = pairs(before.slice(same), after.slice(same));
  for (const [a, b] of rest) result?.append(changeOf(a, b));
}

/** In the order in which providers read a prompt: tools, then messages. */
function entriesOf({ said, texts }: Side): Entry[] {
  const tools = said.tools.map(([name, text]): Entry => ["tools", `${name}\n${texts[text] ?? ""}`]);
  return [...tools, ...said.messages.map(([role, text]): Entry => [role, texts[text] ?? ""])];
}

const isSame = (a: Entry, b: Entry) => a[0] === b[0] && a[1] === b[1];

/** Equal entries are left out; others of one role in one place are one rewritten entry. */
function pairs(before: readonly Entry[], after: readonly Entry[]): [Entry | null, Entry | null][] {
  const out: [Entry | null, Entry | null][] = [];
  const rest = [...after];
  for (const entry of before) {
    const at = rest.findIndex((other) => isSame(entry, other));
    if (at >= 0) {
      for (const other of rest.splice(0, at)) out.push([null, other]);
      rest.shift();
    } else if (rest[0]?.[0] === entry[0] && !before.some((other) => isSame(other, rest[0]!))) {
      out.push([entry, rest.shift()!]);
    } else out.push([entry, null]);
  }
  for (const other of rest) out.push([null, other]);
  return out;
}

function changeOf(a: Entry | null, b: Entry | null): HTMLElement {
  const box = document.createElement("div");
  box.className = `change ${a && b ? "" : a ? "gone" : "new"}`;
  const role = (a ?? b)![0];
  const what = a && b ? words.rewritten : a ? words.onlyLeft : words.onlyRight;
  const head = document.createElement("h3");
  head.textContent = `${words[role] ?? role}${words.colon}${what}`;
  const text = document.createElement("div");
  text.className = "prose small";
  if (!a || !b) text.textContent = visible((a ?? b)![1]);
  // Only what stands on both sides has words to compare.
  for (const { op, text: run } of a && b ? wordDiff(a[1], b[1]) : []) {
    const part = document.createElement(op === "same" ? "span" : op === "add" ? "ins" : "del");
    part.textContent = visible(
      op === "same" && run.length > 400
        ? `${run.slice(0, 200).replace(/\S*$/, "")}…${run.slice(-200).replace(/^\S*/, "")}`
        : run,
    );
    text.append(part);
  }
  box.append(head, text);
  return box;
}

function showParams(left: Side, right: Side): void {
  const before = new Map([["model", left.said.model ?? ""], ...left.said.params]);
  const after = new Map([["model", right.said.model ?? ""], ...right.said.params]);
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) === after.get(name)) continue;
    result?.append(
      changeOf([`${words.params}: ${name}`, before.get(name) ?? ""], [name, after.get(name) ?? ""]),
    );
  }
}

function headOf(left: Side, right: Side): HTMLElement {
  const list = document.createElement("p");
  list.className = "small mono";
  list.textContent = `${left.id} (${left.said.started.slice(0, 19)}) → ${right.id} (${right.said.started.slice(0, 19)})`;
  return list;
}

function paragraph(text: string | undefined, className = ""): HTMLElement {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = text ?? "";
  return made;
}

function say(text: string): void {
  if (status) status.textContent = text;
}
