/** What a record says of bodies that are left out of it: how large they were, and why. */
import { hash } from "node:crypto";
import type { ExchangeLine } from "../../record/format/schema.ts";
import type { Extents, SpoolBytes } from "../spool/extents.ts";
import type { SpooledExchange } from "./open-exchanges.ts";

/** Which bodies are left out of a record, and why. */
export interface Omission {
  readonly request: boolean;
  readonly response: boolean;
  readonly reason: string;
}

/** Where the bytes are, and up to which size a body is read at once. */
interface Wire {
  readonly bytes: SpoolBytes;
  readonly bodyLimitBytes: number;
}

/** As the error of a record whose call had none. */
export function omittedError(omission: Omission | null): { code: string; message: string } | null {
  if (omission === null) return null;
  const { request, response, reason } = omission;
  const one = request ? "the request body is" : "the response body is";
  const what = request && response ? "the bodies are" : one;
  return { code: "record-incomplete", message: `${what} left out: ${reason}` };
}

/** Notes size and digest of the bodies that are left out, where there were any. */
export function noteOmitted(
  line: ExchangeLine,
  x: SpooledExchange,
  wire: Wire,
  omission: Omission | null,
): void {
  if (omission === null) return;
  const { request, response, reason } = omission;
  if (request && x.request.bytes > 0) line.request.omitted = form(x.request, wire, reason);
  if (response && x.response.bytes > 0 && line.response !== null) {
    line.response.omitted = form(x.response, wire, reason);
  }
}

function form(extents: Extents, { bytes, bodyLimitBytes }: Wire, reason: string) {
  const known = { bytes: extents.bytes, reason };
  if (extents.bytes > bodyLimitBytes) return known;
  try {
    return { ...known, sha256: hash("sha256", bytes.read(extents), "hex") };
  } catch {
    // Gone from the spool, which is why it is left out.
    return known;
  }
}
