/** What a failure to write to the tree means. Pure. */

/** Something that is no folder or file stands where one belongs. */
export function isRefused(error: unknown): boolean {
  return (error as { code?: string }).code === "tree-refused";
}

/** What the operating system refuses may be granted later; so may a place that is taken. */
export function isDiskTrouble(error: NodeJS.ErrnoException): boolean {
  return isRefused(error) || error.syscall !== undefined || /^E[A-Z]+$/.test(error.code ?? "");
}
