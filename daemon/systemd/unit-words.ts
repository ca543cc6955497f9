/**
 * How a path is written into a unit file, so that systemd reads the same path again: systemd.syntax(7),
 * systemd.unit(5) "Specifiers", systemd.service(5) "Command lines".
 *
 * Invariants: for every path that isWritable lets pass, what systemd makes of the text is the path.
 */

/** In a list of paths or assignments (`ReadWritePaths=`, `Environment=`): quotes and `%`. */
export function word(text: string): string {
  const plain = text.replaceAll("%", "%%");
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

/** A word of `ExecStart=`, where `$` begins a variable as well. */
export function commandWord(text: string): string {
  return word(text.replaceAll("$", "$$$$"));
}

/** The whole value of a setting that takes one path (`WorkingDirectory=`, `PathModified=`). */
export function value(text: string): string {
  return text.replaceAll("%", "%%");
}

/** Whether a unit can name this path at all: no control characters, no space or `\` at an end. */
export function isWritable(path: string): boolean {
  return !/[\u0000-\u001f\u007f]/.test(path) && !/^\s|[\s\\]$/.test(path);
}
