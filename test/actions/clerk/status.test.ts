import { expect, test } from 'vitest';
import status from '../../../actions/clerk/status.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { FakeClock, fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

/** A page that answers at one path and nowhere else. */
function page(path: string, body: object): Promise<string> {
  return serve((request, response) => {
    if (request.url === path) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    else response.writeHead(404).end();
  });
}
const read = (url: string, more: JsonObject = {}): Promise<JsonObject> => fakeRun().run(status, { url, ...more });
const SUMMARY = '/api/v2/summary.json';

test('reads the Statuspage form with components, incidents, maintenances and the time of the last change', async () => {
  const url = await page(SUMMARY, {
    page: { updated_at: '2026-11-24T02:55:00.000Z' },
    status: { indicator: 'major' },
    components: [
      { id: 'g', name: 'Sign-in', status: 'partial_outage', group: true },
      { name: 'eu', status: 'partial_outage', group_id: 'g' },
      { name: 'Billing', status: 'operational' },
    ],
    incidents: [
      { name: 'Sign-ins fail', status: 'investigating', impact: 'major', started_at: '2026-11-24T02:50:00Z' },
      { name: 'Old', status: 'resolved', impact: 'critical' },
    ],
    scheduled_maintenances: [
      { name: 'Database', status: 'in_progress', scheduled_until: '2026-11-24T04:00:00Z' },
      { name: 'Later', status: 'scheduled' },
    ],
  });
  expect(await read(`${url}/`)).toEqual({
    known: true,
    page: 'read',
    indicator: 'major',
    signIn: 'degraded',
    source: SUMMARY,
    components: [
      { name: 'eu', status: 'partial_outage', state: 'partial-outage', role: 'sign-in' },
      { name: 'Billing', status: 'operational', state: 'operational', role: 'other' },
    ],
    affected: ['eu'],
    incidents: [
      {
        name: 'Sign-ins fail',
        status: 'investigating',
        impact: 'major',
        startedAt: '2026-11-24T02:50:00.000Z',
        components: [],
      },
    ],
    maintenances: [{ name: 'Database', status: 'in_progress', endsAt: '2026-11-24T04:00:00.000Z' }],
    updatedAt: '2026-11-24T02:55:00.000Z',
    ageMinutes: 5,
    isStale: false,
    summary:
      'The status page says major: signing in is degraded; not well: eu; incident "Sign-ins fail" (investigating); ' +
      'maintenance "Database"; last changed 5 minutes ago',
  });
});

test.for<[string, object, string, string]>([
  ['/api/v2/status.json', { status: { indicator: 'none' } }, 'none', 'operational'],
  ['/api/v2/status.json', { status: { indicator: 'major' } }, 'major', 'unknown'],
  ['/api/v1/summary', { ongoing_incidents: [], in_progress_maintenances: [] }, 'none', 'operational'],
  [
    '/api/v1/summary',
    { ongoing_incidents: [{ name: 'x', current_worst_impact: 'full_outage' }] },
    'critical',
    'unknown',
  ],
  ['/api/v1/summary', { ongoing_incidents: [], in_progress_maintenances: [{}] }, 'maintenance', 'unknown'],
  ['/summary.json', { page: { status: 'UP' } }, 'none', 'operational'],
  ['/summary.json', { page: { status: 'HASISSUES' } }, 'unknown', 'unknown'],
  ['/summary.json', { page: { status: 'UNDERMAINTENANCE' } }, 'maintenance', 'unknown'],
  [
    '/summary.json',
    { page: { status: 'HASISSUES' }, activeIncidents: [{ name: 'Logins fail', impact: 'MAJOROUTAGE' }] },
    'critical',
    'down',
  ],
  ['/api/v1/status.json', { status: { indicator: 'none' } }, 'none', 'operational'],
  ['/api/v1/status', { status: { indicator: 'minor' } }, 'minor', 'unknown'],
])('finds the page at %s and reads %o as %s, and signing in as %s', async ([path, body, indicator, signIn]) => {
  expect(await read(await page(path, body))).toMatchObject({ known: true, indicator, signIn, source: path });
});

test('asks the forms in their order, and none after one that gave a status', async () => {
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url);
    if (request.url === '/summary.json') response.end('{"page":{"status":"UP"}}');
    else response.writeHead(500).end();
  });
  await read(url);
  expect(asked).toEqual([SUMMARY, '/api/v2/status.json', '/api/v1/summary', '/summary.json']);
});

const red = (name: string, status = 'major_outage'): JsonObject => ({ name, status });
const well = (name: string): JsonObject => red(name, 'operational');
const NEEDED = [well('User and authentication'), well('Session management')];
const incident = (name: string, components?: string[]): JsonObject => ({
  name,
  status: 'investigating',
  impact: 'major',
  ...(components === undefined ? {} : { components: components.map((one) => ({ name: one })) }),
});

test.for<[string, JsonObject, string]>([
  ['only billing is down', { components: [...NEEDED, red('Billing')] }, 'operational'],
  [
    'webhooks and machines are down',
    { components: [...NEEDED, red('Webhooks'), red('Machine authentication')] },
    'operational',
  ],
  ['codes by text are late', { components: [...NEEDED, red('SMS delivery', 'degraded_performance')] }, 'operational'],
  ['authentication is down', { components: [red('User and authentication'), well('Billing')] }, 'down'],
  ['sessions are slow', { components: [red('Session management', 'degraded_performance')] }, 'degraded'],
  [
    'authentication is under maintenance',
    { components: [red('User and authentication', 'under_maintenance')] },
    'maintenance',
  ],
  ['a state is not known', { components: [red('User and authentication', 'on_fire')] }, 'unknown'],
  ['a component with a name that says nothing is down', { components: [...NEEDED, red('Edge network')] }, 'unknown'],
  [
    'an incident names nothing and nothing is red',
    { components: NEEDED, incidents: [incident('Elevated errors')] },
    'unknown',
  ],
  [
    'an incident names nothing beside what is red',
    { components: [...NEEDED, red('Billing')], incidents: [incident('Errors')] },
    'operational',
  ],
  [
    'an incident is about sign-ins and nothing is red yet',
    { components: NEEDED, incidents: [incident('Sign-ins fail')] },
    'degraded',
  ],
  [
    'an incident is about machines',
    { components: [...NEEDED, red('Billing')], incidents: [incident('M2M authentication fails')] },
    'operational',
  ],
  ['an incident hits billing', { components: NEEDED, incidents: [incident('Errors', ['Billing'])] }, 'operational'],
  [
    'an incident hits sessions',
    { components: NEEDED, incidents: [incident('Errors', ['Session management'])] },
    'degraded',
  ],
  ['it reports trouble and shows none', { components: NEEDED }, 'unknown'],
])('of signing in, a red page says what it says of that: %s', async ([, body, signIn]) => {
  const url = await page(SUMMARY, { status: { indicator: 'major' }, ...body });
  expect(await read(url)).toMatchObject({ indicator: 'major', signIn });
});

test('an app that signs in by text messages says so', async () => {
  const url = await page(SUMMARY, { status: { indicator: 'minor' }, components: [...NEEDED, red('SMS delivery')] });
  expect(await read(url, { signInComponents: ['sms delivery'] })).toMatchObject({ signIn: 'down' });
});

test('a page that says all is well beside an open incident is not taken at its word', async () => {
  const body = { status: { indicator: 'none' }, components: NEEDED, incidents: [incident('Sign-ins fail')] };
  expect(await read(await page(SUMMARY, body))).toMatchObject({ indicator: 'major', signIn: 'degraded' });
});

test.for<[number, boolean]>([
  [30, false],
  [31, true],
])('a page that was last changed %i minutes ago is stale: %s', async ([minutes, isStale]) => {
  const clock = new FakeClock();
  const updated = new Date(clock.now() - minutes * 60_000).toISOString();
  const url = await page(SUMMARY, { page: { updated_at: updated }, status: { indicator: 'none' } });
  expect(await fakeRun({}, clock).run(status, { url })).toMatchObject({ isStale, ageMinutes: minutes });
});

test('an HTML page, a redirect loop and an unknown shape are not known, with the reason, and never all good', async () => {
  const url = await serve((request, response) => {
    if (request.url === SUMMARY)
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>All Systems Operational');
    else if (request.url === '/api/v2/status.json') response.writeHead(302, { location: '/api/v2/status.json' }).end();
    else response.writeHead(200).end(JSON.stringify({ status: 'ok' }));
  });
  expect(await read(url)).toMatchObject({
    known: false,
    page: 'unreadable',
    indicator: 'unknown',
    signIn: 'unknown',
    source: '',
    why: expect.stringMatching(
      /^\/api\/v2\/summary\.json: an HTML page; .*status\.json: redirects in a loop.*\/api\/v1\/status: JSON of an unknown shape$/,
    ),
  });
});

test.for<[string, object]>([
  ['an indicator that is not known', { status: { indicator: 'fine' } }],
  ['a status of another kind', { page: { status: 'OKAY' } }],
  ['a list', []],
])('%s is not taken for a good one', async ([, body]) => {
  expect(await read(await page(SUMMARY, body))).toMatchObject({ known: false, page: 'unreadable', signIn: 'unknown' });
});

test('a page that nobody serves is unreachable, and asked once', async () => {
  expect(await read(await urlOfNobody())).toMatchObject({
    known: false,
    page: 'unreachable',
    indicator: 'unknown',
    why: expect.stringMatching(/^\/api\/v2\/summary\.json: .*ECONNREFUSED[^;]*$/),
  });
});

test('connections that break off twice are enough', async () => {
  let asked = 0;
  const url = await serve((request) => {
    asked++;
    request.socket.destroy();
  });
  expect(await read(url)).toMatchObject({ known: false, page: 'unreachable' });
  expect(asked).toBe(2);
});

test('an aborted step is not taken for a page that is down', async () => {
  const stopped = fakeRun();
  const url = await serve(() => stopped.abort.abort(new Error('paused')));
  await expect(stopped.run(status, { url })).rejects.toThrow('paused');
});

test('asks the address in CLERK_STATUS_URL where none is given', async () => {
  const url = await page('/summary.json', { page: { status: 'UNDERMAINTENANCE' } });
  expect(await fakeRun({ env: { CLERK_STATUS_URL: url } }).run(status, {})).toMatchObject({ indicator: 'maintenance' });
});

test.for<[string, JsonObject]>([
  ['statuspage', { known: true, indicator: 'critical', signIn: 'down', source: SUMMARY }],
  ['v1-summary', { known: true, indicator: 'critical', signIn: 'down', source: '/api/v1/summary' }],
  ['summary', { known: true, indicator: 'critical', signIn: 'unknown', source: '/summary.json' }],
  ['v1-status-json', { known: true, indicator: 'critical', signIn: 'unknown', source: '/api/v1/status.json' }],
  ['v1-status', { known: true, indicator: 'critical', signIn: 'unknown', source: '/api/v1/status' }],
  ['html', { known: false, page: 'unreadable', indicator: 'unknown' }],
  ['redirect-loop', { known: false, page: 'unreadable', indicator: 'unknown' }],
])("reads the drill's page in the form %s", async ([form, expected]) => {
  const scenario = scenarioWith({ statusPage: { indicator: 'critical', form } });
  const world = await startTestWorld({ scenario });
  expect(await fakeRun({ env: world.env }).run(status, {})).toMatchObject(expected);
});

test("a drill's page that is down says nothing of Clerk", async () => {
  const faults = [{ match: { server: 'status', path: '/**' }, kind: 'outage' }];
  const world = await startTestWorld({ scenario: scenarioWith({}, { faults }) });
  expect(await fakeRun({ env: world.env }).run(status, {})).toMatchObject({
    known: false,
    page: 'unreadable',
    why: expect.stringContaining('answered 503'),
  });
});
