import { expect, test } from 'vitest';
import status from '../../../actions/clerk/status.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';
import { serve } from '../local-server.ts';

/** A page that answers at one path and nowhere else. */
function page(path: string, body: object): Promise<string> {
  return serve((request, response) => {
    if (request.url === path) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    else response.writeHead(404).end();
  });
}
const read = (url: string): Promise<JsonObject> => fakeRun().run(status, { url });

test('reads the Statuspage form with components and incidents', async () => {
  const url = await page('/api/v2/summary.json', {
    status: { indicator: 'major' },
    components: [{ name: 'Webhooks', status: 'partial_outage' }],
    incidents: [
      { name: 'Sign-ins fail', status: 'investigating', impact: 'major', started_at: '2026-11-24T02:50:00Z' },
    ],
  });
  expect(await read(`${url}/`)).toEqual({
    indicator: 'major',
    source: '/api/v2/summary.json',
    components: [{ name: 'Webhooks', status: 'partial_outage' }],
    incidents: [{ name: 'Sign-ins fail', status: 'investigating', impact: 'major', startedAt: '2026-11-24T02:50:00Z' }],
  });
});

test.for<[string, object, string]>([
  ['/api/v2/status.json', { status: { indicator: 'none' } }, 'none'],
  ['/api/v1/summary', { ongoing_incidents: [], in_progress_maintenances: [] }, 'none'],
  ['/api/v1/summary', { ongoing_incidents: [{ name: 'x', current_worst_impact: 'full_outage' }] }, 'critical'],
  ['/api/v1/summary', { ongoing_incidents: [], in_progress_maintenances: [{}] }, 'maintenance'],
  ['/summary.json', { page: { status: 'UP' } }, 'none'],
  ['/summary.json', { page: { status: 'HASISSUES' } }, 'unknown'],
  [
    '/summary.json',
    { page: { status: 'HASISSUES' }, activeIncidents: [{ name: 'x', impact: 'MAJOROUTAGE' }] },
    'critical',
  ],
  ['/api/v1/status', { status: { indicator: 'minor' } }, 'minor'],
])('finds the page at %s and reads %o as %s', async ([path, body, indicator]) => {
  expect(await read(await page(path, body))).toMatchObject({ indicator, source: path });
});

test('an HTML page, a redirect loop and an unknown shape are an error and never all good', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/api/v2/summary.json')
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>All Systems Operational');
    else if (request.url === '/api/v2/status.json') response.writeHead(302, { location: '/api/v2/status.json' }).end();
    else response.writeHead(200).end(JSON.stringify({ status: 'ok' }));
  });
  await expect(read(url)).rejects.toThrow(
    /no status that can be read.*summary\.json: an HTML page.*status\.json: .*redirect.*\/api\/v1\/status: JSON of an unknown shape/,
  );
});

test('asks the address in CLERK_STATUS_URL where none is given', async () => {
  const url = await page('/summary.json', { page: { status: 'UNDERMAINTENANCE' } });
  expect(await fakeRun({ env: { CLERK_STATUS_URL: url } }).run(status, {})).toMatchObject({ indicator: 'maintenance' });
});
