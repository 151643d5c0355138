// Which entries of the scenario's timeline have happened, so that a world that is resumed goes on where it stood.
import type { At, Folds } from './fold.ts';

export type TimelineMutation = At & {
  readonly type: 'timeline.done';
  /** Position in the scenario's list. */
  readonly entry: number;
};

export interface TimelineState {
  readonly done: Map<number, number>;
}

export function emptyTimeline(): TimelineState {
  return { done: new Map() };
}

export const timelineFolds: Folds<TimelineMutation, TimelineState> = {
  'timeline.done': ({ done }, { entry, at }) => {
    done.set(entry, at);
  },
};
