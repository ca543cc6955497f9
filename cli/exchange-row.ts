/** One exchange as one line for a terminal: what `ls` and `tail` print. Times are UTC and say so. */
import type { ExchangeLine } from "../record/format/schema.ts";
import { oneLine } from "./printable.ts";

/** `01K…  11.11  2026-11-23 16:03:22Z  200 complete  claude-code  model  in (cached) / out  cost  time` */
export function exchangeRow(x: ExchangeLine, number: string): string {
  const status = x.response?.status ?? "—";
  const model = x.llm?.model ?? `${x.request.method} ${x.request.url}`;
  const served = x.llm?.served_model;
  const other = served && served !== x.llm?.model ? ` → ${served}` : "";
  return [
    x.id,
    number.padEnd(5),
    `${x.started.slice(0, 19).replace("T", " ")}Z`,
    `${status} ${x.outcome}`.padEnd(16),
    oneLine(x.client.name ?? "—", 24).padEnd(11),
    tokensOf(x).padEnd(22),
    durationOf(x).padStart(8),
    oneLine(`${model}${other}`, 60),
  ].join("  ");
}

/** `1234 (1000) / 56 $0.0021`; empty where nothing is known. */
function tokensOf({ llm }: ExchangeLine): string {
  const usage = llm?.usage;
  if (!usage) return "";
  const cached = usage.cache_read_input_tokens;
  const cost = llm.cost_usd === null ? "" : ` $${llm.cost_usd.toFixed(4)}`;
  return `${usage.input_tokens ?? "?"}${cached ? ` (${cached})` : ""} / ${usage.output_tokens ?? "?"}${cost}`;
}

function durationOf({ timing }: ExchangeLine): string {
  const ms = timing.total_ms;
  if (ms === null || ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
