/**
 * Captured text on a terminal: hostile until shown as text. Escape sequences, other control
 * characters, bidi overrides and zero-width characters are written out as `\u{…}`, so that no
 * recorded byte can move the cursor, hide a line or change a title.
 */

const KEPT = /[^\t\n]/u;
const RISKY = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;
/** Format characters that ordinary text needs: joiners inside emoji and Indic scripts. */
const ORDINARY = new Set(["\u200d", "\u200c", "\ufeff"]);

/** The text with everything that a terminal would obey made visible; tab and LF stay. */
export function printable(text: string): string {
  return text.replace(RISKY, (character) => {
    if (!KEPT.test(character) || ORDINARY.has(character)) return character;
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** One line of at most `width` characters: white space folded, the cut marked with an ellipsis. */
export function oneLine(text: string, width: number): string {
  const folded = printable(
    text
      .slice(0, width * 8)
      .replace(/\s+/gu, " ")
      .trim(),
  );
  const characters = [...folded];
  return characters.length <= width ? folded : `${characters.slice(0, width - 1).join("")}…`;
}
