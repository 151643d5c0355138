// Messages, attempts and endpoints in the shape of Svix's public API (MessageOut, MessageAttemptOut, EndpointOut and the
// statuses 0 success, 1 pending, 2 fail, as its client libraries have them). Not verified: which optional fields the
// service leaves out, and the texts of its errors.
import type { Json } from '../../../json.ts';
import type { Attempt, WebhookMessage, WebhookState } from '../../state/services/webhooks.ts';

const STATUS = { delivered: 0, pending: 1, failed: 2 } as const;

export function presentMessage({ id, event, at, body }: WebhookMessage): { readonly [name: string]: Json } {
  return {
    id,
    eventId: null,
    eventType: event,
    channels: null,
    tags: null,
    payload: JSON.parse(body) as Json, // Written by JSON.stringify.
    timestamp: iso(at),
  };
}

export function presentEndpointMessage(message: WebhookMessage): { readonly [name: string]: Json } {
  return {
    ...presentMessage(message),
    status: STATUS[message.state],
    nextAttempt: message.nextAt === undefined ? null : iso(message.nextAt),
  };
}

export function presentAttempt(
  attempt: Attempt,
  { message, endpointId, url }: { readonly message: string; readonly endpointId: string; readonly url: string },
): { readonly [name: string]: Json } {
  const { id, at, status, durationMs, trigger } = attempt;
  return {
    id,
    endpointId,
    msgId: message,
    url,
    response: '',
    responseStatusCode: status,
    responseDurationMs: durationMs,
    status: status >= 200 && status < 300 ? STATUS.delivered : STATUS.failed,
    statusText: status >= 200 && status < 300 ? 'success' : 'fail',
    triggerType: trigger === 'manual' ? 1 : 0,
    timestamp: iso(at),
  };
}

export function presentEndpoint(options: {
  readonly id: string;
  readonly url: string;
  readonly createdAt: number;
  readonly state: WebhookState;
}): { readonly [name: string]: Json } {
  const { id, url, createdAt, state } = options;
  return {
    id,
    url,
    version: 1,
    description: 'The sample app',
    disabled: state.endpoint.disabledAt !== undefined,
    filterTypes: null,
    channels: null,
    rateLimit: null,
    uid: null,
    metadata: {},
    createdAt: iso(createdAt),
    updatedAt: iso(state.endpoint.disabledAt ?? state.secrets.at(-1)?.at ?? createdAt),
  };
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
