/** What a failure to write to the tree means. Pure. */

/** Something that is no folder or file stands where one belongs. */
export function isRefused(error: unknown): boolean {
  return (error as { code?: string }).code === "tree-refused";
}

const NO_MEMORY = new Set([
  "ERR_MEMORY_ALLOCATION_FAILED",
  "ERR_ZLIB_INITIALIZATION_FAILED",
  "Z_MEM_ERROR",
]);

/** The system has no memory to give at the moment: nothing that the exchange is to blame for. */
export function isMemoryTrouble(error: unknown): boolean {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === "RangeError" && /allocation failed/i.test(message)) return true;
  return NO_MEMORY.has(code ?? "");
}

/** What the operating system refuses may be granted later; so may a place that is taken. */
export function isTrouble(error: unknown): boolean {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return (
    isRefused(error) ||
    isMemoryTrouble(error) ||
    syscall !== undefined ||
    /^E[A-Z]+$/.test(code ?? "")
  );
}
