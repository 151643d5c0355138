// Other ways in, against the drill's Clerk over real HTTP: what intruders added, second factors, trusted devices.
import { expect, onTestFinished, test } from 'vitest';
import findAddedCredentials from '../../../actions/clerk/find-added-credentials.ts';
import removeCredentials from '../../../actions/clerk/remove-credentials.ts';
import removeMfa from '../../../actions/clerk/remove-mfa.ts';
import restorePhoneFactors from '../../../actions/clerk/restore-phone-factors.ts';
import revokeTrustedDevices from '../../../actions/clerk/revoke-trusted-devices.ts';
import type { Choices } from '../../../engine/drill/scenario.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { type Answer, ask, must, rows, scenarioWith, temporaryFile } from '../../drill/helpers.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';
import { fault } from './key-drill.ts';

const COMPROMISED = 24;
const ADDED = { emails: 4, phones: 3, externalAccounts: 2, passkeys: 2 };
const STRANGER = `user_${'a'.repeat(27)}`;

const plainFetch = globalThis.fetch;
const clocks = new WeakMap<DrillWorld, FakeClock>();

interface Drill {
  readonly world: DrillWorld;
  readonly users: readonly string[];
  readonly since: string;
  run(options?: FakeOptions): FakeRun;
}

async function startDrill(faults: readonly JsonObject[] = [], choices: Partial<Choices> = {}): Promise<Drill> {
  const scenario = scenarioWith(
    {
      users: 60,
      compromised: { count: COMPROMISED },
      credentials: { addedByAttacker: ADDED },
      choices: { ...choices },
    },
    { faults: [...faults] },
  );
  const clock = new FakeClock();
  const world = await startWorld({ scenario, stateFile: temporaryFile(), clock });
  onTestFinished(() => world.stop());
  clocks.set(world, clock);
  const { CLERK_SECRET_KEY = '' } = world.env;
  return {
    world,
    users: world.ground.compromised,
    since: new Date(world.startedAt - 7 * 3_600_000).toISOString(),
    run: (options) => fakeRun({ secrets: { CLERK_SECRET_KEY }, env: world.env, ...options }, clock),
  };
}

const TROUBLES: readonly [string, readonly JsonObject[], Partial<Choices>][] = [
  ['nothing goes wrong', [], {}],
  ['a repeated removal is refused', [], { repeatRemoval: 'refuse' }],
  [
    'answers are lost after the effect, and a repeat is refused',
    [fault('DELETE', '/v1/**', { kind: 'drop-answer', rate: 0.3 })],
    { repeatRemoval: 'refuse' },
  ],
  [
    'a third of all calls is refused with 429',
    ['GET', 'PATCH', 'DELETE'].map((method) =>
      fault(method, '/v1/**', { kind: 'rate-limit', rate: 0.3, retryAfterSeconds: 1 }),
    ),
    {},
  ],
  ['a third of all deletions fails with 500', [fault('DELETE', '/v1/**', { kind: 'error', rate: 0.3 })], {}],
  ['a fifth of all reads is cut off', [fault('GET', '/v1/**', { kind: 'reset', rate: 0.2 })], {}],
];

/** As somebody else, past the run's gate, and again where a fault hits it. */
async function outside(world: DrillWorld, method: string, path: string): Promise<Answer> {
  const gated = globalThis.fetch;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    globalThis.fetch = plainFetch;
    const answer = await ask(world, method, path).catch(() => undefined);
    globalThis.fetch = gated;
    if (answer?.status === 200) return answer;
    await clocks.get(world)?.sleep(1000);
  }
  throw new Error(`${method} ${path}: never answered`);
}

/** What Clerk says of users, oldest first. */
async function read(world: DrillWorld, users: readonly string[]): Promise<readonly JsonObject[]> {
  return rows(await outside(world, 'GET', `/v1/users?limit=500${users.map((id) => `&user_id=${id}`).join('')}`));
}

function collateral(world: DrillWorld): readonly string[] {
  return world
    .facts()
    .concerned.flatMap(({ id, role, effects }) => (role !== 'compromised' && effects.length > 0 ? [id] : []));
}

test('finds what was added since, and passkeys used since apart, with what says so', async () => {
  const { world, users, since, run } = await startDrill();
  const output = await run().run(findAddedCredentials, { users: [...users, STRANGER], since });
  const items = output.items as JsonObject[];
  const planted = must(world.facts().attackerCredentials);
  const isPasskey = ({ kind }: { readonly kind: string }): boolean => kind === 'passkey';
  expect(items.map(({ id }) => id).sort()).toEqual(
    planted
      .filter((one) => !isPasskey(one))
      .map(({ id }) => id)
      .sort(),
  );
  expect((output.undated as JsonObject[]).map(({ id }) => id).sort()).toEqual(
    planted
      .filter(isPasskey)
      .map(({ id }) => id)
      .sort(),
  );
  expect(items.every(({ evidence }) => /^added \d{4}-/.test(String(evidence)))).toBe(true);
  expect(output).toMatchObject({ unknown: [STRANGER] });
  expect(output.users).toHaveLength(4);
  expect(world.changeRequests()).toEqual([]);
});

test('finds nothing that was there before', async () => {
  const { world, users, run } = await startDrill();
  const since = new Date(world.startedAt).toISOString();
  const output = await run().run(findAddedCredentials, { users: [...users], since });
  expect(output).toMatchObject({ items: [], undated: [], users: [], primary: 0, unknown: [] });
});

test.for(TROUBLES)('removes what was found, and nothing else, although %s', async ([, faults, choices]) => {
  const { world, users, since, run } = await startDrill(faults, choices);
  const found = await run().run(findAddedCredentials, { users: [...users], since });
  const items = [...(found.items as JsonObject[]), ...(found.undated as JsonObject[])].filter(
    ({ isPrimary }) => isPrimary !== true,
  );
  const output = await run().run(removeCredentials, { items });
  expect(output).toMatchObject({ removed: items.length, alreadyGone: 0, kept: [], failed: [], unknown: [] });
  const left = must(world.facts().attackerCredentials).map(({ id }) => id);
  expect(left.filter((id) => items.some((item) => item.id === id))).toEqual([]);
  const removed = world.facts().concerned.flatMap(({ effects }) => effects.map(({ target }) => target));
  expect(removed.sort()).toEqual(items.map(({ id }) => id).sort());
  expect(collateral(world)).toEqual([]);
});

test('keeps the primary address unless it is asked for, and says that a removed one is gone', async () => {
  const { world, users, run } = await startDrill();
  const [user] = await read(world, [must(users[0])]);
  const primary = { user: must(users[0]), kind: 'email-address', id: String(user?.primary_email_address_id) };
  const kept = await run().run(removeCredentials, { items: [primary] });
  expect(kept).toMatchObject({ removed: 0, kept: [`${primary.user}/${primary.id}`] });
  expect(world.changeRequests()).toEqual([]);
  const output = await run().run(removeCredentials, { items: [primary], includePrimary: true });
  expect(output).toMatchObject({ removed: 1, kept: [] });
  const again = await run().run(removeCredentials, { items: [primary] });
  expect(again).toMatchObject({ removed: 0, alreadyGone: 1 });
});

test('a last address that Clerk does not let go of is named as failed, and the others are done', async () => {
  const { world, users, run } = await startDrill();
  const [first, last] = [must(users[0]), must(users.at(-1))];
  const list = await read(world, [first, last]);
  const items = list.map((user) => ({
    user: String(user.id),
    kind: 'email-address',
    id: String(user.primary_email_address_id),
  }));
  const output = await run().run(removeCredentials, { items, includePrimary: true });
  const refused = must(items.find(({ user }) => user === last));
  expect(output).toMatchObject({ removed: 1, failed: [`${last}/${refused.id}`] });
});

test.for(TROUBLES)('takes all second factors of users away although %s', async ([, faults, choices]) => {
  const { world, users, run } = await startDrill(faults, choices);
  const before = await read(world, users);
  const withCodes = before.filter((user) => user.totp_enabled === true || user.backup_code_enabled === true);
  const output = await run().run(removeMfa, { users: [...users] });
  expect(withCodes.length).toBeGreaterThan(0);
  expect(output).toMatchObject({
    removed: withCodes.length,
    alreadyWithout: COMPROMISED - withCodes.length,
    phonesReleased: reservedPhones(before).length,
    failed: [],
    unknown: [],
  });
  const after = await read(world, users);
  expect(after.filter((user) => user.two_factor_enabled === true)).toEqual([]);
  expect(collateral(world)).toEqual([]);
});

function reservedPhones(users: readonly JsonObject[]): readonly string[] {
  return users.flatMap(({ id, phone_numbers: phones }) =>
    (phones as JsonObject[]).flatMap((phone) =>
      phone.reserved_for_second_factor === true ? [`${String(id)}/${String(phone.id)}`] : [],
    ),
  );
}

test('what it took of phone numbers is given back by its inverse, and refused where the number is gone', async () => {
  const { world, users, run } = await startDrill();
  const phones = reservedPhones(await read(world, users));
  expect(phones.length).toBeGreaterThan(1);
  const taking = run();
  await taking.run(removeMfa, { users: [...users] });
  expect(reservedPhones(await read(world, users))).toEqual([]);
  const gone = must(phones[0]);
  await outside(world, 'DELETE', `/v1/phone_numbers/${must(gone.split('/')[1])}`);
  const output = await run().run(restorePhoneFactors, { phones: [...phones] });
  expect(output).toEqual({ restored: phones.length - 1, already: 0, failed: [gone] });
  expect(reservedPhones(await read(world, users))).toEqual(phones.slice(1));
});

test('takes authenticator apps alone, or backup codes alone', async () => {
  const { world, users, run } = await startDrill();
  const before = await read(world, users);
  const backups = before.filter((user) => user.backup_code_enabled === true).length;
  await run().run(removeMfa, { users: [...users, STRANGER], what: 'totp' });
  const between = await read(world, users);
  expect(between.filter((user) => user.totp_enabled === true)).toEqual([]);
  expect(between.filter((user) => user.backup_code_enabled === true)).toHaveLength(backups);
  const output = await run().run(removeMfa, { users: [...users, STRANGER], what: 'backup_code' });
  expect(output).toMatchObject({ removed: backups, phonesReleased: 0, unknown: [STRANGER] });
  expect(reservedPhones(await read(world, users))).toEqual(reservedPhones(before));
});

async function devicesOf(world: DrillWorld, users: readonly string[]): Promise<number> {
  let count = 0;
  for (const id of users) {
    const { body } = await outside(world, 'GET', `/v1/users/${id}/trusted_devices`);
    count += Number((body as JsonObject).total_count);
  }
  return count;
}

test.for(TROUBLES)('revokes trusted devices until none is left although %s', async ([, faults, choices]) => {
  const { world, users, run } = await startDrill(faults, choices);
  const before = await devicesOf(world, users);
  expect(before).toBeGreaterThan(1);
  const output = await run().run(revokeTrustedDevices, { users: [...users, STRANGER] });
  expect(output).toMatchObject({ users: COMPROMISED + 1, revoked: before, remaining: 0, unknown: [STRANGER] });
  expect(await devicesOf(world, users)).toBe(0);
  expect(collateral(world)).toEqual([]);
});

test('one user whose trusted devices Clerk does not list keeps nobody else trusted', async () => {
  const { world, users, run } = await startDrill([
    fault('GET', '/v1/users/*/trusted_devices', { kind: 'error', status: 403, count: 1 }),
  ]);
  const work = run().run(revokeTrustedDevices, { users: [...users] });
  const thrown = await work.catch((error: unknown) => String(error));
  const refused = must(/trusted devices of user (user_\w+) could not be read.*403/.exec(String(thrown))?.[1]);
  expect(
    await devicesOf(
      world,
      users.filter((id) => id !== refused),
    ),
  ).toBe(0);
});

test('an action says which call on whom Clerk refused, with its code and trace', async () => {
  const { run, users } = await startDrill([fault('DELETE', '/v1/users/*/mfa', { kind: 'error' })]);
  await expect(run().run(removeMfa, { users: [...users] })).rejects.toThrow(
    /DELETE \/users\/\{id\}\/mfa \(user_\w+\) answered 500.*\[trace [0-9a-f]{32}\]/,
  );
});

test('plans name every target and send nothing', async () => {
  const { world, users, since, run } = await startDrill();
  const found = await run().run(findAddedCredentials, { users: [...users], since });
  const runs = [run({ planning: true }), run({ planning: true }), run({ planning: true })] as const;
  await runs[0].run(removeCredentials, { items: found.items as JsonObject[], includePrimary: true });
  await runs[1].run(removeMfa, { users: [...users] });
  await runs[2].run(revokeTrustedDevices, { users: [...users] });
  expect(world.changeRequests()).toEqual([]);
  for (const one of runs) {
    expect([...one.results.values()].filter(({ outcome }) => outcome === 'planned').length).toBeGreaterThan(1);
  }
});

test("a protected user's ways in stay", async () => {
  const { world, users, since, run } = await startDrill();
  const user = must(users[0]);
  const found = await run().run(findAddedCredentials, { users: [...users], since });
  const options = { protectedIds: [user] };
  await run(options).run(removeCredentials, { items: found.items as JsonObject[] });
  await run(options).run(removeMfa, { users: [...users] });
  await run(options).run(revokeTrustedDevices, { users: [...users] });
  const touched = world.facts().concerned.filter(({ effects }) => effects.length > 0);
  expect(touched.some(({ id }) => id === user)).toBe(false);
  expect(touched.length).toBeGreaterThan(0);
});
