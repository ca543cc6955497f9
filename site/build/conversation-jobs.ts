/**
 * The pages of the conversations that were seen on the dirty days. A page's view is read from the
 * captures when its turn comes; until then a job holds ids.
 */
import { join } from "node:path";
import { sideOf } from "../../record/diff.ts";
import { LIMITS } from "../../record/limits.ts";
import { diffOf } from "../digest/diff-of.ts";
import { type Talk, type TalkTurn, talkOf } from "../digest/talk.ts";
import type { ConversationView, MapRow } from "../view/conversation.ts";
import type { Title } from "../view/home.ts";
import type { TextLimits } from "../view/messages.ts";
import { addRow, emptyTotals, type Totals } from "../view/totals.ts";
import { kindOfTurn, turnView } from "../view/turn.ts";
import { chunkBytes, chunkPath } from "./chunks.ts";
import { remove } from "./files.ts";
import { dropBeyond, languageFolders } from "./folders.ts";
import type { PageJob } from "./page-job.ts";
import { type PageInputs, type TalkInputs, titleOf, titlesOf, trailOf } from "./pages.ts";
import { Rests } from "./rests.ts";

export function* conversationJobs(
  inputs: PageInputs,
  titles: readonly Title[],
): Generator<PageJob> {
  let n = 0;
  for (const conversation of dirtyConversations(inputs)) {
    n += 1;
    if (n % inputs.share.of !== inputs.share.index) continue;
    const talk = talkOf(inputs.digests, conversation);
    if (talk) yield* jobsOf(inputs, titles, talk);
    else dropTalk(inputs, conversation);
  }
}

/** The pages of these conversations. */
export function* talkJobs(
  inputs: TalkInputs,
  conversations: readonly string[],
): Generator<PageJob> {
  const titles = titlesOf(inputs);
  for (const conversation of conversations) {
    const talk = talkOf(inputs.digests, conversation);
    if (talk) yield* jobsOf(inputs, titles, talk);
  }
}

function dirtyConversations({ digests, dirty, changed, done }: PageInputs): Set<string> {
  const found = new Set(changed);
  for (const at of dirty.again) {
    for (const conversation of digests.placesOf(at).keys()) found.add(conversation);
  }
  for (const conversation of done) found.delete(conversation);
  return found;
}

function* jobsOf(inputs: TalkInputs, titles: readonly Title[], talk: Talk): Generator<PageJob> {
  const pages = pagesOf(talk);
  dropPages(inputs, talk.id, { pages, rests: talk.held.length > 0 ? 0 : pages });
  for (let page = 1; page <= pages; page += 1) {
    yield {
      kind: "conversation",
      path: `c/${talk.id}/${page === 1 ? "" : `${page}/`}`,
      params: { id: talk.id, page: page === 1 ? undefined : String(page) },
      view: () => conversationView(inputs, titles, talk, page),
    };
  }
}

/** All of a conversation on one page, whatever its length; null where it is not known. */
export function wholeConversationJob(inputs: TalkInputs, id: string): PageJob | null {
  const talk = talkOf(inputs.digests, id);
  if (!talk) return null;
  const whole = { ...talk, turns: talk.turns.map((turn) => ({ ...turn, page: 1 })) };
  return {
    kind: "conversation",
    path: `c/${id}/`,
    params: { id, page: undefined },
    view: () => conversationView(inputs, titlesOf(inputs), whole, 1, WHOLE),
  };
}

/** Removes pages that a conversation had and has no more. */
function dropPages(
  { out, languages }: TalkInputs,
  id: string,
  most: { readonly pages: number; readonly rests: number },
): void {
  for (const folder of languageFolders({ languages }))
    dropBeyond(join(out, folder, "c", id), most.pages);
  dropBeyond(join(out, "_rest", id), most.rests);
}

function dropTalk({ out, languages }: TalkInputs, id: string): void {
  for (const folder of languageFolders({ languages })) remove(join(out, folder, "c", id));
  remove(join(out, "_rest", id));
}

function pagesOf({ turns }: Talk): number {
  return turns.reduce((most, { page }) => Math.max(most, page), 1);
}

/** A file of its own can fetch nothing: it holds long texts whole. */
const WHOLE: TextLimits = {
  pieceChars: LIMITS.siteRawBytes,
  depth: LIMITS.siteJsonDepth,
  whole: true,
};

function conversationView(
  inputs: TalkInputs,
  titles: readonly Title[],
  talk: Talk,
  page: number,
  whole: TextLimits | null = null,
): ConversationView {
  const rests = new Rests(`_rest/${talk.id}/${page}.bin`);
  const limits = whole ?? {
    pieceChars: LIMITS.siteTextChars,
    depth: LIMITS.siteJsonDepth,
    keep: rests.keep,
  };
  if (talk.held.length > 0) return heldView(titles, talk);
  const { source } = inputs;
  const { turns } = talk;
  const positions = new Map(turns.map(({ step }, index) => [step.exchange, index]));
  const bytesOf = sizes(inputs);
  const read = ({ number, day, step }: TalkTurn) => source.view({ number, day, id: step.exchange });
  const first = turns[0]!;
  const shown = turns
    .map((turn, index) => ({ turn, n: index + 1 }))
    .filter(({ turn }) => turn.page === page)
    .map(({ turn, n }) => {
      const { step, row, findings } = turn;
      const parent = step.parent === null ? undefined : positions.get(step.parent);
      const before = parent === undefined ? null : read(turns[parent]!);
      const view = read(turn);
      const place = {
        n,
        step,
        lane: step.thread,
        parent: parent === undefined ? null : parent + 1,
        row,
        findings,
        chunk: chunkOf(turn, bytesOf),
        compareBytes: parent === undefined ? null : compareBytes(turns[parent]!, turn, bytesOf),
      };
      return turnView(
        view,
        before,
        before ? diffOf(sideOf(before), sideOf(view)) : null,
        place,
        limits,
      );
    });
  const { number } = first;
  return {
    kind: "conversation",
    held: [],
    id: talk.id,
    words: first.row.words,
    number,
    trail: [...trailOf(titles, number), { number, title: titleOf(titles, number) }],
    day: first.day,
    started: first.row.started,
    page,
    pages: pagesOf(talk),
    turnsAll: turns.length,
    lanes: talk.conversation.threads.length,
    map: mapOf(talk),
    findings: turns.flatMap(({ findings }, index) =>
      findings.map(({ rule, severity, text, exchange, anchor, page: on }) => ({
        ...{ rule, severity, text, exchange, anchor },
        page: on,
        turn: index + 1,
      })),
    ),
    turns: shown,
    totals: totalsOf(turns),
    rests: rests.write(inputs.out),
  };
}

/** Figures alone, and why. */
function heldView(titles: readonly Title[], { id, turns, held }: Talk): ConversationView {
  const { number, day, row } = turns[0]!;
  return {
    kind: "conversation",
    held,
    id,
    words: "",
    number,
    trail: [...trailOf(titles, number), { number, title: titleOf(titles, number) }],
    day,
    started: row.started,
    page: 1,
    pages: 1,
    turnsAll: turns.length,
    lanes: 1,
    map: [],
    findings: [],
    turns: [],
    totals: totalsOf(turns),
    rests: null,
  };
}

type SizeOf = (path: string) => number | null;

/** Sizes of chunks, each looked up once: a page names the same few again and again. */
function sizes({ out }: TalkInputs): SizeOf {
  const known = new Map<string, number | null>();
  return (path) => {
    let bytes = known.get(path);
    if (bytes === undefined) {
      bytes = chunkBytes(out, path);
      known.set(path, bytes);
    }
    return bytes;
  };
}

function chunkOf({ number, day, row }: TalkTurn, bytesOf: SizeOf) {
  const path = chunkPath("_raw", { number, day }, row.position);
  const bytes = bytesOf(path);
  return bytes === null ? null : { path, bytes };
}

/** Both sides of the comparison, once where one file holds them. */
function compareBytes(before: TalkTurn, turn: TalkTurn, bytesOf: SizeOf): number | null {
  const paths = new Set(
    [before, turn].map(({ number, day, row }) => chunkPath("_said", { number, day }, row.position)),
  );
  let bytes = 0;
  for (const path of paths) {
    const size = bytesOf(path);
    if (size === null) return null;
    bytes += size;
  }
  return bytes;
}

function mapOf({ turns }: Talk): MapRow[] {
  const lanes = new Map(turns.map(({ step }) => [step.exchange, step.thread]));
  return turns.map(({ step, row, findings, page }, index) => ({
    id: step.exchange,
    n: index + 1,
    lane: step.thread,
    parentLane: step.parent === null ? null : (lanes.get(step.parent) ?? null),
    kind: kindOfTurn(step),
    ok: row.ok,
    flagged: findings.length > 0,
    words: row.words,
    page,
  }));
}

function totalsOf(turns: readonly TalkTurn[]): Totals {
  const totals = emptyTotals();
  for (const { row } of turns) addRow(totals, row);
  return totals;
}
