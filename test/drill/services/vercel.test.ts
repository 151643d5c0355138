import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { must, STARTED_AT, scenarioWith, startTestWorld, temporaryFile } from '../helpers.ts';
import { type ApiAnswer, appOf, call, startAppWorld } from './app-world.ts';
import { manualClock } from './manual-clock.ts';

function vercel(world: DrillWorld, method: string, path: string, body?: Json): Promise<ApiAnswer> {
  const { VERCEL_API_URL, VERCEL_TOKEN, VERCEL_PROJECT_ID } = world.env;
  return call(VERCEL_API_URL, VERCEL_TOKEN, [method, path.replace('{id}', must(VERCEL_PROJECT_ID)), body]);
}
const objectOf = ({ body }: ApiAnswer): JsonObject => body as JsonObject;
const listOf = (answer: ApiAnswer, name: string): readonly JsonObject[] => objectOf(answer)[name] as JsonObject[];
const envs = async (world: DrillWorld, query = '') =>
  listOf(await vercel(world, 'GET', `/v9/projects/{id}/env${query}`), 'envs');
const deployments = async (world: DrillWorld) =>
  listOf(await vercel(world, 'GET', '/v6/deployments?target=production'), 'deployments');
const health = async (world: DrillWorld) => (await fetch(`${world.appUrl}/api/health/clerk`)).status;

const WRONG_KEY = {
  app: { bad: { variables: { CLERK_SECRET_KEY: 'sk_live_of_another_instance' } } },
  services: { vercel: {} },
};

test('a wrong variable that is put right acts from the next deployment on, once that is ready', async () => {
  const clock = manualClock();
  const world = await startAppWorld(WRONG_KEY, { clock });
  expect(await health(world)).toBe(503);
  const variable = must((await envs(world, '?decrypt=true')).find(({ key }) => key === 'CLERK_SECRET_KEY'));
  expect(variable.value).toBe('sk_live_of_another_instance');
  const patched = await vercel(world, 'PATCH', `/v9/projects/{id}/env/${String(variable.id)}`, {
    value: world.secretKey,
  });
  expect(patched).toMatchObject({ status: 200, body: { key: 'CLERK_SECRET_KEY', value: '' } });
  expect(await health(world)).toBe(503);
  const made = objectOf(await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app', target: 'production' }));
  expect(made).toMatchObject({ readyState: 'BUILDING', target: 'production' });
  clock.advance(19_999);
  expect(await health(world)).toBe(503);
  clock.advance(1);
  expect(await health(world)).toBe(200);
  expect(objectOf(await vercel(world, 'GET', `/v13/deployments/${String(made.id)}`))).toMatchObject({
    readyState: 'READY',
  });
  expect(appOf(world)).toMatchObject({ health: 'healthy', downSince: STARTED_AT, restoredAt: STARTED_AT + 20_000 });
});

test('a roll-back brings the earlier deployment with its own variables; a promotion brings the later one again', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: { bad: { pages: 'failing' } }, services: { vercel: {} } }, { clock });
  const [bad, good] = await deployments(world);
  expect([bad?.readySubstate, good?.readySubstate]).toEqual(['PROMOTED', 'PROMOTED']);
  expect(must(bad).createdAt).toBe(STARTED_AT - 20 * 60_000);
  expect(await health(world)).toBe(500);
  expect((await vercel(world, 'POST', `/v1/projects/{id}/rollback/${String(good?.uid)}`)).status).toBe(201);
  expect(await health(world)).toBe(500);
  clock.advance(3000);
  expect(await health(world)).toBe(200);
  expect(appOf(world).deployment).toEqual({ id: good?.uid, code: 'good' });
  expect((await vercel(world, 'POST', `/v10/projects/{id}/promote/${String(bad?.uid)}`)).status).toBe(201);
  clock.advance(3000);
  expect(await health(world)).toBe(500);
  expect(objectOf(await vercel(world, 'GET', '/v9/projects/{id}'))).toMatchObject({
    targets: { production: { id: bad?.uid } },
    lastAliasRequest: { type: 'promote', toDeploymentId: bad?.uid, jobStatus: 'succeeded' },
  });
});

test('a deployment that has never seen production traffic is told from one that has', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: {}, services: { vercel: { buildSeconds: 5 } } }, { clock });
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  expect((await deployments(world)).map(({ state, readySubstate }) => [state, readySubstate])).toEqual([
    ['BUILDING', undefined],
    ['READY', 'PROMOTED'],
  ]);
  clock.advance(5000);
  expect((await deployments(world)).map(({ readySubstate }) => readySubstate)).toEqual(['PROMOTED', 'PROMOTED']);
});

test('the project says how far the last roll-back is', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: { bad: { pages: 'failing' } }, services: { vercel: {} } }, { clock });
  const project = async () => objectOf(await vercel(world, 'GET', '/v9/projects/{id}'));
  expect(await project()).toMatchObject({ lastAliasRequest: null });
  const [, good] = await deployments(world);
  await vercel(world, 'POST', `/v1/projects/{id}/rollback/${String(good?.uid)}`);
  const asked = { type: 'rollback', toDeploymentId: good?.uid };
  expect(await project()).toMatchObject({ lastAliasRequest: { ...asked, jobStatus: 'in-progress' } });
  clock.advance(3000);
  expect(await project()).toMatchObject({ lastAliasRequest: { ...asked, jobStatus: 'succeeded' } });
});

test('a roll-back holds although a build that was asked for before it ends later', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: { bad: { pages: 'failing' } }, services: { vercel: {} } }, { clock });
  const [, good] = await deployments(world);
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  await vercel(world, 'POST', `/v9/projects/{id}/rollback/${String(good?.uid)}`);
  clock.advance(60_000);
  expect(await health(world)).toBe(200);
  expect((await deployments(world)).map(({ state }) => state)).toEqual(['READY', 'READY', 'READY']);
});

test('a redeployment of the good code is good, one of the newest code is not', async () => {
  const clock = manualClock();
  const world = await startAppWorld(
    { app: { bad: { pages: 'failing' } }, services: { vercel: { buildSeconds: 0 } } },
    { clock },
  );
  const [, good] = await deployments(world);
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  expect(await health(world)).toBe(500);
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app', deploymentId: must(good?.uid) });
  expect(await health(world)).toBe(200);
});

test('the bypass is switched on by variables and a deployment, and off by taking them away', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: {}, services: { vercel: { buildSeconds: 1 } } }, { clock });
  const until = new Date(STARTED_AT + 3_600_000).toISOString();
  const secret = must(world.env.CLERK_EMERGENCY_BYPASS_SECRET);
  const values = {
    CLERK_EMERGENCY_BYPASS_UNTIL: until,
    CLERK_EMERGENCY_BYPASS_SIGNATURE: createHmac('sha256', secret).update(until).digest('base64url'),
  };
  for (const [key, value] of Object.entries(values)) {
    const variable = { key, value, type: 'encrypted', target: ['production'] };
    expect(await vercel(world, 'POST', '/v10/projects/{id}/env', variable)).toMatchObject({
      status: 201,
      body: { created: { key } },
    });
  }
  expect(appOf(world).bypassOn).toBe(false);
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  clock.advance(1000);
  expect(appOf(world).bypassOn).toBe(true);
  const one = must((await envs(world)).find(({ key }) => key === 'CLERK_EMERGENCY_BYPASS_UNTIL'));
  expect((await vercel(world, 'DELETE', `/v9/projects/{id}/env/${String(one.id)}`)).status).toBe(200);
  expect((await envs(world)).map(({ key }) => key)).not.toContain('CLERK_EMERGENCY_BYPASS_UNTIL');
  expect(appOf(world).bypassOn).toBe(true);
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  clock.advance(1000);
  expect(appOf(world).bypassOn).toBe(false);
});

test('the handler is paused by a variable too', async () => {
  const world = await startAppWorld({ app: {}, services: { vercel: { buildSeconds: 0 } } });
  await vercel(world, 'POST', '/v10/projects/{id}/env', {
    key: 'WEBHOOKS_PAUSED',
    value: '1',
    type: 'plain',
    target: 'production',
  });
  await vercel(world, 'POST', '/v13/deployments', { name: 'sample-app' });
  expect((await fetch(must(world.env.WEBHOOK_URL), { method: 'POST', body: '{}' })).status).toBe(503);
});

test('variables are listed without their values unless they are asked for, and no name is taken twice', async () => {
  const world = await startAppWorld({ services: { vercel: {} } });
  const list = await envs(world);
  expect(list.map(({ key }) => key)).toContain('CLERK_WEBHOOK_SIGNING_SECRET');
  expect(list.every(({ value }) => value === '')).toBe(true);
  const [first] = list;
  expect(objectOf(await vercel(world, 'GET', `/v1/projects/{id}/env/${String(first?.id)}`)).value).toBe(
    world.secretKey,
  );
  const again = { key: first?.key ?? '', value: 'x', type: 'encrypted', target: ['production'] };
  expect(await vercel(world, 'POST', '/v10/projects/{id}/env', again)).toMatchObject({
    status: 400,
    body: { error: { code: 'ENV_CONFLICT' } },
  });
  expect((await vercel(world, 'POST', '/v10/projects/{id}/env?upsert=true', again)).status).toBe(201);
  expect((await envs(world, '?decrypt=true')).filter(({ key }) => key === first?.key)).toMatchObject([
    { id: first?.id, value: 'x' },
  ]);
});

test('a wrong token, another project and unknown ids are refused, and change nothing', async () => {
  const world = await startAppWorld({ services: { vercel: {} } });
  const { VERCEL_API_URL, VERCEL_PROJECT_ID } = world.env;
  expect(await call(VERCEL_API_URL, 'wrong', ['GET', `/v9/projects/${VERCEL_PROJECT_ID}/env`])).toMatchObject({
    status: 403,
    body: { error: { code: 'forbidden' } },
  });
  expect((await vercel(world, 'GET', '/v9/projects/prj_other/env')).status).toBe(404);
  expect((await vercel(world, 'DELETE', '/v9/projects/{id}/env/none')).status).toBe(404);
  expect((await vercel(world, 'POST', '/v1/projects/{id}/rollback/dpl_none')).status).toBe(404);
  expect((await vercel(world, 'POST', '/v13/deployments', { deploymentId: 'dpl_none' })).status).toBe(404);
  const preview = { key: 'A', value: 'b', type: 'plain', target: ['preview'] };
  expect((await vercel(world, 'POST', '/v10/projects/{id}/env', preview)).status).toBe(400);
  expect(await deployments(world)).toHaveLength(1);
});

test('variables and deployments are there again after a restart', async () => {
  const clock = manualClock();
  const stateFile = temporaryFile();
  const first = await startWorld({ scenario: scenarioWith(WRONG_KEY), stateFile, clock });
  const variable = must((await envs(first)).find(({ key }) => key === 'CLERK_SECRET_KEY'));
  await vercel(first, 'PATCH', `/v9/projects/{id}/env/${String(variable.id)}`, { value: first.secretKey });
  await vercel(first, 'POST', '/v13/deployments', { name: 'sample-app' });
  await first.stop();
  clock.advance(20_000);
  const world = await startTestWorld({ scenario: undefined, stateFile, clock });
  expect(await health(world)).toBe(200);
  expect(await deployments(world)).toHaveLength(3);
});

test('a deployment that goes wrong while responders work is the newest, with its wrong variables in the project', async () => {
  const clock = manualClock();
  const stateFile = temporaryFile();
  const bad = { live: false, pages: 'failing', variables: { CLERK_SECRET_KEY: null } };
  const scenario = scenarioWith(
    { app: { bad }, services: { vercel: {} } },
    { timeline: [{ at: '60s', do: [{ what: 'app.break' }] }] },
  );
  const first = await startWorld({ scenario, stateFile, clock });
  expect(await health(first)).toBe(200);
  const [before, list] = [await deployments(first), await envs(first)];
  await first.stop();
  clock.advance(60_000);
  const world = await startTestWorld({ scenario: undefined, stateFile, clock });
  await expect.poll(() => health(world)).toBe(500);
  const after = await deployments(world);
  expect(after.map(({ createdAt }) => createdAt)).toEqual([STARTED_AT + 60_000, before[0]?.createdAt]);
  expect((await envs(world)).map(({ id }) => id)).toEqual(
    list.filter(({ key }) => key !== 'CLERK_SECRET_KEY').map(({ id }) => id),
  );
  await vercel(world, 'POST', `/v9/projects/{id}/rollback/${String(after[1]?.uid)}`);
  clock.advance(3000);
  expect(await health(world)).toBe(200);
});
