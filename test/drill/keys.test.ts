// The emulator's keys and tokens, over HTTP and through Clerk's own SDK.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createClerkClient } from '@clerk/backend';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { applicationIdOf } from '../../engine/drill/keys.ts';
import { seededApiKeys, subjectOfApiKey } from '../../engine/drill/population/api-keys.ts';
import { machineId, machineTokens } from '../../engine/drill/population/machines.ts';
import { organizationId, organizationsOf } from '../../engine/drill/population/organizations.ts';
import { type DrillWorld, startWorld } from '../../engine/drill/world.ts';
import { isJsonObject, type Json, type JsonObject } from '../../engine/json.ts';
import { groundOf, KEY_WORLD } from './conformance/keys.ts';
import { ask, must, scenarioWith, startTestWorld, temporaryFile, testClock } from './helpers.ts';

const PLATFORM_FILE = resolve(import.meta.dirname, '../../../shared/clerk/openapi/platform-beta.yml');

const startKeyWorld = (world: JsonObject = {}, options: Parameters<typeof startTestWorld>[0] = {}) =>
  startTestWorld({ scenario: scenarioWith({ keys: KEY_WORLD, ...world }), ...options });

const data = (body: Json): readonly JsonObject[] => {
  const list = isJsonObject(body) ? (body.data ?? body.m2m_tokens) : undefined;
  if (!Array.isArray(list)) throw new Error(`no list in ${JSON.stringify(body)}`);
  return list.filter(isJsonObject);
};

const rotate = (world: DrillWorld, body: JsonObject, instance = 'production') =>
  ask(
    world,
    'POST',
    `/v1/platform/applications/${applicationIdOf(world.seed)}/instances/${instance}/rotate_secret_keys`,
    body,
    world.env.CLERK_PLATFORM_TOKEN ?? 'none',
  );

test('an API key is found by its id, and by no id that is off by one digit', async () => {
  const ground = groundOf(await startKeyWorld());
  const users = Array.from({ length: 40 }, (_, user) => ground.population.idAt(user));
  const subjects = [...users, organizationId(ground, 0), organizationId(ground, 2)];
  const keys = subjects.flatMap((subject) => seededApiKeys(ground, subject));
  expect(keys.length).toBeGreaterThan(20);
  expect(new Set(keys.map((key) => key.id)).size).toBe(keys.length);
  for (const { id, subject } of keys) {
    expect(id).toMatch(/^ak_[0-9a-f]{32}$/);
    expect(subjectOfApiKey(ground, id)).toBe(subject);
    const wrong = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
    expect(subjectOfApiKey(ground, wrong)).toBeUndefined();
  }
});

test('lists ten machine tokens unless more are asked for, the newest first, and leaves revoked ones out', async () => {
  const world = await startKeyWorld();
  const machine = machineId(groundOf(world), 1);
  const first = await ask(world, 'GET', `/v1/m2m_tokens?subject=${machine}`);
  expect(data(first.body)).toHaveLength(10);
  expect(first.body).toMatchObject({ total_count: 13 });
  const [token] = data(first.body);
  await ask(world, 'POST', `/m2m_tokens/${String(token?.id)}/revoke`, { revocation_reason: 'incident' });
  const after = data((await ask(world, 'GET', `/v1/m2m_tokens?subject=${machine}&limit=100`)).body);
  expect(after).toHaveLength(12);
  const all = data((await ask(world, 'GET', `/v1/m2m_tokens?subject=${machine}&limit=100&revoked=true`)).body);
  expect(all.find(({ id }) => id === token?.id)).toMatchObject({ revoked: true, revocation_reason: 'incident' });
  expect(world.facts().keys?.machineTokens).toEqual({ atStart: 26, active: 25 });
});

test("knows the attacker's API keys, and when each was revoked", async () => {
  const clock = testClock();
  const world = await startKeyWorld({}, { clock });
  const keys = must(world.facts().keys).attackerApiKeys;
  expect(keys.map(({ subject }) => subject)).toEqual(world.ground.compromised.slice(0, 3));
  expect(keys.every(({ revokedAt }) => revokedAt === null)).toBe(true);
  clock.advance(5000);
  await ask(world, 'POST', `/v1/api_keys/${must(keys[0]).id}/revoke`, {});
  expect(must(world.facts().keys).attackerApiKeys[0]).toMatchObject({ revokedAt: world.startedAt + 5000 });
  const effects = world.facts().concerned.find(({ id }) => id === must(keys[0]).subject)?.effects;
  expect(effects).toEqual([expect.objectContaining({ kind: 'api-key-revoked', target: must(keys[0]).id })]);
});

test.for([
  ['accept', 200],
  ['refuse', 400],
] as const)('revoking twice is answered as the scenario chooses: %s', async ([repeatKeyRevoke, status]) => {
  const world = await startKeyWorld({ choices: { repeatKeyRevoke } });
  const ground = groundOf(world);
  const paths = [
    `/v1/api_keys/${must(must(world.facts().keys).attackerApiKeys[0]).id}/revoke`,
    `/v1/m2m_tokens/${must(machineTokens(ground, 0)[0]).id}/revoke`,
  ];
  for (const path of paths) {
    expect((await ask(world, 'POST', path, {})).status).toBe(200);
    expect((await ask(world, 'POST', path, {})).status).toBe(status);
  }
});

test.for([
  ['empty', 200],
  ['refuse', 404],
] as const)(
  'a subject that there is not is answered as the scenario chooses: %s',
  async ([unknownKeySubject, status]) => {
    const world = await startKeyWorld({ choices: { unknownKeySubject } });
    expect((await ask(world, 'GET', `/v1/api_keys?subject=user_${'a'.repeat(27)}`)).status).toBe(status);
  },
);

test('compromised users are members of an organization', async () => {
  const world = await startKeyWorld();
  const ground = groundOf(world);
  for (const user of ground.population.compromised) {
    const organizations = organizationsOf(ground, user).map((one) => organizationId(ground, one));
    expect(organizations.length).toBeGreaterThan(0);
    const answer = await ask(world, 'GET', `/v1/users/${ground.population.idAt(user)}/organization_memberships`);
    expect(data(answer.body).map(({ organization }) => isJsonObject(organization) && organization.id)).toEqual(
      organizations,
    );
  }
});

test("Clerk's SDK lists and revokes API keys and machine tokens", async () => {
  const world = await startKeyWorld();
  const client = createClerkClient({ secretKey: world.secretKey, apiUrl: world.apiUrl, telemetry: { disabled: true } });
  const attackers = must(must(world.facts().keys).attackerApiKeys[0]);
  const listed = await client.apiKeys.list({ subject: attackers.subject, limit: 100 });
  expect(listed.data.map(({ id }) => id)).toContain(attackers.id);
  expect(await client.apiKeys.revoke({ apiKeyId: attackers.id, revocationReason: 'leaked' })).toMatchObject({
    revoked: true,
    revocationReason: 'leaked',
  });
  const { data: machines } = await client.machines.list({});
  expect(machines).toHaveLength(2);
  const tokens = await client.m2m.list({ subject: must(machines[0]).id });
  expect(tokens.totalCount).toBe(13);
  await client.m2m.revokeToken({ m2mTokenId: must(tokens.data[0]).id });
  expect((await client.m2m.list({ subject: must(machines[0]).id })).totalCount).toBe(12);
  expect((await client.jwtTemplates.list()).data.map(({ name, lifetime }) => [name, lifetime])).toEqual([
    ['edge', 300],
    ['legacy', 2_592_000],
  ]);
});

test('after a rotation the old key is refused at once, the new one works, and the environment has it', async () => {
  const world = await startKeyWorld();
  const old = world.secretKey;
  expect(world.facts().keys?.exposedKey).toEqual({ isStillValid: true, refusedSince: null });
  const answer = await rotate(world, { delay_old_secrets_expiration_hours: 0, reason: 'leaked' });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ instances: [{ environment_type: 'production', secret_key: world.secretKey }] });
  expect(world.secretKey).not.toBe(old);
  expect(world.env.CLERK_SECRET_KEY).toBe(world.secretKey);
  const refused = await ask(world, 'GET', '/v1/instance', undefined, old);
  expect(refused).toMatchObject({ status: 401, body: { errors: [{ code: 'clerk_key_invalid' }] } });
  expect((await ask(world, 'GET', '/v1/instance')).status).toBe(200);
  expect(world.facts().keys?.exposedKey).toMatchObject({ isStillValid: false });
});

test.skipIf(!existsSync(PLATFORM_FILE))("a rotation's answer satisfies the Platform API's file", async () => {
  const { components } = parse(readFileSync(PLATFORM_FILE, 'utf8')) as { components: JsonObject };
  const ajv = new Ajv({ strict: false }).addSchema({ $id: 'platform', components });
  const validate = ajv.compile({ $ref: 'platform#/components/schemas/PlatformRotateSecretKeysResponse' });
  const { body } = await rotate(await startKeyWorld(), { delay_old_secrets_expiration_hours: 1 });
  expect(validate(body) ? [] : validate.errors).toEqual([]);
});

test('a delayed rotation lets both keys in until its hour has come', async () => {
  const clock = testClock();
  const world = await startKeyWorld({}, { clock });
  const old = world.secretKey;
  await rotate(world, { delay_old_secrets_expiration_hours: 2 });
  expect((await ask(world, 'GET', '/v1/instance', undefined, old)).status).toBe(200);
  expect((await ask(world, 'GET', '/v1/instance')).status).toBe(200);
  clock.advance(2 * 3_600_000);
  expect((await ask(world, 'GET', '/v1/instance', undefined, old)).status).toBe(401);
  expect(world.facts().keys?.exposedKey).toEqual({ isStillValid: false, refusedSince: clock.now() });
});

test('a world that is resumed after a rotation refuses the old key and has the new one', async () => {
  const stateFile = temporaryFile();
  const world = await startWorld({ scenario: scenarioWith({ keys: KEY_WORLD }), stateFile });
  const old = world.secretKey;
  await rotate(world, {});
  const current = world.secretKey;
  await world.stop();
  const resumed = await startTestWorld({ scenario: undefined, stateFile });
  expect(resumed.secretKey).toBe(current);
  expect((await ask(resumed, 'GET', '/v1/instance', undefined, old)).status).toBe(401);
});

test('each rotation makes another key', async () => {
  const world = await startKeyWorld();
  const keys = [world.secretKey];
  for (let i = 0; i < 3; i += 1) {
    await rotate(world, {});
    keys.push(world.secretKey);
  }
  expect(new Set(keys).size).toBe(4);
});

test('the Platform API takes its own token alone, and the right application and instance', async () => {
  const world = await startKeyWorld();
  const path = `/v1/platform/applications/${applicationIdOf(world.seed)}/instances/production/rotate_secret_keys`;
  expect((await ask(world, 'POST', path, {})).status).toBe(401);
  expect((await rotate(world, {}, 'development')).status).toBe(404);
  expect((await rotate(world, { delay_old_secrets_expiration_hours: -1 })).status).toBe(422);
  expect((await rotate(world, { extra: 1 })).status).toBe(422);
  const without = await startKeyWorld({ keys: { ...KEY_WORLD, hasPlatformAccess: false } });
  expect(without.env).not.toHaveProperty('CLERK_PLATFORM_TOKEN');
  expect((await rotate(without, {})).status).toBe(401);
  expect(world.changeRequests().filter(({ status }) => status === 200)).toEqual([]);
});

test("answers name the key that leaked, and what stands in the app's records", async () => {
  const words = { key: '$exposedKey', app: '$application', tokens: '$signInTokens', other: '$else' };
  const scenario = scenarioWith({ keys: KEY_WORLD }, { answers: { inputs: words } });
  const world = await startTestWorld({ scenario });
  const first = world.secretKey;
  await rotate(world, {});
  const tokens = must(world.facts().keys).issuedTokens.filter(({ kind }) => kind === 'sign-in');
  expect(world.answers.inputs).toEqual({
    key: first,
    app: world.env.CLERK_APPLICATION_ID,
    tokens: tokens.map(({ id }) => id),
    other: '$else',
  });
});
