/**
 * Ends the spool's segment soon after what it holds was filed, so that it can be removed: bodies
 * before redaction stay on the disk for a second, not until 16 MiB more have come.
 *
 * Invariant: at most one new segment in LIMITS.spoolRenewMs for that; none while nothing is filed.
 */
import { performance } from "node:perf_hooks";
import { LIMITS } from "../../record/limits.ts";
import type { SpoolWriter } from "./writer.ts";

export class SpoolRenewal {
  readonly #spool: Pick<SpoolWriter, "segment" | "renew">;
  readonly #ended: () => void;
  #timer: NodeJS.Timeout | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  /** `ended` is told of every segment that was ended: it can be removed now. */
  constructor(spool: Pick<SpoolWriter, "segment" | "renew">, ended: () => void) {
    this.#spool = spool;
    this.#ended = ended;
  }

  /** Bytes in this segment are filed. */
  filed(segment: number): void {
    if (this.#timer !== null) return;
    const ms = Math.max(0, this.#renewedAt + LIMITS.spoolRenewMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#renewedAt = performance.now();
      if (segment === this.#spool.segment) this.#spool.renew();
      this.#ended();
    }, ms);
  }

  /** No segment is ended any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
