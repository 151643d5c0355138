import { expect, test } from 'vitest';
import revokeApiKeys from '../../../actions/clerk/revoke-api-keys.ts';
import revokeMachineTokens from '../../../actions/clerk/revoke-machine-tokens.ts';
import revokeTokens from '../../../actions/clerk/revoke-tokens.ts';
import { seededApiKeys } from '../../../engine/drill/population/api-keys.ts';
import { machineId } from '../../../engine/drill/population/machines.ts';
import { organizationId } from '../../../engine/drill/population/organizations.ts';
import type { Choices } from '../../../engine/drill/scenario.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { groundOf } from '../../drill/conformance/keys.ts';
import { ask, must } from '../../drill/helpers.ts';
import { fault, startKeyDrill } from './key-drill.ts';

const TROUBLES: readonly [string, readonly JsonObject[], Partial<Choices>][] = [
  ['nothing goes wrong', [], {}],
  ['a repeated revoke is refused', [], { repeatKeyRevoke: 'refuse', unknownKeySubject: 'refuse' }],
  [
    'answers are lost after the effect, and a repeat is refused',
    [fault('POST', '/v1/**', { kind: 'drop-answer', rate: 0.3 })],
    { repeatKeyRevoke: 'refuse' },
  ],
  ['a third of all calls is refused with 429', [fault('POST', '/v1/**', { kind: 'rate-limit', rate: 0.3 })], {}],
  ['a third of all calls fails with 500', [fault('POST', '/v1/**', { kind: 'error', rate: 0.3 })], {}],
  ['a fifth of all reads is cut off', [fault('GET', '/v1/**', { kind: 'reset', rate: 0.2 })], {}],
];

test.for(TROUBLES)("revokes users' and their organizations' API keys although %s", async ([, faults, choices]) => {
  const { world, run } = await startKeyDrill({ faults, choices });
  const ground = groundOf(world);
  const users = [...world.ground.compromised];
  const output = await run().run(revokeApiKeys, { users });
  expect(output).toMatchObject({ users: 6, organizations: 3, remaining: 0, unknown: [] });
  const subjects = [...users, ...[0, 1, 2].map((one) => organizationId(ground, one))];
  const active = subjects.flatMap((subject) => seededApiKeys(ground, subject)).filter((key) => !key.isRevokedAtStart);
  expect(Number(output.revoked) + Number(output.alreadyRevoked)).toBe(active.length);
  expect(must(world.facts().keys).attackerApiKeys.every(({ revokedAt }) => revokedAt !== null)).toBe(true);
  const touched = world.facts().concerned.filter(({ effects }) => effects.length > 0);
  expect(touched.filter(({ role }) => role !== 'compromised')).toEqual([]);
});

test('leaves keys of organizations alone where it is told to, but for those that are named', async () => {
  const { world, run } = await startKeyDrill();
  const ground = groundOf(world);
  const organization = organizationId(ground, 1);
  const users = world.ground.compromised.slice(0, 1);
  const output = await run().run(revokeApiKeys, { users, organizations: [organization], includeOrganizations: false });
  expect(output).toMatchObject({ organizations: 1 });
  const left = await ask(world, 'GET', `/v1/api_keys?subject=${organizationId(ground, 0)}`);
  expect(left.body).not.toMatchObject({ total_count: 0 });
  expect(await ask(world, 'GET', `/v1/api_keys?subject=${organization}`)).toMatchObject({ body: { total_count: 0 } });
});

test("a protected user's keys stay, and are counted as remaining", async () => {
  const { world, run } = await startKeyDrill();
  const [user, other] = world.ground.compromised;
  const output = await run({ protectedIds: [must(user)] }).run(revokeApiKeys, {
    users: [must(user), must(other)],
    includeOrganizations: false,
  });
  expect(Number(output.remaining)).toBeGreaterThan(0);
  const keys = must(world.facts().keys).attackerApiKeys;
  expect(keys.find(({ subject }) => subject === user)).toMatchObject({ revokedAt: null });
  expect(keys.find(({ subject }) => subject === other)?.revokedAt).not.toBeNull();
});

test('a user whom Clerk does not know is named', async () => {
  const { run } = await startKeyDrill({ choices: { unknownKeySubject: 'refuse' } });
  const stranger = `user_${'a'.repeat(27)}`;
  expect(await run().run(revokeApiKeys, { users: [stranger] })).toMatchObject({ unknown: [stranger], revoked: 0 });
});

test('fails, and says what is open, where revokes keep failing', async () => {
  const { run, world } = await startKeyDrill({ faults: [fault('POST', '/v1/api_keys/*/revoke', { kind: 'error' })] });
  const working = run().run(revokeApiKeys, { users: [...world.ground.compromised] });
  await expect(working).rejects.toThrow(/API keys are still accepted.*POST \/api_keys\/\{id\}\/revoke \(API key ak_/);
});

test.for(TROUBLES)('revokes the tokens of all machines although %s', async ([, faults, choices]) => {
  const { world, run } = await startKeyDrill({ faults, choices, keys: { tokensPerMachine: 130 } });
  const output = await run().run(revokeMachineTokens, {});
  expect(output).toMatchObject({ machines: 2, remaining: 0, unknown: [] });
  expect(Number(output.revoked) + Number(output.alreadyRevoked)).toBe(260);
  expect(output.notRevocable).toMatch(/JWT form cannot be listed or revoked.*billing \(mch_\w+\): /);
  expect(world.facts().keys?.machineTokens).toEqual({ atStart: 260, active: 0 });
});

test('revokes the tokens of given machines alone', async () => {
  const { world, run } = await startKeyDrill();
  const machines = [machineId(groundOf(world), 1), 'mch_none'];
  expect(await run().run(revokeMachineTokens, { machines })).toMatchObject({
    machines: 1,
    revoked: 13,
    unknown: ['mch_none'],
  });
  expect(world.facts().keys?.machineTokens).toEqual({ atStart: 26, active: 13 });
});

test.for(TROUBLES)('tells revoked, used and unknown tokens apart although %s', async ([, faults, choices]) => {
  const { world, run } = await startKeyDrill({ faults, choices });
  const issued = must(world.facts().keys).issuedTokens;
  const idsOf = (kind: string): string[] => issued.filter((one) => one.kind === kind).map(({ id }) => id);
  const used = issued.filter(({ isUsed }) => isUsed).map(({ id }) => id);
  const input = { signInTokens: [...idsOf('sign-in'), 'sit_none'], actorTokens: idsOf('actor') };
  const output = await run().run(revokeTokens, input);
  expect(output).toMatchObject({ unknown: ['sit_none'], remaining: 0 });
  // Of a used one whose first answer was lost nobody can tell more than that it is not pending.
  const notPending = new Set([output.notPending, output.uncertain].flat());
  expect(used.filter((id) => !notPending.has(id))).toEqual([]);
  expect(Number(output.revoked) + notPending.size).toBe(8);
  const after = must(world.facts().keys).issuedTokens;
  expect(after.every(({ isUsed, revokedAt }) => isUsed || revokedAt !== null)).toBe(true);
});

test('plans leave every key as it is', async () => {
  const { world, run } = await startKeyDrill();
  const users = [...world.ground.compromised];
  const keys = run({ planning: true });
  await keys.run(revokeApiKeys, { users });
  const tokens = run({ planning: true });
  await tokens.run(revokeMachineTokens, {});
  const issued = run({ planning: true });
  await issued.run(revokeTokens, { signInTokens: ['sit_1'], actorTokens: ['act_1'] });
  expect(world.changeRequests()).toEqual([]);
  for (const [one, least] of [
    [keys, 6],
    [tokens, 26],
    [issued, 2],
  ] as const) {
    const planned = [...one.results.values()].filter(({ outcome }) => outcome === 'planned');
    expect(planned.length).toBeGreaterThanOrEqual(least);
  }
});
