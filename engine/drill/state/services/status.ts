// What the status page says. It is told, by the scenario's timeline or a responder; it never looks at the emulator.
import type { Indicator } from '../../services/spec.ts';
import type { At, Folds } from '../fold.ts';

/** Statuspage's words for a component. */
export type ComponentStatus =
  | 'operational'
  | 'degraded_performance'
  | 'partial_outage'
  | 'major_outage'
  | 'under_maintenance';

export interface StatusSaid {
  readonly indicator: Indicator;
  /** By name; those that are not named follow from the indicator. */
  readonly components?: { readonly [name: string]: ComponentStatus };
  /** The incident that is shown; one that follows from the indicator if absent. */
  readonly incident?: { readonly name: string; readonly status?: 'investigating' | 'identified' | 'monitoring' };
}

export type StatusMutation = At & { readonly type: 'status.set' } & StatusSaid;

/** What was said during the drill, oldest first; the newest `KEPT`. Before the first, the scenario's own word holds. */
export type StatusState = (StatusSaid & { readonly at: number })[];

const KEPT = 100;

export const statusFolds: Folds<StatusMutation, StatusState> = {
  'status.set': (said, { at, indicator, components, incident }) => {
    said.push({
      at,
      indicator,
      ...(components === undefined ? {} : { components }),
      ...(incident === undefined ? {} : { incident }),
    });
    if (said.length > KEPT) said.shift();
  },
};
