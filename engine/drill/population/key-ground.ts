// What API keys, organizations, machines and issued tokens follow from, and what a key is.
import type { KeySpec } from '../scenario.ts';
import type { Population } from './population.ts';

/** What the keys follow from. */
export interface KeyGround {
  readonly population: Population;
  readonly startedAt: number;
  readonly spec: KeySpec;
}

export interface SeededKey {
  readonly id: string;
  /** A user's, an organization's or, of a machine token, a machine's id. */
  readonly subject: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly isRevokedAtStart: boolean;
  readonly isAttackers: boolean;
}
