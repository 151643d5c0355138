// What the tries of a probe say of Clerk's API. Pure.
import { latencyOf } from '../performance/latency.ts';
import type { Try, TryFailure } from './try.ts';

export const API_STATES = ['up', 'slow', 'down', 'refused', 'limited', 'unreachable'] as const;
export type ApiState = (typeof API_STATES)[number];
export const KEY_STATES = ['valid', 'invalid', 'unknown'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** At least this share of the tries failed: it is down for practical purposes. */
const DOWN_SHARE = 0.5;
/** At least this share failed, or the median is too slow: people notice. One of five may be a blip. */
const SLOW_SHARE = 0.25;

/** Without a connection: nothing is known of what is behind it. */
const NOT_CONNECTED: ReadonlySet<TryFailure> = new Set<TryFailure>([
  'dns',
  'refused',
  'unreachable',
  'tls',
  'other',
  'foreign',
]);

export interface Judgement {
  readonly state: ApiState;
  readonly key: KeyState;
  readonly failures: { readonly [failure in TryFailure]?: number };
  /** Of tries that went well; absent where none did. */
  readonly p50Ms?: number;
  readonly maxMs?: number;
}

/** @param isSent false: the key has a form that no key has, so it was not sent and GET /users not asked. */
export function judgeTries(tries: readonly Try[], { slowMs, isSent }: { slowMs: number; isSent: boolean }): Judgement {
  const failures = countsOf(tries);
  const { p50, max } = figuresOf(tries);
  const key = isSent ? keyOf(tries) : 'invalid';
  const state = isSent ? stateOf(tries, p50, slowMs) : 'refused';
  return {
    state,
    key,
    failures,
    ...(p50 === undefined ? {} : { p50Ms: Math.round(p50) }),
    ...(max === undefined ? {} : { maxMs: Math.round(max) }),
  };
}

export function figuresOf(tries: readonly Try[]): { readonly p50?: number; readonly max?: number } {
  return latencyOf(
    tries.flatMap(({ failure, ms }) => (failure === undefined ? [ms] : [])),
    0,
  );
}

function countsOf(tries: readonly Try[]): Judgement['failures'] {
  const counts: { [failure in TryFailure]?: number } = {};
  for (const { failure } of tries) if (failure !== undefined) counts[failure] = (counts[failure] ?? 0) + 1;
  return counts;
}

function stateOf(tries: readonly Try[], p50: number | undefined, slowMs: number): ApiState {
  const failed = tries.flatMap(({ failure }) => failure ?? []);
  const isAnswered = failed.every(isAnswer);
  // The first 429 ends the tries: how many came before says nothing.
  if (isAnswered && failed.includes('limited')) return 'limited';
  const share = failed.length / Math.max(1, tries.length);
  if (share < DOWN_SHARE) return share >= SLOW_SHARE || (p50 ?? 0) > slowMs ? 'slow' : 'up';
  if (isAnswered) return 'refused';
  return failed.every((one) => NOT_CONNECTED.has(one)) ? 'unreachable' : 'down';
}

/** Clerk's own word, though not the one that was wanted. */
function isAnswer(failure: TryFailure): boolean {
  return failure === 'key' || failure === 'rejected' || failure === 'limited';
}

function keyOf(tries: readonly Try[]): KeyState {
  // Another 4xx than 401 comes after the key was taken.
  if (tries.some(({ failure }) => failure === undefined || failure === 'rejected')) return 'valid';
  return tries.some(({ failure }) => failure === 'key') ? 'invalid' : 'unknown';
}
