// What every part of a running world shares: the Clerk emulator, the services around it, the timeline.
import type { DrillClock } from './clock.ts';
import type { Commits } from './commit.ts';
import type { FaultTable } from './faults.ts';
import type { Keys, Signer } from './keys.ts';
import type { Population } from './population/population.ts';
import type { Scenario, ServerName } from './scenario.ts';
import type { Mutation } from './state/mutation.ts';
import type { WorldState } from './state/state.ts';

/** The seeded population and what changed since: what there is to see of the world. */
export interface World {
  readonly population: Population;
  readonly state: WorldState;
}

export interface WorldContext extends World, Commits {
  readonly id: string;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly scenario: Scenario;
  readonly keys: Keys;
  readonly signer: Signer;
  /** The world's time. In a drill that is sped up it runs faster than the machine's. */
  readonly clock: DrillClock;
  /** The machine's time: of tokens, which are verified by it. */
  wallNow(): number;
  /** What goes wrong on the way; whoever sends by itself asks it too. */
  readonly faults: FaultTable;
  /** For files of the world beside its own one: this path, with something appended. */
  readonly filePrefix: string;
  /** What happened before this process: lines of the world's file. Nobody is called back for them. */
  readonly past: readonly Mutation[];
  /** Base URL of a server of this world. @throws Error before that server listens. */
  url(server: ServerName): string;
}
