// The ways into an account as they are now: those of the seed with what was added and removed since. Computed when asked.
import type { World } from '../context.ts';
import {
  type Credential,
  type CredentialGround,
  ownerOfCredential,
  type SeededDevice,
  type SeededFactors,
  seededCredentials,
  seededDevices,
  seededFactors,
} from '../population/credentials.ts';
import * as view from './view.ts';

function groundOf(world: World, user: number): CredentialGround {
  const { population } = world;
  const victim = population.roleOf(user) === 'compromised' ? population.compromised.indexOf(user) : -1;
  return {
    seed: population.seed,
    user,
    createdAt: view.createdAt(world, user),
    startedAt: population.startedAt,
    email: view.profileOf(world, user).email,
    victim: victim < 0 ? undefined : victim,
    addedByAttacker: population.addedByAttacker,
  };
}

/** What a user has, oldest kinds first; the first e-mail address is the primary one. */
export function credentialsOf(world: World, user: number): readonly Credential[] {
  const { removed } = world.state.credentials;
  return credentialsEverOf(world, user).filter(({ id }) => !removed.has(id));
}

/** Those that were removed included. */
export function credentialsEverOf(world: World, user: number): readonly Credential[] {
  const { added, reserved } = world.state.credentials;
  const since = (added.get(user) ?? []).map(
    ({ at, ...rest }): Credential => ({ ...rest, createdAt: at, isSecondFactor: false }),
  );
  return [...seededCredentials(groundOf(world, user)), ...since].map((one) => ({
    ...one,
    isSecondFactor: reserved.get(one.id) ?? one.isSecondFactor,
  }));
}

export function factorsOf({ population, state }: World, user: number): SeededFactors {
  const gone = state.credentials.factorsRemoved.get(user);
  const { totp, backupCode } = seededFactors(population.seed, user);
  return { totp: totp && gone?.has('totp') !== true, backupCode: backupCode && gone?.has('backup_code') !== true };
}

export interface Device extends SeededDevice {
  /** undefined: it is trusted. */
  readonly revokedAt: number | undefined;
}

export function devicesOf(world: World, user: number): readonly Device[] {
  const { removed } = world.state.credentials;
  return seededDevices(groundOf(world, user)).map((device) => ({ ...device, revokedAt: removed.get(device.id) }));
}

/** Whose credential or device this is, or was; undefined where nobody there is has ever had it. */
export function ownerOf(world: World, id: string): number | undefined {
  const user = world.state.credentials.owners.get(id) ?? ownerOfCredential(world.population.seed, id);
  return user !== undefined && view.isThere(world, user) ? user : undefined;
}

/** One that somebody has now. */
export function findCredential(
  world: World,
  id: string,
): { readonly user: number; readonly credential: Credential } | undefined {
  const user = ownerOf(world, id);
  const credential = user === undefined ? undefined : credentialsOf(world, user).find((one) => one.id === id);
  return user === undefined || credential === undefined ? undefined : { user, credential };
}
