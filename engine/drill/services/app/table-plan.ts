// What is wrong with the app's user table when the drill starts: whose rows are missing or stale, and which rows are of
// nobody. Chosen by the seed, small sets.
import type { World } from '../../context.ts';
import { below, STREAM } from '../../random.ts';
import * as view from '../../state/view.ts';
import type { TableSpec } from '../spec.ts';

export interface Row {
  readonly clerk_id: string;
  /** null where the user has no primary address. */
  readonly email: string | null;
  readonly first_name: string;
  readonly last_name: string;
  /** Milliseconds since 1970, as Clerk's. */
  readonly updated_at: number;
}

export interface TablePlan {
  /** User indexes. */
  readonly missing: ReadonlySet<number>;
  readonly stale: ReadonlySet<number>;
  /** Indexes of ids that no user has or will have. */
  readonly orphans: readonly number[];
}

const DAY_MS = 86_400_000;
/** Far beyond anybody who signs up during a drill, and below what an id can hold. */
const FIRST_ORPHAN = 200_000_000;

/** A table without rows has none that are stale or of nobody, and everybody's is missing. */
export function planTable({ population }: World, { missing, stale, orphans }: TableSpec): TablePlan {
  const { seed, size } = population;
  const gone = choose({ seed, size, count: missing, salt: 0, taken: new Set() });
  return {
    missing: gone,
    stale: choose({ seed, size, count: stale, salt: 1, taken: gone }),
    orphans: Array.from({ length: orphans }, (_, n) => FIRST_ORPHAN + n),
  };
}

/** How many rows disagree with Clerk when the drill starts. */
export function wrongAtStart({ population: { size } }: World, spec: TableSpec): number {
  if (!spec.rows) return size;
  const missing = Math.min(spec.missing, size);
  return missing + Math.min(spec.stale, size - missing) + spec.orphans;
}

/** The row that a user should have now. */
export function rowOf(world: World, user: number): Row {
  const { firstName, lastName, email } = view.profileOf(world, user);
  return {
    clerk_id: world.population.idAt(user),
    email,
    first_name: firstName,
    last_name: lastName,
    updated_at: view.updatedAt(world, user),
  };
}

/** A row from before a change that never arrived: another family name, a month older. */
export function staleRowOf(world: World, user: number): Row {
  const row = rowOf(world, user);
  return { ...row, last_name: `${row.last_name}-Old`, updated_at: row.updated_at - 30 * DAY_MS };
}

/** The row of somebody who is gone from Clerk. */
export function orphanRowAt(world: World, orphan: number): Row {
  const { population } = world;
  const n = orphan - FIRST_ORPHAN;
  return {
    clerk_id: population.idAt(orphan),
    email: `gone.${n}@example.com`,
    first_name: 'Gone',
    last_name: 'Person',
    updated_at: population.createdAt(0) + n,
  };
}

interface Choice {
  readonly seed: number;
  readonly size: number;
  readonly count: number;
  readonly salt: number;
  readonly taken: ReadonlySet<number>;
}

/** `count` different users outside `taken`, on a collision the next free one; as many as there are if that is fewer. */
function choose({ seed, size, count, salt, taken }: Choice): ReadonlySet<number> {
  const chosen = new Set<number>();
  const wanted = Math.min(count, size - taken.size);
  for (let n = 0; chosen.size < wanted; n += 1) {
    let user = below(size, seed, STREAM.appTable, n, salt);
    while (chosen.has(user) || taken.has(user)) user = (user + 1) % size;
    chosen.add(user);
  }
  return chosen;
}
