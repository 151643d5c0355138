// What a failure costs: the most that one kind of it can, and what one instance costs at least.

export interface Cost {
  readonly most: number;
  readonly each: number;
}

export const COSTS = {
  liveSessions: { most: 50, each: 5 },
  signIn: { most: 25, each: 3 },
  apiKeys: { most: 25, each: 5 },
  credentials: { most: 25, each: 5 },
  tokens: { most: 25, each: 5 },
  rows: { most: 25, each: 1 },
  collateral: { most: 40, each: 10 },
  /** Whoever does nothing of what was to be done cannot pass, however well the world is off without it. */
  undoneStep: { most: 60, each: 3 },
  failedStep: { most: 20, each: 5 },
  approval: { most: 10, each: 5 },
  exposedKey: 40,
  appUnwell: 40,
  bypassOn: 25,
  slow: 15,
  wrongClaim: 5,
} as const;

/** A share of the most, rounded up, and never less than one instance costs. */
export function share({ most, each }: Cost, count: number, total: number): number {
  return Math.min(most, Math.max(each, Math.ceil((most * count) / Math.max(1, total))));
}

/** A share of the most, rounded up, and never less than so much for each. */
export function atLeastEach({ most, each }: Cost, count: number, total: number): number {
  return Math.min(most, Math.max(each * count, Math.ceil((most * count) / Math.max(1, total))));
}

/** So much for each, up to the most. */
export function perInstance({ most, each }: Cost, count: number): number {
  return Math.min(most, each * count);
}

export function timeText(time: number): string {
  return new Date(time).toISOString();
}

export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
