// Durations as playbooks write them: `500ms`, `15s`, `10m`, `2h`.

const UNIT_MS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longer than this is a slip of the pen, and beyond what timers take (2^31 ms is 24.8 days). */
const LONGEST_MS = 24 * 86_400_000;

/** Milliseconds, or undefined where the text is no duration between 1 ms and 24 days. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
  return ms >= 1 && ms <= LONGEST_MS ? ms : undefined;
}
