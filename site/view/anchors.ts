/**
 * Names of the places within a turn to which a finding can lead: a message, the tools, the
 * answer. They are appended to the turn's own: `#x01K…-m4`.
 *
 * What always holds: every anchor that is given out stands on the turn's page, on the message
 * itself or, where that was shown in an earlier turn, on the note that says so.
 */
import type { Evidence } from "../../record/findings/model.ts";

/** The place of the first evidence in the exchange itself; "" for its head, which names the model. */
export function anchorOf(exchange: string, evidence: readonly Evidence[]): string {
  const place = evidence.find((each) => each.place.exchange === exchange)?.place;
  if (!place) return "";
  switch (place.section) {
    case "tools":
    case "answer":
      return place.section;
    case "system":
    case "messages":
      return place.position === null ? "" : messageAnchor(place.position);
    default:
      return "";
  }
}

/** Of a message, by its position in the request. */
export function messageAnchor(position: number): string {
  return `m${position}`;
}
