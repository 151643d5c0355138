// Machines and their tokens, as pure functions of the seed.
import { below, STREAM } from '../random.ts';
import type { KeyGround, SeededKey } from './key-ground.ts';
import { hexOf, readHex, readWordId, within, wordId } from './key-ids.ts';

const DAY_MS = 86_400_000;

export function machineId({ population: { seed } }: KeyGround, machine: number): string {
  return wordId('mch', seed, STREAM.machine, machine);
}

export function machineIndex({ population: { seed }, spec }: KeyGround, id: string): number | undefined {
  return within(readWordId('mch', seed, STREAM.machine, id), spec.machines);
}

const MACHINE_NAMES = ['billing', 'mailer', 'search', 'exports', 'reports', 'gateway'] as const;

export interface SeededMachine {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly tokenSeconds: number;
}

export function machineAt(ground: KeyGround, machine: number): SeededMachine {
  const { seed } = ground.population;
  const name = MACHINE_NAMES[machine % MACHINE_NAMES.length] ?? 'service';
  const round = Math.floor(machine / MACHINE_NAMES.length);
  return {
    id: machineId(ground, machine),
    name: round === 0 ? name : `${name}-${round + 1}`,
    createdAt: ground.startedAt - (30 + machine) * DAY_MS,
    tokenSeconds: below(3, seed, STREAM.machine, machine, 2) === 0 ? 30 * 86_400 : 3600,
  };
}

/** Opaque tokens of a machine, oldest first. */
export function machineTokens(ground: KeyGround, machine: number): readonly SeededKey[] {
  const { population, startedAt, spec } = ground;
  const { seed } = population;
  const subject = machineId(ground, machine);
  return Array.from({ length: spec.tokensPerMachine }, (_, place) => {
    const createdAt = startedAt - (spec.tokensPerMachine - place) * 60_000;
    return {
      id: `mt_${hexOf(seed, 'machine', machine, place)}`,
      subject,
      name: '',
      createdAt,
      lastUsedAt: below(3, seed, STREAM.machineToken, machine, 100 + place) === 0 ? null : createdAt + 30_000,
      isRevokedAtStart: false,
      isAttackers: false,
    };
  });
}

/** The machine of a token and the token's place there. */
export function machineTokenAt(ground: KeyGround, id: string): { machine: number; place: number } | undefined {
  const found = id.startsWith('mt_') ? readHex(ground.population.seed, 'machine', id.slice(3)) : undefined;
  if (found === undefined || found.owner >= ground.spec.machines || found.place >= ground.spec.tokensPerMachine)
    return undefined;
  return { machine: found.owner, place: found.place };
}
