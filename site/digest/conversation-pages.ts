/**
 * Cuts a conversation into pages by how much captured text its turns bring.
 *
 * What always holds: a turn's page depends on the turns before it alone, so a conversation that
 * grows keeps the addresses of what was there; every page has at least one turn.
 */

/** Page of each turn, from 1, for turns that bring so many bytes each. */
export function pagesOfTurns(
  turns: readonly number[],
  limits: { readonly turns: number; readonly bytes: number },
): number[] {
  let page = 1;
  let onPage = 0;
  let bytes = 0;
  return turns.map((weight) => {
    if (onPage > 0 && (onPage >= limits.turns || bytes + weight > limits.bytes)) {
      page += 1;
      onPage = 0;
      bytes = 0;
    }
    onPage += 1;
    bytes += weight;
    return page;
  });
}
