/**
 * Findings: what a reader should look at, found by rules, without asking any model.
 *
 * What always holds: pure; each finding names its rule, its exchange and the very place of its
 * evidence; a conversation's findings are the same whenever they are computed. The rules are listed
 * in docs/findings.md (a test compares).
 */
import type { Placement } from "./conversation/model.ts";
import type { ExchangeView } from "./conversation/view.ts";
import { byStart } from "./conversation.ts";
import { diffRequests } from "./diff.ts";
import {
  emptyAnswer,
  failed,
  maxTokens,
  oddStop,
  otherModel,
  otherProvider,
  retryStorm,
} from "./findings/answer.ts";
import { cacheBroken, cacheMissed } from "./findings/cache.ts";
import { historyCut, systemChanged, toolSchemaChanged, toolsMissing } from "./findings/history.ts";
import type { Finding, Rule, Scene, TurnView } from "./findings/model.ts";
import { callUnanswered, readAgain } from "./findings/tool-use.ts";

/** All rules, in the order in which their findings are shown. */
export const RULES: readonly Rule[] = [
  failed,
  retryStorm,
  toolsMissing,
  otherModel,
  otherProvider,
  emptyAnswer,
  callUnanswered,
  systemChanged,
  toolSchemaChanged,
  historyCut,
  cacheBroken,
  cacheMissed,
  maxTokens,
  oddStop,
  readAgain,
];

/** An exchange as rules see it. */
export function turnOf(view: ExchangeView, placement: Placement): TurnView {
  const { line, request, answer, missing } = view;
  return {
    id: line.id,
    started: line.started,
    relation: placement.relation,
    outcome: line.outcome,
    status: line.response?.status ?? null,
    url: line.request.url,
    error: line.llm?.error ?? line.error?.message ?? null,
    llm: line.llm,
    request,
    answer,
    ...(missing === undefined ? {} : { missing }),
  };
}

/** What the rules see in one turn. */
export function findingsOf(scene: Scene): Finding[] {
  return RULES.flatMap((rule) =>
    rule.test(scene).map(({ text, evidence, severity }) => ({
      rule: rule.id,
      severity: severity ?? rule.severity,
      exchange: scene.turn.id,
      title: rule.title,
      text,
      evidence,
    })),
  );
}

/**
 * The scenes of a conversation, in order of time: each turn with the turn it follows, the line of
 * turns before that, its repeats and its diff. Turns whose placement is missing are left out.
 */
export function* scenesOf(
  views: Iterable<ExchangeView>,
  placements: Iterable<Placement>,
): Generator<Scene> {
  const placed = new Map([...placements].map((placement) => [placement.exchange, placement]));
  const seen = new Map<string, Scene>();
  const bodies = new Map<string, TurnView[]>();
  const inTime = [...views].sort((a, b) => byStart(a.line, b.line));
  for (const view of inTime) {
    const placement = placed.get(view.line.id);
    if (placement === undefined) continue;
    const turn = turnOf(view, placement);
    const parent = placement.parent === null ? undefined : seen.get(placement.parent);
    const body = view.line.request.body?.sha256 ?? "";
    const repeats = body === "" ? [] : (bodies.get(body) ?? []);
    bodies.set(body, [...repeats, turn]);
    const before = parent?.turn ?? null;
    const scene: Scene = {
      turn,
      before,
      past: parent === undefined ? [] : [...parent.past, parent.turn],
      repeats,
      diff: before === null ? null : diffRequests(before, turn),
    };
    seen.set(turn.id, scene);
    yield scene;
  }
}

/** All findings of a conversation, in order of time. */
export function findingsOfAll(
  views: Iterable<ExchangeView>,
  placements: Iterable<Placement>,
): Finding[] {
  return [...scenesOf(views, placements)].flatMap(findingsOf);
}
