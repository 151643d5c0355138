// A line of the access log: a session, or a webhook event that tells of a user. Pure.
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import { type ClerkSession, isoTime } from '../api/sessions.ts';

/** The columns of the CSV, in order. */
export const COLUMNS = [
  'source',
  'time',
  'user',
  'session',
  'event',
  'created',
  'ip',
  'city',
  'country',
  'device',
  'browser',
  'actor',
] as const;

export type AccessRow = { readonly [column in (typeof COLUMNS)[number]]?: string } & {
  /** A webhook event as it was stored. */
  readonly raw?: JsonObject;
};

/** `time`: of its latest activity; `event`: its status. */
export function rowOfSession(session: ClerkSession): AccessRow {
  return withoutAbsent({
    source: 'session',
    time: isoTime(session.lastActiveAt),
    user: session.userId,
    session: session.id,
    event: session.status,
    created: isoTime(session.createdAt),
    ip: session.ip,
    city: session.city,
    country: session.country,
    device: session.device,
    browser: session.browser,
    actor: session.actor,
  });
}

/**
 * A stored webhook event, `{type, data, timestamp?, event_attributes?}` (Clerk's webhook OpenAPI file of 2025-04-15), if it
 * tells of one of `users`, wherever in `data` their id stands: as `user_id` of a session, an e-mail or an API key, as `id` of a
 * user, as `public_user_data.user_id` of a membership, as `created_by` of an organisation, as `actor.sub`, as `payer.user_id`.
 * Metadata are left out: an id in them may be anybody's words.
 * @returns undefined for one that tells of nobody among them; `unreadable` for what is no event.
 */
export function rowOfEvent(event: Json | undefined, users: ReadonlySet<string>): AccessRow | undefined | 'unreadable' {
  if (!isJsonObject(event) || typeof event.type !== 'string' || !isJsonObject(event.data)) return 'unreadable';
  const { type, data } = event;
  const user = personIn(data, users);
  if (user === undefined) return undefined;
  const request = isJsonObject(event.event_attributes) ? event.event_attributes.http_request : undefined;
  const activity = isJsonObject(data.latest_activity) ? data.latest_activity : {};
  const actor = isJsonObject(data.actor) ? textOf(data.actor.sub) : undefined;
  return {
    ...withoutAbsent({
      source: 'webhook',
      time: timeOf(event.timestamp) ?? timeOf(data.updated_at) ?? timeOf(data.created_at),
      user,
      session: type.startsWith('session.') ? textOf(data.id) : undefined,
      event: type,
      created: timeOf(data.created_at),
      ip: textOf(activity.ip_address) ?? (isJsonObject(request) ? textOf(request.client_ip) : undefined),
      city: textOf(activity.city),
      country: textOf(activity.country),
      device: textOf(activity.device_type),
      browser: textOf(activity.browser_name),
      actor,
    }),
    raw: event,
  };
}

/** The first in the order in which an event is most about somebody; then whoever is named anywhere else. */
function personIn(data: JsonObject, users: ReadonlySet<string>): string | undefined {
  const person = isJsonObject(data.public_user_data) ? data.public_user_data.user_id : undefined;
  return namedIn(
    [data.user_id ?? null, data.id ?? null, person ?? null, data.subject ?? null, data.created_by ?? null, data],
    users,
  );
}

function namedIn(value: Json | undefined, users: ReadonlySet<string>): string | undefined {
  if (typeof value === 'string') return users.has(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    if (name.endsWith('_metadata')) continue;
    const found = namedIn(part, users);
    if (found !== undefined) return found;
  }
  return undefined;
}

function withoutAbsent(row: { readonly [column in (typeof COLUMNS)[number]]?: string | undefined }): AccessRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Milliseconds, as Clerk writes times. */
function timeOf(value: Json | undefined): string | undefined {
  return typeof value === 'number' ? isoTime(value) : undefined;
}
