// Which entries of the scenario's timeline have happened, so that a world that is resumed goes on where it stood; and the
// faults that somebody put in while it ran.
import type { Fault } from '../fault-spec.ts';
import type { CredentialMutation } from './credentials.ts';
import type { At, Folds } from './fold.ts';
import type { KeyMutation } from './keys.ts';
import type { ServiceMutation } from './services.ts';
import type { SessionMutation } from './sessions.ts';
import type { UserMutation } from './users.ts';

/** What the world or the intruder does by itself. */
export type Happened = UserMutation | SessionMutation | CredentialMutation | KeyMutation | ServiceMutation;

export type TimelineMutation = At &
  (
    | {
        readonly type: 'timeline.done';
        /** Position in the scenario's list; null for what somebody at a sandbox asked for. */
        readonly entry: number | null;
        /** What came of it. In one line of the file with the mark that it is done: a kill leaves both or neither. */
        readonly mutations: readonly Happened[];
      }
    | { readonly type: 'fault.add'; readonly fault: Fault }
    | { readonly type: 'fault.clear' }
  );

export interface TimelineState {
  readonly done: Map<number, number>;
  /** How often somebody at a sandbox asked for something. */
  asked: number;
  /** A new list with each change. */
  faults: readonly Fault[];
}

export function emptyTimeline(): TimelineState {
  return { done: new Map(), asked: 0, faults: [] };
}

export const timelineFolds: Folds<TimelineMutation, TimelineState> = {
  'timeline.done': (slice, { entry, at }) => {
    if (entry === null) slice.asked += 1;
    else slice.done.set(entry, at);
  },
  'fault.add': (slice, { fault }) => {
    slice.faults = [...slice.faults, fault];
  },
  'fault.clear': (slice) => {
    slice.faults = [];
  },
};
