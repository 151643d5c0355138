import { expect, test } from 'vitest';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { STARTED_AT, scenarioWith, startTestWorld, temporaryFile } from '../helpers.ts';
import { resumeAfter } from './app-world.ts';
import { manualClock } from './manual-clock.ts';

const FORMS = {
  '/api/v2/summary.json': 'statuspage',
  '/api/v2/status.json': 'statuspage',
  '/api/v1/summary': 'v1-summary',
  '/summary.json': 'summary',
  '/api/v1/status.json': 'v1-status-json',
  '/api/v1/status': 'v1-status',
};

async function read(world: DrillWorld, path: string): Promise<{ status: number; type: string; body: JsonObject }> {
  const response = await fetch(`${world.statusUrl}${path}`);
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  return { status: response.status, type, body: type.startsWith('application/json') ? JSON.parse(text) : { text } };
}

for (const form of new Set(Object.values(FORMS))) {
  test(`the form ${form} answers on its own paths and on no other`, async () => {
    const world = await startTestWorld({ scenario: scenarioWith({ statusPage: { indicator: 'major', form } }) });
    for (const [path, own] of Object.entries(FORMS)) {
      const { status, type } = await read(world, path);
      expect([path, status, type.split(';')[0]]).toEqual(
        own === form ? [path, 200, 'application/json'] : [path, 404, 'text/html'],
      );
    }
  });
}

test('each form says in its own words that something is wrong', async () => {
  const bodies: { [path: string]: JsonObject } = {};
  for (const [path, form] of Object.entries(FORMS)) {
    const world = await startTestWorld({ scenario: scenarioWith({ statusPage: { indicator: 'critical', form } }) });
    bodies[path] = (await read(world, path)).body;
  }
  expect(bodies).toMatchObject({
    '/api/v2/summary.json': {
      status: { indicator: 'critical' },
      components: expect.arrayContaining([expect.objectContaining({ name: 'Webhooks', status: 'operational' })]),
      incidents: [{ impact: 'critical', status: 'investigating' }],
    },
    '/api/v2/status.json': { status: { indicator: 'critical' } },
    '/api/v1/summary': { ongoing_incidents: [{ status: 'investigating' }], in_progress_maintenances: [] },
    '/summary.json': { page: { status: 'HASISSUES' } },
    '/api/v1/status.json': { status: { indicator: 'critical' } },
    '/api/v1/status': { status: { indicator: 'critical' } },
  });
});

test('a page for people answers HTML everywhere, and a redirect loop never arrives', async () => {
  const people = await startTestWorld({ scenario: scenarioWith({ statusPage: { form: 'html' } }) });
  expect(await read(people, '/api/v2/summary.json')).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  const loop = await startTestWorld({ scenario: scenarioWith({ statusPage: { form: 'redirect-loop' } }) });
  const response = await fetch(`${loop.statusUrl}/summary.json`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, '/summary.json']);
  await expect(fetch(`${loop.statusUrl}/summary.json`)).rejects.toThrow();
});

test('the page shows what it is told as much later as it lags, with the time at which the trouble began', async () => {
  const clock = manualClock();
  const stateFile = temporaryFile();
  const scenario = scenarioWith({ statusPage: { lagSeconds: 300 } });
  const told = {
    type: 'status.set',
    at: STARTED_AT + 10_000,
    by: 'world',
    indicator: 'major',
    components: { Webhooks: 'major_outage' },
    incident: { name: 'Webhooks are delayed', status: 'identified' },
  } as const;
  const first = await startWorld({ scenario, stateFile, clock });
  const world = await resumeAfter(first, told, { stateFile, clock });
  clock.advance(309_000);
  expect((await read(world, '/api/v2/status.json')).body).toMatchObject({ status: { indicator: 'none' } });
  clock.advance(1000);
  const { body } = await read(world, '/api/v2/summary.json');
  expect(body).toMatchObject({
    status: { indicator: 'major' },
    incidents: [{ name: 'Webhooks are delayed', status: 'identified', created_at: '2026-05-12T03:00:10.000Z' }],
  });
  expect(body.components).toContainEqual(expect.objectContaining({ name: 'Webhooks', status: 'major_outage' }));
  expect(body.components).toContainEqual(expect.objectContaining({ name: 'Dashboard', status: 'operational' }));
});
