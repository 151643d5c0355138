// A Statuspage-like API of the team's own page: GET, POST and PATCH of incidents, GET of components, under
// `Authorization: OAuth TOKEN` (https://developer.statuspage.io, API 1.0: names and values of fields). Not verified: the texts
// of errors, which 4xx answers what, and whether a repeated create is ever refused (here it makes a second incident).
import { isJsonObject, type Json, type JsonObject } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { HttpHandler } from '../../http/server.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { Impact, Notice, NoticeStatus } from '../../state/services/notices.ts';
import type { ComponentStatus } from '../../state/services/status.ts';
import { ApiProblem, createRestApi, type RestHandler, type RestRequest } from '../rest.ts';
import type { ServiceDefinition } from '../service.ts';

/** What users know the app by. */
const COMPONENTS = ['Sign-in', 'Dashboard', 'API'];
const STATUSES: readonly NoticeStatus[] = ['investigating', 'identified', 'monitoring', 'resolved'];
const IMPACTS: readonly Impact[] = ['none', 'minor', 'major', 'critical'];
const COMPONENT_STATUSES: readonly ComponentStatus[] = [
  'operational',
  'under_maintenance',
  'degraded_performance',
  'partial_outage',
  'major_outage',
];
const MAX_PER_PAGE = 100;

export const statuspageService: ServiceDefinition = {
  name: 'statuspage',
  isIn: ({ world }) => world.services.statuspage !== undefined,
  create: (context) => ({ name: 'statuspage', handler: createStatuspage(context) }),
  env: ({ url, seed }) => ({
    STATUSPAGE_API_URL: `${url('statuspage')}/v1`,
    STATUSPAGE_TOKEN: word(seed, 32, 30),
    STATUSPAGE_PAGE_ID: word(seed, 12, 31).toLowerCase(),
  }),
};

function word(seed: number, length: number, which: number, index = 0): string {
  return randomWord(length, seed, STREAM.serviceToken, which, index);
}

function createStatuspage(context: WorldContext): HttpHandler {
  const { seed, clock, state } = context;
  const pageId = word(seed, 12, 31).toLowerCase();
  const componentIds = COMPONENTS.map((_, index) => word(seed, 12, 32, index).toLowerCase());
  const { notices: kept } = state.services;
  const newestFirst = (): readonly Notice[] => [...kept.notices.values()].reverse();

  const presentComponent = (id: string): JsonObject => ({
    id,
    page_id: pageId,
    name: COMPONENTS[componentIds.indexOf(id)] ?? '',
    status: kept.components.get(id) ?? 'operational',
  });
  const present = (notice: Notice): JsonObject => {
    const { id, name, status, impact, metadata, createdAt } = notice;
    return {
      id,
      page_id: pageId,
      name,
      status,
      impact,
      impact_override: impact,
      // Its values are objects of texts.
      metadata: { ...metadata } as JsonObject,
      created_at: new Date(createdAt).toISOString(),
      updated_at: new Date(notice.updates.at(-1)?.at ?? createdAt).toISOString(),
      shortlink: `${context.url('statuspage')}/i/${id}`,
      components: [...notice.components].map(presentComponent),
      incident_updates: notice.updates.toReversed().map((update, index) => ({
        id: `${id}-${notice.updates.length - index}`,
        incident_id: id,
        status: update.status,
        body: update.body,
        created_at: new Date(update.at).toISOString(),
      })),
    };
  };

  const onPage =
    (handler: RestHandler): RestHandler =>
    (request) => {
      if (request.params.page !== pageId) throw new ApiProblem(404, 'not_found', 'Page not found');
      return handler(request);
    };
  const find = ({ params }: RestRequest): Notice => {
    const found = kept.notices.get(params.incident ?? '');
    if (found === undefined) throw new ApiProblem(404, 'not_found', 'Incident not found');
    return found;
  };
  const save = (before: Notice | undefined, { body }: RestRequest): Notice => {
    const { incident } = body;
    if (!isJsonObject(incident)) throw invalid('incident is missing');
    const name = textOf(incident.name, before?.name, 'name');
    const status = oneOf(STATUSES, incident.status, before?.status ?? 'investigating', 'status');
    const id = before?.id ?? word(seed, 12, 33, kept.notices.size).toLowerCase();
    context.commit({
      type: 'notice.posted',
      at: clock.now(),
      id,
      name,
      status,
      impact: oneOf(IMPACTS, incident.impact_override, before?.impact ?? 'minor', 'impact_override'),
      body: textOf(incident.body, before?.updates.at(-1)?.body ?? '', 'body'),
      metadata: metadataOf(incident.metadata, before),
      components: componentsOf(incident.components, componentIds),
    });
    const saved = kept.notices.get(id);
    if (saved === undefined) throw new Error('an incident that was just posted is there');
    return saved;
  };

  const list = onPage(({ query }) => {
    const limit = Math.min(Number(query.get('limit') ?? MAX_PER_PAGE) || MAX_PER_PAGE, MAX_PER_PAGE);
    const start = (Math.max(1, Number(query.get('page') ?? 1) || 1) - 1) * limit;
    return {
      status: 200,
      value: newestFirst()
        .slice(start, start + limit)
        .map(present),
    };
  });
  const unresolved = onPage(() => ({
    status: 200,
    value: newestFirst()
      .filter(({ status }) => status !== 'resolved')
      .map(present),
  }));
  const path = '/v1/pages/:page';
  return createRestApi({
    token: word(seed, 32, 30),
    scheme: 'OAuth',
    unauthorized: { status: 401, code: 'unauthorized' },
    problem: ({ message }) => ({ error: message }),
    routes: [
      {
        method: 'GET',
        path: `${path}/components`,
        handler: onPage(() => ({ status: 200, value: componentIds.map(presentComponent) })),
      },
      { method: 'GET', path: `${path}/incidents`, handler: list },
      { method: 'GET', path: `${path}/incidents/unresolved`, handler: unresolved },
      {
        method: 'GET',
        path: `${path}/incidents/:incident`,
        handler: onPage((request) => ({ status: 200, value: present(find(request)) })),
      },
      {
        method: 'POST',
        path: `${path}/incidents`,
        handler: onPage((request) => ({ status: 201, value: present(save(undefined, request)) })),
      },
      {
        method: 'PATCH',
        path: `${path}/incidents/:incident`,
        handler: onPage((request) => ({ status: 200, value: present(save(find(request), request)) })),
      },
    ],
  });
}

function invalid(message: string): ApiProblem {
  return new ApiProblem(422, 'unprocessable', message);
}

function textOf(given: Json | undefined, absent: string | undefined, name: string): string {
  const text = given ?? absent;
  if (typeof text !== 'string' || (name === 'name' && text === '')) throw invalid(`${name} is missing or no text`);
  return text;
}

function oneOf<T extends string>(known: readonly T[], given: Json | undefined, absent: T, name: string): T {
  if (given === undefined || given === null) return absent;
  const found = known.find((one) => one === given);
  if (found === undefined) throw invalid(`${name} must be one of ${known.join(', ')}`);
  return found;
}

/** Top-level values must be objects themselves. */
function metadataOf(given: Json | undefined, before: Notice | undefined): Notice['metadata'] {
  if (given === undefined) return before?.metadata ?? {};
  if (!isJsonObject(given) || !Object.values(given).every(isJsonObject)) throw invalid('metadata must hold objects');
  const texts = (inner: Json): { [name: string]: string } =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).map(([name, value]) => [name, String(value)])) : {};
  return Object.fromEntries(Object.entries(given).map(([name, inner]) => [name, texts(inner)]));
}

function componentsOf(given: Json | undefined, known: readonly string[]): { [id: string]: ComponentStatus } {
  if (given === undefined) return {};
  if (!isJsonObject(given)) throw invalid('components must be an object of statuses by id');
  return Object.fromEntries(
    Object.entries(given).map(([id, status]) => {
      if (!known.includes(id)) throw invalid(`component ${id} is not on this page`);
      return [id, oneOf(COMPONENT_STATUSES, status, 'operational', 'component status')];
    }),
  );
}
