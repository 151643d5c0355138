// Lifetimes as people read them.

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** `90 s`, `2 hours`, `1.5 days`: the largest unit of which there are two, or exactly one. */
export function lifetimeText(seconds: number): string {
  for (const [unit, size] of UNITS) {
    if (seconds !== size && seconds < 2 * size) continue;
    const count = Math.round((seconds / size) * 10) / 10;
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${seconds} s`;
}
