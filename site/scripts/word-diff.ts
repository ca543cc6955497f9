/**
 * Words that differ between two texts, for the comparison in the browser: longest common
 * subsequence over words after the equal ends are cut off. Texts too long for that are shown whole.
 */

export interface Run {
  readonly op: "same" | "add" | "del";
  readonly text: string;
}

const CELLS_MAX = 1_500_000;

export function wordDiff(before: string, after: string): Run[] {
  const a = wordsOf(before);
  const b = wordsOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end))
    end += 1;
  const runs: Run[] = [];
  push(runs, "same", a.slice(0, start));
  middle(runs, a.slice(start, a.length - end), b.slice(start, b.length - end));
  push(runs, "same", end === 0 ? [] : a.slice(-end));
  return runs;
}

function middle(runs: Run[], a: readonly string[], b: readonly string[]): void {
  if (a.length * b.length > CELLS_MAX || a.length === 0 || b.length === 0) {
    push(runs, "del", a);
    push(runs, "add", b);
    return;
  }
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      length[i * width + j] =
        a[i] === b[j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      push(runs, "same", [a[i]!]);
      i += 1;
      j += 1;
    } else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) {
      push(runs, "del", [a[i]!]);
      i += 1;
    } else {
      push(runs, "add", [b[j]!]);
      j += 1;
    }
  }
  push(runs, "del", a.slice(i));
  push(runs, "add", b.slice(j));
}

function push(runs: Run[], op: Run["op"], words: readonly string[]): void {
  if (words.length === 0) return;
  const text = words.join("");
  const last = runs.at(-1);
  if (last?.op === op) runs[runs.length - 1] = { op, text: last.text + text };
  else runs.push({ op, text });
}

/** Words with the blanks after them; each CJK character is a word. */
function wordsOf(text: string): string[] {
  return (
    text.match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+\s*|\s+/gu,
    ) ?? []
  );
}
