// What a happening of the timeline does to the world, as mutations: a pure function of the world as it is and the seed.
import type { WorldContext } from '../context.ts';
import { addedApiKeyId } from '../population/api-keys.ts';
import { plainId } from '../population/ids.ts';
import { below, STREAM } from '../random.ts';
import { deploymentOf } from '../services/vercel/project.ts';
import { attackerCanSignIn, attackerIsIn } from '../state/attacker.ts';
import type { Happened } from '../state/timeline.ts';
import { effectiveLock } from '../state/user-change.ts';
import { canSignIn, isThere } from '../state/view.ts';
import type { Happening } from './spec.ts';

type Ground = Pick<WorldContext, 'seed' | 'startedAt' | 'scenario' | 'keys' | 'signer' | 'population' | 'state'>;

/** Users are tried so often before a happening does with fewer. */
const TRIES = 20;

/** @param salt Tells draws of one happening from those of another: its place in the scenario. */
export function happen(ground: Ground, happening: Happening, at: number, salt: number): readonly Happened[] {
  const { population, state, seed } = ground;
  const { what } = happening;
  switch (what) {
    case 'attacker.sign-in':
      return victims(ground, happening, (user) => isOpen(ground, user, at)).map((user) => ({
        type: 'session.begin',
        at,
        by: 'attacker',
        user: population.idAt(user),
        from: 'attacker',
        status: 'active',
      }));
    case 'attacker.create-api-key':
      return victims(ground, happening, (user) => isInReach(ground, user, at)).map((user, place) => ({
        type: 'api-key.create',
        at,
        by: 'attacker',
        id: addedApiKeyId(seed, state.keys.apiKeys.length + place),
        subject: population.idAt(user),
        name: 'backup',
      }));
    case 'attacker.add-email':
      return victims(ground, happening, (user) => isInReach(ground, user, at)).map((user) => {
        const before = state.credentials.added.get(user)?.length ?? 0;
        return {
          type: 'credential.add',
          at,
          by: 'attacker',
          user: population.idAt(user),
          id: plainId('idn', seed, STREAM.timelineEmail, user, before),
          kind: 'email_address',
          value: `recovery.${user}.${before}@mail.example.net`,
        };
      });
    case 'users.sign-in':
      return bystanders(ground, happening, salt)
        .filter((user) => canSignIn(ground, user, at))
        .map((user) => ({
          type: 'session.begin',
          at,
          by: 'world',
          user: population.idAt(user),
          from: 'home',
          status: 'active',
        }));
    case 'users.sign-up':
      return Array.from({ length: happening.count ?? 1 }, () => ({ type: 'user.create', at, by: 'world' }));
    case 'users.update':
      return bystanders(ground, happening, salt).map((user) => ({
        type: 'user.update',
        at,
        by: 'world',
        user: population.idAt(user),
        lastName: `Renamed-${below(10_000, seed, STREAM.timelineName, salt, user)}`,
      }));
    case 'users.delete':
      return bystanders(ground, happening, salt).map((user) => ({
        type: 'user.delete',
        at,
        by: 'world',
        user: population.idAt(user),
      }));
    case 'status.set':
      return [
        {
          type: 'status.set',
          at,
          by: 'world',
          indicator: happening.indicator ?? 'none', // Loading refuses one without.
          ...(happening.incident === undefined
            ? {}
            : {
                incident: {
                  name: happening.incident,
                  ...(happening.phase === undefined ? {} : { status: happening.phase }),
                },
              }),
        },
      ];
    case 'app.break':
      return deploy(ground, 'bad', at);
    case 'app.roll-back':
      return deploy(ground, 'good', at);
  }
}

function isOpen(ground: Ground, user: number, at: number): boolean {
  return attackerCanSignIn(ground, user) && effectiveLock(ground.state.users.get(user), at) === undefined;
}

function isInReach(ground: Ground, user: number, at: number): boolean {
  return isThere(ground, user) && (attackerIsIn(ground, user) || isOpen(ground, user, at));
}

function victims(ground: Ground, { count }: Happening, fits: (user: number) => boolean): readonly number[] {
  return ground.population.compromised.filter(fits).slice(0, count ?? Number.POSITIVE_INFINITY);
}

/** Innocent users of before the drill who are there still, none twice. */
function bystanders(ground: Ground, { count = 1 }: Happening, salt: number): readonly number[] {
  const { population, seed } = ground;
  const chosen = new Set<number>();
  for (let tried = 0; chosen.size < count && tried < count * TRIES; tried += 1) {
    const user = below(population.size, seed, STREAM.timelineUser, salt, tried);
    if (population.roleOf(user) === 'innocent' && isThere(ground, user)) chosen.add(user);
  }
  return [...chosen];
}

function deploy(ground: Ground, code: 'good' | 'bad', at: number): readonly Happened[] {
  const target = deploymentOf(ground, code);
  if (target === undefined) return [];
  return [{ type: 'deployment.promote', at, by: 'world', id: target.id, how: 'promote', effectiveAt: at }];
}
