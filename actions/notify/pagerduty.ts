import { defineAction, isJsonObject, type Json, type JsonObject, PermanentFailure } from '../../engine/action.ts';
import { type Answer, RequestFailure } from '../http/exchange.ts';
import { type PreparedRequest, prepareRequest } from '../http/prepare.ts';
import { composeText, digestOf, plainText, type Severity } from './message/compose.ts';
import { deliver } from './message/deliver.ts';
import { DEFAULT_TEMPLATES, MESSAGE, SHOWN_INPUTS } from './message/inputs.ts';
import { post } from './message/post.ts';

/** PagerDuty Events API v2, https://developer.pagerduty.com/docs/events-api-v2-overview. */
const EVENTS_URL = 'https://events.pagerduty.com/v2/enqueue';
/** What PagerDuty calls it. */
const SEVERITIES: { readonly [severity in Severity]: string } = {
  P1: 'critical',
  P2: 'error',
  P3: 'warning',
  P4: 'info',
};

export default defineAction({
  name: 'notify.pagerduty',
  title: 'Page people through PagerDuty',
  description: [
    'Triggers, acknowledges or resolves an alert by the Events API v2. The alert is known by its dedup key, by default one of',
    'this run: a later step with `event: resolve` ends what an earlier one triggered, and an event whose answer was lost is',
    'sent again without a second page. A page cannot be taken back; it is resolved.',
  ].join('\n'),
  effect: 'change',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      ...MESSAGE,
      severity: { ...MESSAGE.severity, default: 'P1' },
      event: {
        type: 'string',
        enum: ['trigger', 'acknowledge', 'resolve'],
        default: 'trigger',
        description: 'What happens to the alert',
      },
      dedupKey: {
        type: 'string',
        pattern: '^[\\w.:/@-]+$',
        maxLength: 255,
        description: 'By which PagerDuty knows the alert; `runbook-` and the id of the run if absent',
      },
      source: {
        type: 'string',
        minLength: 1,
        maxLength: 200,
        default: 'runbook',
        description: 'The system that is unwell',
      },
      component: { type: 'string', minLength: 1, maxLength: 200, description: 'The part of it, such as `sign-in`' },
      routingKey: {
        type: 'string',
        minLength: 1,
        description: "The service's integration key, where it is not PAGERDUTY_ROUTING_KEY; may be a secret",
      },
    },
    required: ['title'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      sent: { type: 'boolean', description: 'False in a plan' },
      event: { type: 'string' },
      dedupKey: { type: 'string', description: 'Of the alert' },
    },
    required: ['sent', 'event', 'dedupKey'],
    additionalProperties: false,
  },
  secrets: ['PAGERDUTY_ROUTING_KEY'],
  env: ['PAGERDUTY_EVENTS_URL'],
  exposes: [...SHOWN_INPUTS],
  templates: DEFAULT_TEMPLATES,
  async run(input, ctx) {
    const { event = 'trigger', severity = 'P1', source = 'runbook', component } = input;
    const dedupKey = input.dedupKey ?? `runbook-${ctx.run.id}`;
    const summary = await plainText(ctx, input.title);
    const { text } = await composeText(ctx, { ...input, severity }, { audience: 'team', endings: ['txt'] });
    const payload = {
      summary,
      source,
      severity: SEVERITIES[severity],
      ...(component === undefined ? {} : { component }),
      custom_details: { text, run: ctx.run.id, playbook: ctx.run.playbook },
    };
    const body: JsonObject = {
      event_action: event,
      dedup_key: dedupKey,
      // PagerDuty reads it of a trigger alone.
      ...(event === 'trigger' ? { payload, client: 'Runbook' } : {}),
    };
    const key = input.routingKey ?? (await ctx.secret('PAGERDUTY_ROUTING_KEY'));
    const request = eventRequest(ctx.env.PAGERDUTY_EVENTS_URL, { ...body, routing_key: key });
    const delivered = await deliver(
      ctx,
      { kind: 'alert', id: dedupKey, verb: event, after: { summary, digest: digestOf([JSON.stringify(body)]) } },
      async () => checkAnswer(request, await post(ctx, request), dedupKey),
    );
    return { sent: delivered === 'sent', event, dedupKey };
  },
});

function eventRequest(address: string | undefined, body: JsonObject): PreparedRequest {
  const url = address === undefined || address === '' ? EVENTS_URL : address;
  if (!/^https?:\/\//.test(url)) throw new PermanentFailure('PAGERDUTY_EVENTS_URL is no http or https address');
  return prepareRequest({ method: 'POST', url, json: body });
}

/** 202 says that the event was taken, and by which key the alert is known. */
function checkAnswer({ line }: PreparedRequest, { status, text }: Answer, dedupKey: string): void {
  const answer = parse(text);
  if (isJsonObject(answer) && answer.dedup_key === dedupKey) return;
  throw new RequestFailure(`${line} answered ${status}, but not as PagerDuty does: it names no alert ${dedupKey}`, {
    fate: 'unknown',
    isTransient: true,
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    return null;
  }
}
