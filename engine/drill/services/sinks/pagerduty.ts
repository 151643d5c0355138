// A PagerDuty-like Events API v2: POST /v2/enqueue, 202 with the dedup key
// (https://developer.pagerduty.com/docs/events-api-v2/trigger-events). The texts in `errors` are not verified.
import { isJsonObject, type Json, type JsonObject } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { HttpAnswer, HttpHandler } from '../../http/server.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { ServiceDefinition } from '../service.ts';

const ACTIONS = ['trigger', 'acknowledge', 'resolve'];
const SEVERITIES = ['critical', 'error', 'warning', 'info'];
const MAX_DEDUP_KEY = 255;
const MAX_SUMMARY = 1024;

export const pagerdutyService: ServiceDefinition = {
  name: 'pagerduty',
  isIn: ({ world }) => world.services.pagerduty !== undefined,
  create: (context) => ({ name: 'pagerduty', handler: createPagerduty(context) }),
  env: ({ url, seed }) => ({
    PAGERDUTY_EVENTS_URL: `${url('pagerduty')}/v2/enqueue`,
    PAGERDUTY_ROUTING_KEY: routingKey(seed),
  }),
};

/** 32 characters, as an integration key has. */
function routingKey(seed: number): string {
  return randomWord(32, seed, STREAM.serviceToken, 20).toLowerCase();
}

function createPagerduty(context: WorldContext): HttpHandler {
  const key = routingKey(context.seed);
  return ({ method, path, body }) => {
    if (path !== '/v2/enqueue') return json(404, { status: 'not found' });
    if (method !== 'POST') return json(405, { status: 'method not allowed' });
    const event = parse(body);
    const problems = event === undefined ? ['Event is not a JSON object'] : problemsOf(event, key);
    if (event === undefined || problems.length > 0) {
      return json(400, { status: 'invalid event', message: 'Event object is invalid', errors: problems });
    }
    const count = context.state.services.messages.counts.pagerduty;
    const dedupKey =
      typeof event.dedup_key === 'string'
        ? event.dedup_key
        : randomWord(32, context.seed, STREAM.serviceToken, 21, count + 1).toLowerCase();
    const summary =
      isJsonObject(event.payload) && typeof event.payload.summary === 'string' ? `: ${event.payload.summary}` : '';
    context.commit({
      type: 'message.received',
      at: context.clock.now(),
      sink: 'pagerduty',
      about: dedupKey,
      text: `${String(event.event_action)}${summary}`,
    });
    return json(202, { status: 'success', message: 'Event processed', dedup_key: dedupKey });
  };
}

function problemsOf(event: JsonObject, key: string): readonly string[] {
  const { routing_key, event_action, dedup_key, payload } = event;
  const action = typeof event_action === 'string' ? event_action : '';
  const hasKey = typeof dedup_key === 'string' && dedup_key.length > 0;
  return [
    ...(routing_key === key ? [] : ["'routing_key' is missing or unknown"]),
    ...(ACTIONS.includes(action) ? [] : [`'event_action' must be one of ${ACTIONS.join(', ')}`]),
    ...(dedup_key === undefined || (hasKey && dedup_key.length <= MAX_DEDUP_KEY) ? [] : ["'dedup_key' is invalid"]),
    ...(action === 'acknowledge' || action === 'resolve' ? (hasKey ? [] : ["'dedup_key' is missing"]) : []),
    ...(action === 'trigger' ? payloadProblems(payload) : []),
  ];
}

function payloadProblems(payload: Json | undefined): readonly string[] {
  if (!isJsonObject(payload)) return ["'payload' is missing"];
  const { summary, source, severity } = payload;
  return [
    ...(typeof summary === 'string' && summary !== '' && summary.length <= MAX_SUMMARY
      ? []
      : ["'payload.summary' is missing or too long"]),
    ...(typeof source === 'string' && source !== '' ? [] : ["'payload.source' is missing or blank"]),
    ...(typeof severity === 'string' && SEVERITIES.includes(severity)
      ? []
      : [`'payload.severity' must be one of ${SEVERITIES.join(', ')}`]),
  ];
}

function parse(body: string): JsonObject | undefined {
  try {
    const value = JSON.parse(body) as Json; // JSON.parse gives nothing but JSON.
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, value: Json): HttpAnswer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
