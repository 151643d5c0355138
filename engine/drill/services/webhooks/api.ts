// The sender's own API, in the shape of Svix's public one: messages, attempts, one resend, recovery of what failed since a
// time, the endpoint and its secret. One application, one endpoint. Not verified: that a resend or a recovery for a
// disabled endpoint is refused (here: 400), and the exact status of each success.
import { isJsonObject, type Json } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { Route } from '../../http/router.ts';
import type { HttpHandler } from '../../http/server.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { WebhookMessage } from '../../state/services/webhooks.ts';
import { ApiProblem, createRestApi, type RestHandler, type RestRequest } from '../rest.ts';
import { iso, presentAttempt, presentEndpoint, presentEndpointMessage, presentMessage } from './present.ts';
import { secretAt } from './secret.ts';

export interface SenderIds {
  readonly token: string;
  readonly app: string;
  readonly endpoint: string;
}

export function senderIds(seed: number): SenderIds {
  return {
    token: `testsk_${randomWord(32, seed, STREAM.serviceToken, 1)}`,
    app: `app_2${randomWord(26, seed, STREAM.serviceToken, 4)}`,
    endpoint: `ep_2${randomWord(26, seed, STREAM.serviceToken, 5)}`,
  };
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 250;
const APP = '/api/v1/app/:app';
const ENDPOINT = `${APP}/endpoint/:endpoint`;

/** @param url Where the endpoint points. */
export function createSenderApi(context: WorldContext, url: () => string): HttpHandler {
  const { seed, clock, startedAt } = context;
  const ids = senderIds(seed);
  const webhooks = () => context.state.services.webhooks;
  const newestFirst = (): readonly WebhookMessage[] => [...webhooks().messages.values()].reverse();
  const endpoint = (): Json =>
    presentEndpoint({ id: ids.endpoint, url: url(), createdAt: startedAt - 30 * 86_400_000, state: webhooks() });
  const attemptsOf = (message: WebhookMessage): readonly Json[] =>
    message.attempts
      .map((one) => presentAttempt(one, { message: message.id, endpointId: ids.endpoint, url: url() }))
      .reverse();

  const find = ({ params }: RestRequest): WebhookMessage => {
    const message = webhooks().messages.get(params.message ?? '');
    if (message === undefined) throw new ApiProblem(404, 'not_found', 'Entity not found');
    return message;
  };
  const resend = (messages: readonly WebhookMessage[]): void => {
    if (webhooks().endpoint.disabledAt !== undefined) {
      throw new ApiProblem(400, 'endpoint_disabled', 'The endpoint is disabled');
    }
    if (messages.length > 0) {
      context.commit({ type: 'webhook.resend', at: clock.now(), messages: messages.map(({ id }) => id) });
    }
  };
  const setDisabled = ({ body }: RestRequest): Json => {
    const disabled = body.disabled;
    if (disabled !== undefined && typeof disabled !== 'boolean') throw invalid('disabled', 'must be a boolean');
    const isDisabled = webhooks().endpoint.disabledAt !== undefined;
    if (disabled !== undefined && disabled !== isDisabled) {
      context.commit({ type: 'webhook.endpoint', at: clock.now(), disabled });
    }
    return endpoint();
  };

  const routes: readonly Route<RestHandler>[] = [
    get(APP, () => ({ id: ids.app, name: 'drill', uid: null, metadata: {}, rateLimit: null })),
    get(`${APP}/msg`, ({ query }) => page(newestFirst(), query, presentMessage)),
    get(`${APP}/msg/:message`, (request) => presentMessage(find(request))),
    get(`${APP}/attempt/msg/:message`, (request) => all(attemptsOf(find(request)))),
    get(`${APP}/attempt/endpoint/:endpoint`, ({ query }) => {
      const wanted = query.get('status');
      const list = newestFirst()
        .flatMap(attemptsOf)
        .filter((one) => wanted === null || (isJsonObject(one) && String(one.status) === wanted));
      return all(list.slice(0, limitOf(query)));
    }),
    get(`${ENDPOINT}/msg`, ({ query }) => page(newestFirst(), query, presentEndpointMessage)),
    get(`${APP}/endpoint`, () => all([endpoint()])),
    get(ENDPOINT, endpoint),
    { method: 'PATCH', path: ENDPOINT, handler: (request) => ({ status: 200, value: setDisabled(request) }) },
    { method: 'PUT', path: ENDPOINT, handler: (request) => ({ status: 200, value: setDisabled(request) }) },
    get(`${ENDPOINT}/secret`, () => {
      const { secrets } = webhooks();
      return { key: secrets.at(-1)?.key ?? secretAt(seed, 0) };
    }),
    {
      method: 'POST',
      path: `${ENDPOINT}/secret/rotate`,
      handler: ({ body }) => {
        const { key } = body;
        if (
          key !== undefined &&
          key !== null &&
          (typeof key !== 'string' || !/^whsec_[A-Za-z0-9+/=]{32,100}$/.test(key))
        ) {
          throw invalid('key', 'must be whsec_ and 24 to 75 bytes in base64');
        }
        const made = typeof key === 'string' ? key : secretAt(seed, webhooks().secrets.length + 1);
        context.commit({ type: 'webhook.secret', at: clock.now(), key: made });
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: `${APP}/msg/:message/endpoint/:endpoint/resend`,
      handler: (request) => {
        resend([find(request)]);
        return { status: 202, value: {} };
      },
    },
    {
      method: 'POST',
      path: `${ENDPOINT}/recover`,
      handler: ({ body }) => {
        const since = time(body.since, 'since');
        const until = body.until === undefined || body.until === null ? clock.now() : time(body.until, 'until');
        resend(
          [...webhooks().messages.values()].filter(({ state, at }) => state === 'failed' && at >= since && at <= until),
        );
        const id = `qtask_2${randomWord(26, seed, STREAM.serviceToken, 6)}`;
        return { status: 202, value: { id, status: 'running', task: 'endpoint.recover', updatedAt: iso(clock.now()) } };
      },
    },
    // Recovery queues everything at once here, so its task is always over by the time somebody asks.
    get('/api/v1/background-task/:task', ({ params }) => ({
      id: params.task ?? '',
      status: 'finished',
      task: 'endpoint.recover',
      data: {},
      updatedAt: iso(clock.now()),
    })),
  ];
  return createRestApi({
    token: ids.token,
    routes: routes.map((route) => ({ ...route, handler: ofThisApp(ids, route.handler) })),
    problem: ({ code, message }) => ({ code, detail: message }),
    unauthorized: { status: 401, code: 'authentication_failed' },
  });
}

function get(path: string, handler: (request: RestRequest) => Json): Route<RestHandler> {
  return { method: 'GET', path, handler: (request) => ({ status: 200, value: handler(request) }) };
}

/** Any other application or endpoint does not exist. */
function ofThisApp(ids: SenderIds, handler: RestHandler): RestHandler {
  return (request) => {
    const { app = ids.app, endpoint = ids.endpoint } = request.params;
    if (app !== ids.app || endpoint !== ids.endpoint) throw new ApiProblem(404, 'not_found', 'Entity not found');
    return handler(request);
  };
}

/** ListResponse: `iterator` is the last one's id, to be sent back for what follows. */
function page(
  list: readonly WebhookMessage[],
  query: URLSearchParams,
  present: (message: WebhookMessage) => Json,
): Json {
  const limit = limitOf(query);
  const types = query.getAll('event_types').flatMap((value) => value.split(','));
  const status = query.get('status');
  const [after, before] = ['after', 'before'].map((name) => {
    const value = query.get(name);
    return value === null ? undefined : time(value, name);
  });
  const wanted = list.filter(
    (message) =>
      (types.length === 0 || types.includes(message.event)) &&
      (status === null || status === { delivered: '0', pending: '1', failed: '2' }[message.state]) &&
      (after === undefined || message.at > after) &&
      (before === undefined || message.at < before),
  );
  const iterator = query.get('iterator');
  const from = iterator === null ? 0 : wanted.findIndex(({ id }) => id === iterator) + 1;
  const rows = wanted.slice(from, from + limit);
  return {
    data: rows.map(present),
    iterator: rows.at(-1)?.id ?? null,
    prevIterator: null,
    done: from + limit >= wanted.length,
  };
}

function all(data: readonly Json[]): Json {
  return { data, iterator: null, prevIterator: null, done: true };
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit');
  if (text === null) return DEFAULT_LIMIT;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw invalid('limit', `must be 1 to ${MAX_LIMIT}`);
  return limit;
}

function time(value: Json | undefined, name: string): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw invalid(name, 'must be an ISO 8601 time');
  return at;
}

function invalid(field: string, text: string): ApiProblem {
  return new ApiProblem(422, 'validation_error', `${field} ${text}`);
}
