/**
 * What stands out in one turn. The rules are those of record/findings; where it has none yet, nothing
 * stands out.
 */
import type { Placement } from "../../record/conversation/model.ts";
import type { Finding } from "../../record/findings/model.ts";
import type { ExchangeAddress, ExchangeSource } from "./exchange-source.ts";
import type { AddressBook } from "./make-digest.ts";

export interface FindingInputs {
  readonly source: ExchangeSource;
  readonly here: ExchangeAddress;
  readonly placement: Placement;
  readonly addresses: AddressBook;
  readonly conversation: string;
}
export function findingsOf(_inputs: FindingInputs): Finding[] {
  return [];
}
