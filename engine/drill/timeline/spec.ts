// What happens while responders work; schemas/scenario.schema.json is the source of this form.
import type { Indicator } from '../services/spec.ts';

export type HappeningKind =
  | 'attacker.sign-in'
  | 'attacker.create-api-key'
  | 'attacker.add-email'
  | 'users.sign-in'
  | 'users.sign-up'
  | 'users.update'
  | 'users.delete'
  | 'status.set'
  | 'app.roll-back'
  | 'app.break';

export interface Happening {
  readonly what: HappeningKind;
  readonly count?: number;
  readonly indicator?: Indicator;
  readonly incident?: string;
  readonly phase?: 'investigating' | 'identified' | 'monitoring';
}

/** Either `at` or `after`. */
export interface TimelineEntry {
  /** A duration since the start. */
  readonly at?: string;
  /** As soon as responders did this to so many targets. */
  readonly after?: { readonly what: string; readonly count: number };
  readonly do: readonly Happening[];
}
