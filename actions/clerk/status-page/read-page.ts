// The forms in which status pages answer, told by what they hold and not by where they were found. Pure.
// Which of them https://status.clerk.com serves is not verified, so the action tries them all. Statuspage's is documented
// (metastatuspage.com/api); of incident.io's and Instatus's, fields beyond those of their public examples are read only where
// they are there.
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import {
  type Component,
  type Incident,
  indicatorOf,
  type Maintenance,
  notBetterThan,
  type StatusPage,
  stateOf,
  worstOf,
} from './page.ts';

/** The page's facts, or undefined for a shape that is none of the known: never taken as "all good". */
export function readStatusPage(body: Json): StatusPage | undefined {
  if (!isJsonObject(body)) return undefined;
  return readStatuspage(body) ?? readIncidentIo(body) ?? readInstatus(body);
}

/** Atlassian Statuspage, /api/v2/summary.json and status.json: `status.indicator`. */
function readStatuspage(body: JsonObject): StatusPage | undefined {
  const said = isJsonObject(body.status) ? indicatorOf(textOf(body.status.indicator)) : undefined;
  if (said === undefined) return undefined;
  const incidents = openIncidents(body.incidents);
  const components = componentsOf(body.components);
  const maintenances = underWay(body.scheduled_maintenances);
  const updatedAt = isJsonObject(body.page) ? timeOf(body.page.updated_at) : undefined;
  const indicator = notBetterThan(said, incidents);
  return {
    indicator: indicator === 'none' && maintenances.length > 0 ? 'maintenance' : indicator,
    lists: components.length > 0 ? 'all' : 'none',
    components,
    incidents,
    maintenances,
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

/** incident.io, /api/v1/summary: `ongoing_incidents[]`, `in_progress_maintenances[]`. */
function readIncidentIo(body: JsonObject): StatusPage | undefined {
  if (!Array.isArray(body.ongoing_incidents)) return undefined;
  const incidents = openIncidents(body.ongoing_incidents);
  const maintenances = underWay(body.in_progress_maintenances);
  const calm = maintenances.length > 0 ? 'maintenance' : 'none';
  const updates = rowsOf(body.ongoing_incidents).flatMap((one) => timeOf(one.last_update_at) ?? []);
  const updatedAt = updates.sort().at(-1);
  return {
    indicator: incidents.length > 0 ? worstOf(incidents) : calm,
    lists: 'affected',
    components: rowsOf(body.ongoing_incidents).flatMap((one) => componentsOf(one.affected_components)),
    incidents,
    maintenances,
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

/** Instatus, /summary.json: `page.status` UP, HASISSUES or UNDERMAINTENANCE. */
function readInstatus(body: JsonObject): StatusPage | undefined {
  const status = isJsonObject(body.page) ? textOf(body.page.status) : undefined;
  const incidents = openIncidents(body.activeIncidents);
  const components = componentsOf(body.components);
  const rest = {
    lists: components.length > 0 ? 'all' : 'none',
    components,
    incidents,
    maintenances: underWay(body.activeMaintenances),
  } as const;
  if (status === 'UP') return { indicator: notBetterThan('none', incidents), ...rest };
  if (status === 'UNDERMAINTENANCE') return { indicator: 'maintenance', ...rest };
  if (status === 'HASISSUES') return { indicator: worstOf(incidents), ...rest };
  return undefined;
}

function componentsOf(list: Json | undefined): Component[] {
  const rows = rowsOf(list);
  const groups = new Map(rows.filter(({ group }) => group === true).map(({ id, name }) => [id, textOf(name)]));
  // A group's own row says no more than those in it.
  return rows.flatMap((row) => {
    const name = textOf(row.name);
    const status = textOf(row.status) ?? textOf(row.current_status);
    if (name === undefined || status === undefined || row.group === true) return [];
    const group = groups.get(row.group_id) ?? (isJsonObject(row.group) ? textOf(row.group.name) : undefined);
    return [{ name, status, state: stateOf(status), ...(group === undefined ? {} : { group }) }];
  });
}

const OVER = /^(resolved|postmortem|completed|scheduled|notstartedyet)$/i;

function openIncidents(list: Json | undefined): Incident[] {
  return rowsOf(list).flatMap((one) => {
    const status = textOf(one.status) ?? 'unknown';
    if (OVER.test(status)) return [];
    const impact = textOf(one.impact) ?? textOf(one.current_worst_impact);
    const startedAt = timeOf(one.started_at) ?? timeOf(one.started) ?? timeOf(one.created_at);
    const hit = [...rowsOf(one.components), ...rowsOf(one.affected_components)];
    return [
      {
        name: textOf(one.name) ?? 'unnamed incident',
        status,
        ...(impact === undefined ? {} : { impact }),
        ...(startedAt === undefined ? {} : { startedAt }),
        components: [...new Set(hit.flatMap(({ name }) => textOf(name) ?? []))],
      },
    ];
  });
}

function underWay(list: Json | undefined): Maintenance[] {
  return rowsOf(list).flatMap((one) => {
    const status = textOf(one.status) ?? 'in_progress';
    if (OVER.test(status)) return [];
    const startedAt = timeOf(one.scheduled_for) ?? timeOf(one.started_at) ?? timeOf(one.start);
    const endsAt = timeOf(one.scheduled_until) ?? timeOf(one.scheduled_end_at) ?? timeOf(one.ends_at);
    return [
      {
        name: textOf(one.name) ?? 'unnamed maintenance',
        status,
        ...(startedAt === undefined ? {} : { startedAt }),
        ...(endsAt === undefined ? {} : { endsAt }),
      },
    ];
  });
}

function rowsOf(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter((one): one is JsonObject => isJsonObject(one)) : [];
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** As ISO time in UTC; what is no time is left out. */
function timeOf(value: Json | undefined): string | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
