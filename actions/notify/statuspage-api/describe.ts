// What users see of an incident on the status page: settles a post whose answer was lost.
import type { Describe, JsonObject } from '../../../engine/action.ts';
import { digestOf } from '../message/compose.ts';
import { type Incident, openStatuspage } from './client.ts';

/** Kind of target: `PAGE/KEY`, our own key of the incident. */
export const INCIDENT = 'statuspage-incident';

export const describeIncidents: Describe = async (kind, ids, ctx) => {
  if (kind !== INCIDENT) return new Map();
  const entries = ids.map(async (id) => {
    const [page = '', ...key] = id.split('/');
    const incident = await (await openStatuspage(ctx, page)).find(key.join('/'));
    return [id, incident === undefined ? null : { attributes: {}, state: stateOf(incident) }] as const;
  });
  return new Map(await Promise.all(entries));
};

/** In the form of a change's `after`. */
export function stateOf({ name, status, body, components }: Incident): JsonObject {
  return {
    title: name,
    status,
    digest: digestOfBody(body),
    components: Object.fromEntries(components.map(({ id, status: said }) => [id, said])),
  };
}

/** Blanks aside, which a page may tidy. */
export function digestOfBody(body: string): string {
  return digestOf([body.replace(/\s+/g, ' ').trim()]);
}
