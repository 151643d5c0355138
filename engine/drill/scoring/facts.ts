// What a run says of itself, and what a score says of both. Plain data.
import type { Role } from '../population/attack.ts';
import type { Requirement } from './spec.ts';

/** What a run says of itself. Times are milliseconds since 1970. */
export interface RunFacts {
  readonly startedAt: number;
  /** When the run called the attack contained. */
  readonly containedAt?: number;
  readonly endedAt: number;
  readonly outcome: 'done' | 'aborted';
  /** How many steps were to be done: those that are skipped or never reached too, not those that did not apply. */
  readonly steps: number;
  /** Paths of steps that somebody skipped, or a time-out cut short. */
  readonly stepsSkipped: readonly string[];
  /** Paths of steps that an abort kept from being done. */
  readonly stepsNotReached: readonly string[];
  /** Paths of steps that ended failed. */
  readonly failedSteps: readonly string[];
  /** Paths of steps whose approval ran out, or was passed over, before anybody decided. */
  readonly approvalsMissed?: readonly string[];
}

export interface Missed {
  readonly user: string;
  readonly liveSessions: number;
  readonly banned: boolean;
  /** False for one who is not banned and yet locked out. */
  readonly canSignIn: boolean;
}
export interface Collateral {
  readonly user: string;
  readonly role: Role;
  /** `banned`, `sessions-ended (3)` ... in the order in which it happened; of a compromised user what they lost of their own. */
  readonly effects: readonly string[];
}
export interface InEffect {
  readonly user: string;
  readonly what: 'ban' | 'lock' | 'password-compromised';
}
/** What a deduction is for: something required that is not so, or how the work was done. */
export type Topic = Requirement | 'collateral' | 'time' | 'claim' | 'skipped' | 'unreached' | 'failed' | 'approvals';

export interface Deduction {
  readonly topic: Topic;
  readonly points: number;
  readonly reason: string;
  /** What shows it: user ids, step paths, times. */
  readonly evidence: readonly string[];
  /** What to read: an action's page, a step of the playbook, a page of the documentation. */
  readonly read: string;
}

export interface Score {
  readonly points: number;
  readonly passMark: number;
  readonly passed: boolean;
  /** Of the run: one that was aborted does not pass. */
  readonly outcome: RunFacts['outcome'];
  readonly compromised: number;
  /** When the last live session of a compromised user ended; null while one is live, or where none ever was. */
  readonly containedAt: number | null;
  readonly timeToContainMs: number | null;
  /** From when the app was found unwell until it was well again; null where it never was unwell, or still is. */
  readonly timeToRestoreMs: number | null;
  readonly missed: readonly Missed[];
  /** Other things left as they were, by what requires them: ids, or words. */
  readonly left: { readonly [requirement in Requirement]?: readonly string[] };
  readonly collateral: readonly Collateral[];
  readonly skipped: readonly string[];
  /** Changes of this drill that still hold. */
  readonly stillInEffect: readonly InEffect[];
  readonly deductions: readonly Deduction[];
}

/** A run's times as the world counts them, which may have run faster than the machine's clock. */
export function inWorldTime(run: RunFacts, startedAt: number, speed: number): RunFacts {
  const scaled = (time: number): number => startedAt + (time - startedAt) * speed;
  return {
    ...run,
    startedAt: scaled(run.startedAt),
    endedAt: scaled(run.endedAt),
    ...(run.containedAt === undefined ? {} : { containedAt: scaled(run.containedAt) }),
  };
}
