/**
 * The pages of the conversations that were seen on the dirty days. A page's view is read from the
 * captures when its turn comes; until then a job holds ids.
 */
import { diffRequests, sideOf } from "../../record/diff.ts";
import { LIMITS } from "../../record/limits.ts";
import { type Talk, type TalkTurn, talkOf } from "../digest/talk.ts";
import type { ConversationView, MapRow } from "../view/conversation.ts";
import type { Title } from "../view/home.ts";
import type { Row } from "../view/rows.ts";
import { kindOfTurn, turnView } from "../view/turn.ts";
import { chunkBytes, chunkPath } from "./chunks.ts";
import type { PageJob } from "./page-job.ts";
import { type PageInputs, titleOf, titlesOf, trailOf } from "./pages.ts";

const LIMIT = { pieceChars: LIMITS.siteTextChars, depth: LIMITS.siteJsonDepth };

export function* conversationJobs(
  inputs: PageInputs,
  titles: readonly Title[],
): Generator<PageJob> {
  const done = new Set<string>();
  for (const { number, day } of inputs.dirty.dirty) {
    for (const { conversation } of inputs.digests.get({ number, day })?.placed ?? []) {
      if (done.has(conversation)) continue;
      done.add(conversation);
      const talk = talkOf(inputs.digests, conversation);
      if (talk) yield* jobsOf(inputs, titles, talk);
    }
  }
}

function* jobsOf(inputs: PageInputs, titles: readonly Title[], talk: Talk): Generator<PageJob> {
  const pages = pagesOf(talk);
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
export function wholeConversationJob(inputs: PageInputs, id: string): PageJob | null {
  const talk = talkOf(inputs.digests, id);
  if (!talk) return null;
  const whole = { ...talk, turns: talk.turns.map((turn) => ({ ...turn, page: 1 })) };
  return {
    kind: "conversation",
    path: `c/${id}/`,
    params: { id, page: undefined },
    view: () => conversationView(inputs, titlesOf(inputs.tree), whole, 1),
  };
}

function pagesOf({ turns }: Talk): number {
  return turns.reduce((most, { page }) => Math.max(most, page), 1);
}

function conversationView(
  inputs: PageInputs,
  titles: readonly Title[],
  talk: Talk,
  page: number,
): ConversationView {
  const { source } = inputs;
  const { turns } = talk;
  const positions = new Map(turns.map(({ step }, index) => [step.exchange, index]));
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
        chunk: chunkOf(inputs, turn),
      };
      return turnView(
        view,
        before,
        before ? diffRequests(sideOf(before), sideOf(view)) : null,
        place,
        LIMIT,
      );
    });
  const { number } = first;
  return {
    kind: "conversation",
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
      findings.map(({ rule, severity, text, exchange, page: on }) => ({
        ...{ rule, severity, text, exchange },
        page: on,
        n: index + 1,
      })),
    ),
    turns: shown,
    totals: {
      input: sum(turns, (row) => row.input),
      cached: sum(turns, (row) => row.cached),
      output: sum(turns, (row) => row.output),
      cost: sum(turns, (row) => row.cost),
      errors: turns.filter(({ row }) => !row.ok).length,
    },
  };
}

function chunkOf({ out }: PageInputs, { number, day, row }: TalkTurn) {
  const path = chunkPath("_raw", { number, day }, row.position);
  const bytes = chunkBytes(out, path);
  return bytes === null ? null : { path, bytes };
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

function sum(turns: readonly TalkTurn[], figure: (row: Row) => number | null): number {
  return turns.reduce((total, { row }) => total + (figure(row) ?? 0), 0);
}
