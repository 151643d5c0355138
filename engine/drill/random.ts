// Randomness without a generator's state: every draw is a pure function of (seed, stream, n, k), so user 900,000 costs
// the same as user 1 and nothing depends on the order in which things are looked at. No cryptography here.

/** One number per kind of draw; a new kind takes a new number, so that old worlds stay as they were. */
export const STREAM = {
  userId: 1,
  sessionId: 2,
  sessionIndex: 3,
  clientId: 4,
  activityId: 6,
  firstName: 10,
  lastName: 11,
  home: 12,
  network: 13,
  device: 14,
  createdAt: 20,
  lastActiveAt: 21,
  sessionCount: 22,
  sessionAt: 23,
  sessionStatus: 24,
  activity: 25,
  banned: 26,
  secondFactor: 27,
  compromised: 30,
  decoy: 31,
  attackNetwork: 32,
  attackCount: 33,
  travel: 34,
  instance: 40,
  fault: 41,
  credential: 50,
  credentialId: 51,
  trustedDevice: 52,
  wallet: 53,
  latency: 90,
  timelineUser: 91,
  timelineName: 92,
  timelineEmail: 93,
  control: 94,
  trace: 42,
  blocklistId: 70,
  svixToken: 71,
  apiKey: 80,
  organization: 81,
  machine: 82,
  machineToken: 83,
  oauthApplication: 84,
  issuedToken: 85,
  jwtTemplate: 86,
  rotatedKey: 87,
  appTable: 60,
  deployment: 61,
  variable: 62,
  webhookSecret: 63,
  webhookMessage: 64,
  webhookLoss: 65,
  serviceToken: 66,
} as const;

/** The finalizer of MurmurHash3: spreads every bit of its input over all of its output. */
function finalize(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 uniform bits. */
export function draw(seed: number, stream: number, n: number, k = 0): number {
  let h = finalize((seed ^ 0x9e3779b9) + Math.imul(stream, 0x7feb352d));
  h = finalize(h ^ Math.imul(n + 1, 0x846ca68b));
  return finalize(h ^ Math.imul(k + 1, 0x1b873593));
}

/** Uniform in [0, 1). */
export function unit(seed: number, stream: number, n: number, k = 0): number {
  return draw(seed, stream, n, k) / 2 ** 32;
}

/** Uniform in 0..bound-1. */
export function below(bound: number, seed: number, stream: number, n: number, k = 0): number {
  return Math.floor(unit(seed, stream, n, k) * bound);
}

/** One element of a list that is never empty. */
export function pick<T>(list: readonly [T, ...T[]], seed: number, stream: number, n: number, k = 0): T {
  return list[below(list.length, seed, stream, n, k)] ?? list[0];
}

const WORD_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `value` as exactly `length` word characters, most significant first. */
export function toWord(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    const quotient = Math.floor(rest / 62);
    text = WORD_CHARACTERS[rest - quotient * 62] + text;
    rest = quotient;
  }
  return text;
}

/** The number that `toWord` wrote, or undefined for text that it cannot have written. */
export function fromWord(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = WORD_CHARACTERS.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 62 + digit;
  }
  return value;
}

/** All words of two characters: ids are most of what an answer costs, and this halves them. */
const PAIRS: readonly string[] = Array.from({ length: 62 ** 2 }, (_, value) => toWord(value, 2));

/** As `toWord(value, 5)`. */
function toFive(value: number): string {
  const upper = Math.floor(value / 62 ** 2);
  const top = Math.floor(upper / 62 ** 2);
  return `${WORD_CHARACTERS[top]}${PAIRS[upper - top * 62 ** 2]}${PAIRS[value - upper * 62 ** 2]}`;
}

/** `length` word characters drawn for (stream, n, k); five of them come from one draw (62^5 < 2^32). */
export function randomWord(length: number, seed: number, stream: number, n: number, k = 0): string {
  let text = '';
  for (let part = 0; text.length < length; part += 1) {
    text += toFive(draw(seed, stream, n, k * 16 + part) % 62 ** 5);
  }
  return text.slice(0, length);
}

const HALF_BITS = 14;
const HALF_MASK = (1 << HALF_BITS) - 1;
/** Numbers that `shuffle` permutes: 0..2^28-1; fits five word characters. */
export const SHUFFLE_SIZE = 2 ** (2 * HALF_BITS);

/** A seeded permutation of 0..2^28-1 (a Feistel network), so that neighbours do not look like neighbours. */
export function shuffle(value: number, seed: number, stream: number): number {
  let left = value >>> HALF_BITS;
  let right = value & HALF_MASK;
  for (let round = 0; round < 4; round += 1) {
    const next = left ^ (draw(seed, stream, right, round) & HALF_MASK);
    left = right;
    right = next;
  }
  return (left << HALF_BITS) | right;
}

/** The inverse of `shuffle`. */
export function unshuffle(value: number, seed: number, stream: number): number {
  let left = value >>> HALF_BITS;
  let right = value & HALF_MASK;
  for (let round = 3; round >= 0; round -= 1) {
    const previous = right ^ (draw(seed, stream, left, round) & HALF_MASK);
    right = left;
    left = previous;
  }
  return (left << HALF_BITS) | right;
}
