// How a mutation is folded in: one function a kind of mutation, gathered in a table per slice of the world's state. A fold
// is deterministic and total: ids that nobody has are passed over, and replaying a world's file gives the same state.
import type { Population } from '../population/population.ts';
import type { SignUp, UserChange } from './user-change.ts';

/** What every mutation carries. */
export interface At {
  /** Milliseconds since 1970. */
  readonly at: number;
  /**
   * Who did it: the intruder, or the world itself (users who go on with their lives, deployments). Absent: a request of
   * those who respond, and what a drill is scored by.
   */
  readonly by?: 'attacker' | 'world';
}

/** A request of the responders that asked for what was so already. */
export interface Repeat {
  readonly at: number;
  /** The mutation's type. */
  readonly type: string;
  readonly target: string;
}

/** What all slices may read and note. */
export interface FoldContext {
  readonly population: Population;
  /** By index. Only users that something happened to. */
  readonly users: Map<number, UserChange>;
  /** Users who signed up during the drill, in order; the first one's index is the population's size. */
  readonly signUps: SignUp[];
  /** Indexes of users who are gone. */
  readonly deleted: Set<number>;
  readonly repeats: Repeat[];
}

/** A slice's table: `slice` is changed in place. */
export type Folds<M extends { readonly type: string }, S> = {
  readonly [T in M['type']]: (slice: S, mutation: Extract<M, { readonly type: T }>, context: FoldContext) => void;
};

/** Notes a request that found nothing to change; what the world does by itself is no repeat of anybody's. */
export function noteRepeat(
  { repeats }: FoldContext,
  { at, by, type }: At & { readonly type: string },
  target: string,
): void {
  if (by === undefined) repeats.push({ at, type, target });
}
