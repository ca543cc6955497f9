/**
 * Fetches a chunk of the site's own data and unpacks it. Servers that undo the compression
 * themselves are recognised by the first bytes.
 */

/** Parsed chunk, and how many bytes came over the wire. Throws where it cannot be fetched. */
export async function fetchChunk<T>(address: string): Promise<{ value: T; bytes: number }> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status}`);
  const packed = new Uint8Array(await response.arrayBuffer());
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
  const text = isPacked
    ? await new Response(
        new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")),
      ).text()
    : new TextDecoder().decode(packed);
  return { value: JSON.parse(text) as T, bytes: packed.length };
}
