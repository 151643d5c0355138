// What changed since the drill started, folded from the mutations: the seeded population plus this is the world. One slice
// a concern, each with its own folds; this file only puts them together.
import type { Population } from '../population/population.ts';
import { type CredentialState, credentialFolds, emptyCredentials } from './credentials.ts';
import type { FoldContext, Folds, Repeat } from './fold.ts';
import { emptyInstance, type InstanceState, instanceFolds } from './instance.ts';
import { emptyKeys, type KeyState, keyFolds } from './keys.ts';
import { type Mutation, unfold } from './mutation.ts';
import { type ServedState, servedFolds } from './served.ts';
import { emptyServices, type ServiceState, serviceFolds } from './services.ts';
import { sessionFolds } from './sessions.ts';
import { emptyTimeline, type TimelineState, timelineFolds } from './timeline.ts';
import type { SignUp, UserChange } from './user-change.ts';
import { userFolds } from './users.ts';

export interface WorldState {
  /** By index. Only users that something happened to. */
  readonly users: Map<number, UserChange>;
  /** Users who signed up during the drill, in order; the first one's index is the population's size. */
  readonly signUps: SignUp[];
  /** Indexes of users who are gone. */
  readonly deleted: Set<number>;
  readonly repeats: Repeat[];
  readonly credentials: CredentialState;
  readonly keys: KeyState;
  readonly instance: InstanceState;
  readonly services: ServiceState;
  readonly timeline: TimelineState;
  readonly served: ServedState;
  /** What was folded in last. */
  last?: Mutation;
}

export function emptyState(): WorldState {
  return {
    users: new Map(),
    signUps: [],
    deleted: new Set(),
    repeats: [],
    credentials: emptyCredentials(),
    keys: emptyKeys(),
    instance: emptyInstance(),
    services: emptyServices(),
    timeline: emptyTimeline(),
    served: {},
  };
}

type Apply = (state: WorldState, mutation: Mutation, context: FoldContext) => void;

/** A slice's table as functions on the whole state. */
function slice<M extends Mutation, S>(
  folds: Folds<M, S>,
  of: (state: WorldState) => S,
): readonly (readonly [string, Apply])[] {
  return Object.entries(folds).map(([type, fold]) => [
    type,
    // Each function stands under the type of the very mutations that it takes.
    (state, mutation, context) =>
      (fold as (slice: S, mutation: Mutation, context: FoldContext) => void)(of(state), mutation, context),
  ]);
}

const FOLDS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ...slice(userFolds, () => undefined),
  ...slice(sessionFolds, (state) => state.credentials),
  ...slice(credentialFolds, (state) => state.credentials),
  ...slice(keyFolds, (state) => state.keys),
  ...slice(instanceFolds, (state) => state.instance),
  ...slice(serviceFolds, (state) => state.services),
  ...slice(timelineFolds, (state) => state.timeline),
  ...slice(servedFolds, (state) => state.served),
]);

/** Folds one mutation in. Ids that no user or session has are passed over. */
export function applyMutation(state: WorldState, population: Population, mutation: Mutation): void {
  for (const one of unfold(mutation)) foldOne(state, population, one);
}

/** Folds in only the mutation itself, not what it brings along. */
export function foldOne(state: WorldState, population: Population, mutation: Mutation): void {
  const { users, signUps, deleted, repeats } = state;
  FOLDS.get(mutation.type)?.(state, mutation, { population, users, signUps, deleted, repeats });
  state.last = mutation;
}
