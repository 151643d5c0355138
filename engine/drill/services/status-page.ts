// A status page in Statuspage's form: /api/v2/summary.json and /api/v2/status.json. It says what the scenario says, not
// what the emulator does: a real one lags too.
import type { HttpAnswer, HttpRequest } from '../http/server.ts';
import type { Indicator, WorldSpec } from '../scenario.ts';
import type { ServiceDefinition } from './service.ts';

const DESCRIPTIONS: { readonly [indicator in Indicator]: string } = {
  none: 'All Systems Operational',
  minor: 'Minor Service Outage',
  major: 'Partial System Outage',
  critical: 'Major Service Outage',
};
const COMPONENT_STATUS: { readonly [indicator in Indicator]: string } = {
  none: 'operational',
  minor: 'degraded_performance',
  major: 'partial_outage',
  critical: 'major_outage',
};
/** Components as Clerk's incidents name them; the first two are the ones an outage hits here. */
const COMPONENTS = [
  'User and authentication',
  'Session management',
  'Webhooks',
  'Email delivery',
  'SMS delivery',
  'Dashboard',
];
const AFFECTED_COMPONENTS = 2;

export const statusPageService: ServiceDefinition = {
  name: 'status',
  create: ({ scenario, startedAt }) => ({
    name: 'status',
    handler: createStatusPage(scenario.world.statusPage, startedAt),
  }),
  env: ({ url }) => ({ CLERK_STATUS_URL: url('status') }),
};

type StatusHandler = (request: HttpRequest) => HttpAnswer;

function createStatusPage(page: WorldSpec['statusPage'], updatedAt: number): StatusHandler {
  const { indicator } = page;
  const at = new Date(updatedAt).toISOString();
  const head = {
    page: {
      id: 'drill',
      name: 'Clerk (drill)',
      url: 'http://status.drill.localhost',
      time_zone: 'Etc/UTC',
      updated_at: at,
    },
    status: { indicator, description: DESCRIPTIONS[indicator] },
  };
  const summary = {
    ...head,
    components: COMPONENTS.map((name, index) => ({
      id: `component${index}`,
      name,
      status: index < AFFECTED_COMPONENTS ? COMPONENT_STATUS[indicator] : 'operational',
      updated_at: at,
    })),
    incidents:
      indicator === 'none'
        ? []
        : [
            {
              id: 'incident0',
              name: DESCRIPTIONS[indicator],
              status: 'investigating',
              impact: indicator,
              created_at: at,
              updated_at: at,
            },
          ],
    scheduled_maintenances: [],
  };
  const bodies = new Map([
    ['/api/v2/summary.json', JSON.stringify(summary)],
    ['/api/v2/status.json', JSON.stringify(head)],
  ]);
  return ({ path }) => {
    const body = bodies.get(path);
    if (body === undefined)
      return { status: 404, headers: { 'Content-Type': 'text/html' }, body: '<h1>Not found</h1>' };
    return { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body };
  };
}
