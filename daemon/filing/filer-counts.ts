/** What a filer has done since it began. */
import type { ExchangeLine } from "../../record/format/schema.ts";

export class FilerCounts {
  readonly all = { filed: 0, interrupted: 0, partial: 0, poisoned: 0, lost: 0, redactions: 0 };

  /** This exchange is in the tree. */
  add({ redactions, request, response, outcome }: ExchangeLine): void {
    this.all.filed++;
    for (const { count } of redactions ?? []) this.all.redactions += count;
    if (request.omitted || response?.omitted) this.all.partial++;
    if (outcome === "interrupted") this.all.interrupted++;
  }
}
