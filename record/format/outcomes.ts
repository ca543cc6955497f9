/** How an exchange can have ended; docs/format.md says what each means. */
export const OUTCOMES = [
  "complete",
  "client_aborted",
  "upstream_aborted",
  "upstream_error",
  "timeout",
  "shutdown",
  "interrupted",
  "rejected",
] as const;
