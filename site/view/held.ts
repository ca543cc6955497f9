/** Why a conversation is not shown: what looks like a credential in its captures. */
export interface HeldNote {
  /** Path below the captures folder. */
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  /** The first characters of what was found. */
  readonly preview: string;
  /** What `scan --allow` takes. */
  readonly fingerprint: string;
}
