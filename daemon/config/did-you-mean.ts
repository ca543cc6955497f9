/**
 * The nearest of the words that would have been right, for error messages.
 *
 * What always holds: pure; says nothing rather than something far-fetched.
 */

/** The candidate at most a third of its length away, or null. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  const wanted = normal(word);
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normal(candidate));
    const most = Math.max(1, Math.floor(candidate.length / 3));
    if (distance < least && distance <= most) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

function normal(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let two: number[] = [];
  let one = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (row[j - 1] as number) + 1,
        (one[j] as number) + 1,
        (one[j - 1] as number) + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (two[j - 2] as number) + 1);
      row.push(cost);
    }
    two = one;
    one = row;
  }
  return one[b.length] as number;
}
