// What is shown, in the form of each kind of status page: path to body. Statuspage's form is documented
// (metastatuspage.com/api); the others are as facts about real pages name them (`ongoing_incidents`, `page.status`), and
// what surrounds those names is not verified.
import type { StatusPageSpec } from '../spec.ts';
import { DESCRIPTIONS, type Shown } from './shown.ts';

const PAGE_URL = 'http://status.drill.localhost';
type JsonForm = Exclude<StatusPageSpec['form'], 'html' | 'redirect-loop'>;

export function bodiesOf(form: JsonForm, shown: Shown): ReadonlyMap<string, unknown> {
  switch (form) {
    case 'statuspage': {
      const head = statuspageHead(shown);
      return new Map<string, unknown>([
        ['/api/v2/status.json', head],
        ['/api/v2/summary.json', { ...head, ...statuspageRest(shown) }],
      ]);
    }
    case 'v1-summary':
      return new Map([['/api/v1/summary', incidentSummary(shown)]]);
    case 'summary':
      return new Map([['/summary.json', instatusSummary(shown)]]);
    case 'v1-status-json':
      return new Map([['/api/v1/status.json', statuspageHead(shown)]]);
    case 'v1-status':
      return new Map([['/api/v1/status', statuspageHead(shown)]]);
    default:
      return form satisfies never;
  }
}

function statuspageHead({ indicator, updatedAt }: Shown): object {
  return {
    page: { id: 'drill', name: 'Clerk (drill)', url: PAGE_URL, time_zone: 'Etc/UTC', updated_at: iso(updatedAt) },
    status: { indicator, description: DESCRIPTIONS[indicator] },
  };
}

function statuspageRest({ indicator, updatedAt, components, incident }: Shown): object {
  return {
    components: components.map(({ name, status }, index) => ({
      id: `component${index}`,
      name,
      status,
      updated_at: iso(updatedAt),
    })),
    incidents:
      incident === undefined
        ? []
        : [
            {
              id: 'incident0',
              name: incident.name,
              status: incident.status,
              impact: indicator,
              created_at: iso(incident.startedAt),
              updated_at: iso(updatedAt),
            },
          ],
    scheduled_maintenances: [],
  };
}

function incidentSummary({ updatedAt, components, incident }: Shown): object {
  const affected = components.filter(({ status }) => status !== 'operational');
  return {
    page_title: 'Clerk (drill)',
    page_url: PAGE_URL,
    ongoing_incidents:
      incident === undefined
        ? []
        : [
            {
              id: 'incident0',
              name: incident.name,
              status: incident.status,
              url: `${PAGE_URL}/incidents/incident0`,
              last_update_at: iso(updatedAt),
              last_update_message: incident.name,
              current_worst_impact: affected[0]?.status ?? 'degraded_performance',
              affected_components: affected.map(({ name, status }, index) => ({
                id: `component${index}`,
                name,
                current_status: status,
              })),
            },
          ],
    in_progress_maintenances: [],
    scheduled_maintenances: [],
  };
}

function instatusSummary({ indicator, incident }: Shown): object {
  return {
    page: { name: 'Clerk (drill)', url: PAGE_URL, status: indicator === 'none' ? 'UP' : 'HASISSUES' },
    ...(incident === undefined
      ? {}
      : {
          activeIncidents: [
            {
              name: incident.name,
              started: iso(incident.startedAt),
              status: incident.status.toUpperCase(),
              impact: indicator === 'critical' ? 'MAJOROUTAGE' : 'PARTIALOUTAGE',
              url: `${PAGE_URL}/incident0`,
            },
          ],
        }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
