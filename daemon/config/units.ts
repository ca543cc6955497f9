/**
 * Durations and sizes as people write them: `10s`, `250ms`, `5m`, `off`; `256MiB`, `4GiB`, `100kB`.
 *
 * What always holds: pure; null for whatever is not clearly one. A bare number is refused as a
 * duration or a size, since nobody can tell its unit, except 0.
 */

const DURATION: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

const SIZE: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Milliseconds; 0 for `off`, `0` and `false`. */
export function parseDuration(value: unknown): number | null {
  if (value === 0 || value === false || value === "off" || value === "0") return 0;
  return typeof value === "string" ? parse(value, DURATION) : null;
}

/** Bytes. Powers of ten for kB, MB …, powers of two for KiB, MiB … */
export function parseSize(value: unknown): number | null {
  return typeof value === "string" ? parse(value, SIZE) : null;
}

function parse(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const unit = (match?.[2] ?? "").toLowerCase();
  if (match === null || !Object.hasOwn(units, unit)) return null;
  return Math.round(Number(match[1]) * (units[unit] as number));
}
