// Statuspage's API 1.0, https://developer.statuspage.io: the few operations that posting to a page needs.
import {
  type ActionContext,
  isJsonObject,
  type Json,
  type JsonObject,
  PermanentFailure,
} from '../../../engine/action.ts';
import { RequestFailure } from '../../http/exchange.ts';
import { type Method, prepareRequest } from '../../http/prepare.ts';
import { post } from '../message/post.ts';

const API_URL = 'https://api.statuspage.io/v1';
/** GET /pages/{page_id}/incidents: `limit` 100 at most, the newest first. */
const PAGE_SIZE = 100;
/** An incident of this run is no older than the run: it stands among the newest. */
const MAX_PAGES = 5;

export const STATUSPAGE_SECRETS = ['STATUSPAGE_TOKEN'];
export const STATUSPAGE_ENV = ['STATUSPAGE_API_URL', 'STATUSPAGE_PAGE_ID'];

export type ComponentStatus =
  | 'operational'
  | 'under_maintenance'
  | 'degraded_performance'
  | 'partial_outage'
  | 'major_outage';

export interface Component {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

export interface Incident {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly shortlink: string;
  /** What our own key of it is; undefined where the answer tells no metadata, or it is not ours. */
  readonly key: string | undefined;
  readonly hasMetadata: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Of the newest update. */
  readonly body: string;
  readonly components: readonly Component[];
}

export interface Statuspage {
  readonly pageId: string;
  components(): Promise<readonly Component[]>;
  /** The newest incident with this key of ours. @param since ISO 8601: where the page tells no metadata, one of this name since then. */
  find(key: string, ours?: { readonly name: string; readonly since: string }): Promise<Incident | undefined>;
  /** Only inside a change. */
  create(incident: JsonObject): Promise<Incident>;
  /** Only inside a change. */
  update(id: string, incident: JsonObject): Promise<Incident>;
}

/** @throws PermanentFailure, E_SECRET_MISSING */
export async function openStatuspage(ctx: ActionContext, page: string | undefined): Promise<Statuspage> {
  const pageId = page ?? ctx.env.STATUSPAGE_PAGE_ID ?? '';
  if (!/^\w+$/.test(pageId)) {
    throw new PermanentFailure('Which status page? Give `page`, or set STATUSPAGE_PAGE_ID: its id, from its settings');
  }
  const given = ctx.env.STATUSPAGE_API_URL ?? '';
  const base = (given === '' ? API_URL : given).replace(/\/$/, '');
  const headers = { Authorization: `OAuth ${await ctx.secret('STATUSPAGE_TOKEN')}` };
  const ask = async (method: Method, path: string, json?: JsonObject): Promise<Json> => {
    const url = `${base}/pages/${pageId}${path}`;
    const request = prepareRequest({ method, url, headers, ...(json === undefined ? {} : { json }) });
    const { text } = await post(ctx, request).catch(explained);
    try {
      return JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
    } catch {
      throw unreadable(request.line);
    }
  };
  const list = async (path: string): Promise<readonly Json[]> => {
    const answer = await ask('GET', path).catch(refusedForGood);
    if (!Array.isArray(answer)) throw unreadable(`GET ${base}/pages/${pageId}${path}`);
    return answer;
  };
  return {
    pageId,
    components: async () => (await list('/components')).map(parseComponent),
    async find(key, ours) {
      for (let page = 1; page <= MAX_PAGES; page++) {
        const incidents = (await list(`/incidents?limit=${PAGE_SIZE}&page=${page}`)).map(parseIncident);
        const found = incidents.find((incident) => isMeant(incident, key, ours));
        if (found !== undefined || incidents.length < PAGE_SIZE) return found;
      }
      return undefined;
    },
    create: async (incident) => parseIncident(await ask('POST', '/incidents', { incident })),
    update: async (id, incident) => parseIncident(await ask('PATCH', `/incidents/${id}`, { incident })),
  };
}

/** Metadata of the incidents that are ours: top-level values must be objects. */
export function metadataOf(key: string): JsonObject {
  return { runbook: { key } };
}

function isMeant(
  { key, hasMetadata, name, createdAt, status }: Incident,
  wanted: string,
  ours: { readonly name: string; readonly since: string } | undefined,
): boolean {
  if (key !== undefined) return key === wanted;
  // What the documents say is answered may not be: then one of this name that was made during the run is ours.
  const isSame = !hasMetadata && name === ours?.name && status !== 'resolved';
  return isSame && Date.parse(createdAt) >= Date.parse(ours?.since ?? '');
}

function parseIncident(value: Json): Incident {
  if (!isJsonObject(value) || typeof value.id !== 'string' || typeof value.status !== 'string') {
    throw unreadable('Statuspage');
  }
  const { id, name, status, shortlink, metadata, created_at, incident_updates, components } = value;
  const own = isJsonObject(metadata) && isJsonObject(metadata.runbook) ? metadata.runbook.key : undefined;
  // Documented as newest first; looked at by time all the same.
  const updates = (Array.isArray(incident_updates) ? incident_updates : []).filter(isJsonObject);
  const newest = updates.toSorted((a, b) => timeOf(b.created_at) - timeOf(a.created_at))[0];
  return {
    id,
    status,
    name: textOf(name),
    shortlink: textOf(shortlink),
    key: typeof own === 'string' ? own : undefined,
    hasMetadata: isJsonObject(metadata),
    createdAt: textOf(created_at),
    body: textOf(newest?.body),
    components: (Array.isArray(components) ? components : []).map(parseComponent),
  };
}

function parseComponent(value: Json): Component {
  if (!isJsonObject(value) || typeof value.id !== 'string') throw unreadable('Statuspage');
  return { id: value.id, name: textOf(value.name), status: textOf(value.status) };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function timeOf(value: Json | undefined): number {
  return Date.parse(textOf(value)) || 0;
}

/** What is refused to a read is refused again. */
function refusedForGood(thrown: unknown): never {
  if (!(thrown instanceof RequestFailure) || thrown.isTransient) throw thrown;
  throw new PermanentFailure(thrown.message, { cause: thrown });
}

function explained(thrown: unknown): never {
  if (!(thrown instanceof RequestFailure) || !/answered (401|403|404)/.test(thrown.message)) throw thrown;
  const hint = 'is STATUSPAGE_TOKEN a key of the account that this page belongs to, and is it the id of the page?';
  const { fate, isTransient } = thrown;
  throw new RequestFailure(`${thrown.message} (${hint})`, { fate, isTransient, cause: thrown });
}

/** Whether it was taken is not known then. */
function unreadable(line: string): RequestFailure {
  return new RequestFailure(`${line} answered, but not as Statuspage does`, { fate: 'unknown', isTransient: true });
}
