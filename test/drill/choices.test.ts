// Where Clerk's documents are silent the emulator chooses, and each choice can be switched: both answers are shown here, one
// test a key. A key of the schema that has none fails the last test.
import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { isJsonObject, type Json, type JsonObject } from '../../engine/json.ts';
import schema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { KEY_WORLD } from './conformance/keys.ts';
import { ask, liveSessionIds, must, rows, scenarioWith, startTestWorld, temporaryFile } from './helpers.ts';

interface Shown {
  readonly key: string;
  /** Each value with what `look` then sees. */
  readonly answers: readonly (readonly [Json, Json])[];
  look(world: DrillWorld): Promise<Json>;
}

const liveVictim = (world: DrillWorld): string =>
  must(world.facts().concerned.find(({ role, liveSessions }) => role === 'compromised' && liveSessions > 0)).id;
const twice = async (world: DrillWorld, path: string): Promise<number> => {
  await ask(world, 'POST', path);
  return (await ask(world, 'POST', path)).status;
};

/** The attacker tries it, past all that chooses whom it tries on. @returns the live sessions that there are then. */
async function tryToSignIn(world: DrillWorld, user: string): Promise<number> {
  const stateFile = must(FILES.get(world));
  await world.stop();
  const begin = { type: 'session.begin', at: world.startedAt + 1000, by: 'attacker', user, from: 'attacker' };
  appendFileSync(stateFile, `${JSON.stringify({ ...begin, status: 'active' })}\n`);
  return (await liveSessionIds(await startTestWorld({ scenario: undefined, stateFile }), user)).length;
}

/** The worlds' files, to write to as the world itself would. */
const FILES = new WeakMap<DrillWorld, string>();

const SHOWN: readonly Shown[] = [
  {
    key: 'revokeEnded',
    answers: [
      ['accept', 200],
      ['refuse', 400],
    ],
    look: async (world) => {
      const [session] = await liveSessionIds(world, liveVictim(world));
      return twice(world, `/v1/sessions/${session}/revoke`);
    },
  },
  {
    key: 'bulkUnknownUser',
    answers: [
      ['leave-out', 200],
      ['refuse', 404],
    ],
    look: async (world) => {
      const user_ids = [liveVictim(world), 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa'];
      return (await ask(world, 'POST', '/v1/users/ban', { user_ids })).status;
    },
  },
  {
    key: 'repeatBan',
    answers: [
      ['accept', 200],
      ['refuse', 400],
    ],
    look: (world) => twice(world, `/v1/users/${liveVictim(world)}/ban`),
  },
  {
    key: 'repeatCompromise',
    answers: [
      ['accept', 200],
      ['refuse', 400],
    ],
    look: (world) => twice(world, `/v1/users/${liveVictim(world)}/password/set_compromised`),
  },
  {
    key: 'repeatUncompromise',
    answers: [
      ['accept', 200],
      ['refuse', 400],
    ],
    look: async (world) =>
      (await ask(world, 'POST', `/v1/users/${liveVictim(world)}/password/unset_compromised`)).status,
  },
  {
    key: 'unlockUnlocked',
    answers: [
      ['accept', 200],
      ['refuse', 400],
    ],
    look: async (world) => (await ask(world, 'POST', `/v1/users/${liveVictim(world)}/unlock`)).status,
  },
  {
    key: 'forcesPasswordReset',
    answers: [
      [true, { canSignIn: false, signsIn: 0 }],
      [false, { canSignIn: true, signsIn: 1 }],
    ],
    look: async (world) => {
      const user = liveVictim(world);
      await ask(world, 'POST', `/v1/users/${user}/password/set_compromised`, { revoke_all_sessions: true });
      const canSignIn = world.facts().concerned.find(({ id }) => id === user)?.canSignIn ?? null;
      return { canSignIn, signsIn: await tryToSignIn(world, user) };
    },
  },
  {
    key: 'lockEndsSessions',
    answers: [
      [true, true],
      [false, false],
    ],
    look: async (world) => {
      const user = liveVictim(world);
      await ask(world, 'POST', `/v1/users/${user}/lock`);
      return (await liveSessionIds(world, user)).length === 0;
    },
  },
  {
    key: 'lockSeconds',
    answers: [
      [60, 60],
      [null, null],
    ],
    look: async (world) => {
      const { body } = await ask(world, 'POST', `/v1/users/${liveVictim(world)}/lock`);
      return (isJsonObject(body) ? body.lockout_expires_in_seconds : undefined) ?? null;
    },
  },
  {
    key: 'planRefuses',
    answers: [
      [[], 200],
      [['bans'], 402],
    ],
    look: async (world) => (await ask(world, 'POST', `/v1/users/${liveVictim(world)}/ban`)).status,
  },
  {
    key: 'repeatRemoval',
    answers: [
      ['accept', 200],
      ['refuse', 404],
    ],
    look: async (world) => {
      const path = `/v1/users/${liveVictim(world)}/totp`;
      await ask(world, 'DELETE', path);
      return (await ask(world, 'DELETE', path)).status;
    },
  },
  {
    key: 'unknownSessionUser',
    answers: [
      ['empty', 200],
      ['refuse', 404],
    ],
    look: async (world) => (await ask(world, 'GET', '/v1/sessions?user_id=user_2aaaaaaaaaaaaaaaaaaaaaaaaaa')).status,
  },
  {
    key: 'svixApp',
    answers: [
      [true, 200],
      [false, 400],
    ],
    look: async (world) => (await ask(world, 'POST', '/v1/webhooks/svix_url')).status,
  },
];
/** Shown by other files of this folder. */
const ELSEWHERE: { readonly [key: string]: string } = {
  deletedCursor: 'living-population.test.ts',
  repeatKeyRevoke: 'keys.test.ts',
  unknownKeySubject: 'keys.test.ts',
};

test.for(SHOWN.flatMap(({ key, answers, look }) => answers.map(([value, seen]) => ({ key, value, seen, look }))))(
  '$key: $value',
  async ({ key, value, seen, look }) => {
    const stateFile = temporaryFile();
    const scenario = scenarioWith({ keys: KEY_WORLD, choices: { [key]: value } });
    const world = await startTestWorld({ scenario, stateFile });
    FILES.set(world, stateFile);
    expect(await look(world)).toEqual(seen);
  },
);

test('a bulk ban that is refused has changed nothing', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ choices: { bulkUnknownUser: 'refuse' } }) });
  const user = liveVictim(world);
  await ask(world, 'POST', '/v1/users/ban', { user_ids: [user, 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa'] });
  expect(rows(await ask(world, 'GET', `/v1/users?user_id=${user}`))).toMatchObject([{ banned: false }]);
});

test('every choice of the schema is shown', () => {
  const keys = Object.keys(choicesOf(schema as JsonObject));
  const shown = new Set([...SHOWN.map(({ key }) => key), ...Object.keys(ELSEWHERE)]);
  expect(keys.length).toBeGreaterThan(5);
  expect(keys.filter((key) => !shown.has(key))).toEqual([]);
});

/** The properties under `choices`, wherever the schema keeps them. */
function choicesOf(node: JsonObject): JsonObject {
  for (const [name, value] of Object.entries(node)) {
    if (!isJsonObject(value)) continue;
    if (name === 'choices' && isJsonObject(value.properties)) return value.properties;
    const inner = choicesOf(value);
    if (Object.keys(inner).length > 0) return inner;
  }
  return {};
}
