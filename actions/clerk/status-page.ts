import { isJsonObject, type Json, type JsonObject } from '../../engine/action.ts';
// The shapes in which status pages answer, told by what they hold and not by where they were found. Pure.
// Which of them https://status.clerk.com serves is not verified, so the action tries them all.

/** `unknown`: the page says that something is wrong, not how bad. */
export type Indicator = 'none' | 'minor' | 'major' | 'critical' | 'maintenance' | 'unknown';

export interface StatusPage {
  readonly indicator: Indicator;
  readonly components: readonly { name: string; status: string }[];
  readonly incidents: readonly { name: string; status: string; impact?: string; startedAt?: string }[];
}

/** The page's facts, or undefined for a shape that is none of the known: never taken as "all good". */
export function readStatusPage(body: Json): StatusPage | undefined {
  if (!isJsonObject(body)) return undefined;
  return readStatuspage(body) ?? readIncidentIo(body) ?? readInstatus(body);
}

/** Atlassian Statuspage, /api/v2/summary.json and status.json: `status.indicator`. */
function readStatuspage(body: JsonObject): StatusPage | undefined {
  const indicator = isJsonObject(body.status) ? toIndicator(textOf(body.status.indicator)) : undefined;
  if (indicator === undefined) return undefined;
  return { indicator, components: components(body.components), incidents: incidents(body.incidents) };
}

/** incident.io, /api/v1/summary: `ongoing_incidents[]`, `in_progress_maintenances[]`. */
function readIncidentIo(body: JsonObject): StatusPage | undefined {
  if (!Array.isArray(body.ongoing_incidents)) return undefined;
  const found = incidents(body.ongoing_incidents);
  const affected = body.ongoing_incidents.flatMap((one) =>
    isJsonObject(one) ? components(one.affected_components) : [],
  );
  const hasMaintenance = Array.isArray(body.in_progress_maintenances) && body.in_progress_maintenances.length > 0;
  const calm = hasMaintenance ? 'maintenance' : 'none';
  return { indicator: found.length > 0 ? worst(found) : calm, components: affected, incidents: found };
}

/** Instatus, /summary.json: `page.status` UP, HASISSUES or UNDERMAINTENANCE. */
function readInstatus(body: JsonObject): StatusPage | undefined {
  const status = isJsonObject(body.page) ? textOf(body.page.status) : undefined;
  const found = incidents(body.activeIncidents);
  const rest = { components: components(body.components), incidents: found };
  if (status === 'UP') return { indicator: 'none', ...rest };
  if (status === 'UNDERMAINTENANCE') return { indicator: 'maintenance', ...rest };
  if (status === 'HASISSUES') return { indicator: worst(found), ...rest };
  return undefined;
}

const BY_IMPACT: { readonly [impact: string]: Indicator } = {
  none: 'none',
  minor: 'minor',
  major: 'major',
  critical: 'critical',
  maintenance: 'maintenance',
  degraded_performance: 'minor',
  partial_outage: 'major',
  full_outage: 'critical',
  DEGRADEDPERFORMANCE: 'minor',
  MINOROUTAGE: 'minor',
  PARTIALOUTAGE: 'major',
  MAJOROUTAGE: 'critical',
};
const BY_WEIGHT: readonly Indicator[] = ['critical', 'major', 'minor'];

function toIndicator(text: string | undefined): Indicator | undefined {
  return text === undefined || !Object.hasOwn(BY_IMPACT, text) ? undefined : BY_IMPACT[text];
}

/** Of incidents that are going on: an impact that is not stated is not a small one. */
function worst(found: StatusPage['incidents']): Indicator {
  const impacts = found.map((one) => toIndicator(one.impact));
  return BY_WEIGHT.find((weight) => impacts.includes(weight)) ?? 'unknown';
}

function components(list: Json | undefined): { name: string; status: string }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) => {
    if (!isJsonObject(one)) return [];
    const name = textOf(one.name);
    const status = textOf(one.status) ?? textOf(one.current_status);
    return name === undefined || status === undefined ? [] : [{ name, status }];
  });
}

function incidents(list: Json | undefined): { name: string; status: string; impact?: string; startedAt?: string }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) => {
    if (!isJsonObject(one)) return [];
    const impact = textOf(one.impact) ?? textOf(one.current_worst_impact);
    const startedAt = textOf(one.started_at) ?? textOf(one.started) ?? textOf(one.created_at);
    return [
      {
        name: textOf(one.name) ?? 'unnamed incident',
        status: textOf(one.status) ?? 'unknown',
        ...(impact === undefined ? {} : { impact }),
        ...(startedAt === undefined ? {} : { startedAt }),
      },
    ];
  });
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
