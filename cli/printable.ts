/**
 * Captured text on a terminal: hostile until shown as text. Escape sequences, other control
 * characters, bidi overrides and zero-width characters are written out as `\u{…}`, so that no
 * recorded byte can move the cursor, hide a line or change a title.
 */

const RISKY = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;
/** Tab and LF, and format characters that ordinary text needs: joiners in emoji and Indic scripts. */
const ORDINARY = new Set(["\t", "\n", "\u200d", "\u200c", "\ufeff"]);

/** The text with everything that a terminal would obey made visible; tab and LF stay. */
export function printable(text: string): string {
  return text.replace(RISKY, (character) =>
    ORDINARY.has(character) ? character : escaped(character),
  );
}

/** JSON text with the same made visible by JSON's own escapes: it parses to what it was. */
export function jsonSafe(json: string): string {
  return json.replace(RISKY, (character) => {
    if (ORDINARY.has(character)) return character;
    let units = "";
    for (let i = 0; i < character.length; i++) {
      units += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return units;
  });
}

/** The same for what must stay within its line, whole: a path, a message. */
export function inLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, escaped);
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

const escaped = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
