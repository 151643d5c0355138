import { expect, test } from 'vitest';
import statuspage from '../../../actions/notify/statuspage.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { must, scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { appOf, call } from '../../drill/services/app-world.ts';
import { byPath, dryRun } from '../../run/preview/dry-run.ts';
import { serve } from '../local-server.ts';
import { journalText, notifying, outcomesOf, outputOf, ownTemplates, stepOf } from './setup.ts';

const notify = notifying(statuspage);

async function drill(faults: readonly JsonObject[] = []) {
  const world = await startTestWorld({
    scenario: scenarioWith({ services: { statuspage: {} } }, { faults: [...faults] }),
  });
  const { STATUSPAGE_API_URL, STATUSPAGE_TOKEN, STATUSPAGE_PAGE_ID } = world.env;
  const env = {
    STATUSPAGE_API_URL: must(STATUSPAGE_API_URL),
    STATUSPAGE_TOKEN: must(STATUSPAGE_TOKEN),
    STATUSPAGE_PAGE_ID: must(STATUSPAGE_PAGE_ID),
  };
  const incidents = async (): Promise<readonly JsonObject[]> => {
    const response = await fetch(`${env.STATUSPAGE_API_URL}/pages/${env.STATUSPAGE_PAGE_ID}/incidents`, {
      headers: { Authorization: `OAuth ${env.STATUSPAGE_TOKEN}` },
    });
    return (await response.json()) as JsonObject[];
  };
  return { world, env, incidents };
}

const START = {
  title: 'Sign-in fails',
  severity: 'P1',
  data: { impact: 'New sign-ins fail.' },
  incident: 'outage',
  components: [{ component: 'Sign-in', status: 'major_outage' }],
};

test('users are told, kept informed and told that it is over, in one incident', async () => {
  const { env, incidents, world } = await drill();
  const opened = await notify.run(START, { env });
  expect([opened.end.status, outcomesOf(opened)]).toEqual(['done', [[`${env.STATUSPAGE_PAGE_ID}/outage`, 'done']]]);
  expect(outputOf(opened)).toMatchObject({ posted: true, status: 'investigating', notOperational: ['Sign-in'] });
  const update = { title: 'x', stage: 'update', status: 'monitoring', text: 'A fix is out.', incident: 'outage' };
  expect((await notify.run(update, { env })).end.status).toBe('done');
  const over = await notify.run(
    { ...START, stage: 'resolved', components: [{ component: 'Sign-in', status: 'operational' }] },
    { env },
  );
  expect(outputOf(over)).toMatchObject({ posted: true, status: 'resolved', notOperational: [] });
  expect(await incidents()).toMatchObject([
    {
      name: 'Sign-in fails',
      status: 'resolved',
      impact: 'critical',
      components: [{ name: 'Sign-in', status: 'operational' }],
      incident_updates: [
        { status: 'resolved', body: expect.stringMatching(/^This is resolved/) },
        { status: 'monitoring', body: 'A fix is out.' },
        { status: 'investigating', body: expect.stringMatching(/^New sign-ins fail\.\n\nWe are working on it\.$/) },
      ],
    },
  ]);
  expect(appOf(world).messages.statuspage).toBe(3);
});

test.for(['POST', 'PATCH'])('a %s whose answer was lost is looked up, not posted again', async (method) => {
  const { env, incidents } = await drill([{ match: { server: 'statuspage', method }, kind: 'drop-answer', count: 1 }]);
  const opened = await notify.run(START, { env });
  const updated = await notify.run({ ...START, stage: 'update' }, { env });
  expect([opened.end.status, updated.end.status]).toEqual(['done', 'done']);
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(incident?.incident_updates).toHaveLength(2);
  expect(outputOf(updated)).toMatchObject({ posted: true, status: 'identified' });
});

test('what stands there already is not posted again', async () => {
  const { env, incidents } = await drill();
  await notify.run(START, { env });
  const again = await notify.run(START, { env });
  expect([again.end.status, outcomesOf(again)[0]?.[1]]).toEqual(['done', 'already']);
  expect((await incidents())[0]?.incident_updates).toHaveLength(1);
});

test('the rate limit and an error of the server are waited out', async () => {
  const { env, incidents } = await drill([
    { match: { server: 'statuspage', method: 'POST' }, kind: 'rate-limit', count: 1, retryAfterSeconds: 0 },
    { match: { server: 'statuspage', method: 'POST' }, kind: 'error', count: 1, afterRequests: 1 },
  ]);
  const started = await notify.run(START, { env });
  expect([started.end.status, (await incidents()).length]).toEqual(['done', 1]);
});

test('an update without an incident, and a component that there is not, are refused with what to do', async () => {
  const { env } = await drill();
  const why = async (fields: JsonObject): Promise<unknown> =>
    (await notify.run(fields, { env })).state.steps.get('tell')?.error?.message;
  expect(await why({ title: 'T', stage: 'update' })).toMatch(
    /no incident of the key .*: post it with `stage: start` first/,
  );
  expect(await why({ ...START, components: [{ component: 'Checkout', status: 'operational' }] })).toMatch(
    /no component "Checkout"; it has Sign-in, Dashboard, API/,
  );
});

test('a wrong token is refused for good, and stands nowhere', async () => {
  const { env } = await drill();
  const wrong = 'f00dfacef00dfacef00dface';
  const started = await notify.run(START, { env: { ...env, STATUSPAGE_TOKEN: wrong } });
  expect(started.end.status).toBe('failed');
  expect(started.state.steps.get('tell')?.error?.message).toMatch(/answered 401: .*is STATUSPAGE_TOKEN a key/);
  expect(await journalText(notify.world(), started.runId)).not.toContain(wrong);
});

test('a page that tells no metadata: the incident of this name since the run began is found', async () => {
  const made: JsonObject[] = [];
  const writes: string[] = [];
  const url = await serve((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'GET') return void response.end(JSON.stringify(made));
    writes.push(`${request.method}`);
    const createdAt = new Date(Date.now() + 1000).toISOString();
    const incident = { id: 'i1', name: 'Sign-in fails', status: 'investigating', created_at: createdAt };
    if (request.method === 'POST') made.push(incident);
    if (writes.length === 1) response.destroy();
    else response.end(JSON.stringify(incident));
  });
  const env = { STATUSPAGE_API_URL: url, STATUSPAGE_TOKEN: 'token-of-the-page', STATUSPAGE_PAGE_ID: 'p1' };
  const { components: _none, ...start } = START;
  const started = await notify.run(start, { env });
  expect([started.end.status, writes]).toEqual(['done', ['POST', 'PATCH']]);
});

test('a plan reads the page and posts nothing', async () => {
  const { env, incidents, world } = await drill();
  const plan = await dryRun(stepOf(statuspage, START), { actions: [statuspage], env, templateSource: ownTemplates });
  expect(byPath(plan).get('tell')?.action?.changes).toMatchObject([
    {
      kind: 'statuspage-incident',
      verb: 'open',
      outcome: 'planned',
      targets: [{ id: `${env.STATUSPAGE_PAGE_ID}/outage` }],
    },
  ]);
  expect(await incidents()).toEqual([]);
  expect(appOf(world).messages.statuspage).toBe(0);
});

test('the API in the drill refuses what is no status, no component, no token', async () => {
  const { env } = await drill();
  const path = `/pages/${env.STATUSPAGE_PAGE_ID}/incidents`;
  expect((await call(env.STATUSPAGE_API_URL, env.STATUSPAGE_TOKEN, ['GET', path])).status).toBe(401); // "Bearer" is not its word
  const post = async (incident: JsonObject) =>
    fetch(`${env.STATUSPAGE_API_URL}${path}`, {
      method: 'POST',
      headers: { Authorization: `OAuth ${env.STATUSPAGE_TOKEN}` },
      body: JSON.stringify({ incident }),
    });
  for (const wrong of [
    {},
    { name: 'x', status: 'bad' },
    { name: 'x', components: { nope: 'operational' } },
    { name: 'x', metadata: { a: 1 } },
  ])
    expect((await post(wrong)).status).toBe(422);
  expect((await post({ name: 'x', body: 'y' })).status).toBe(201);
});
