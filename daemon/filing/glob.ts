/**
 * Globs of filing rules: `*` stands for any text, `?` for one character, all else for itself.
 * Pure. Linear in the text for each star: no pattern of a configuration can make it hang.
 */

/** True where the whole of `text` fits; capitals do not matter. */
export function globMatches(glob: string, text: string): boolean {
  const pattern = glob.toLowerCase();
  const value = text.toLowerCase();
  let p = 0;
  let v = 0;
  let star = -1;
  let resume = 0;
  while (v < value.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = v;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === value[v])) {
      p++;
      v++;
    } else if (star >= 0) {
      p = star + 1;
      v = ++resume;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
