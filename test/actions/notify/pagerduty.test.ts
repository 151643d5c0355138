import { expect, test } from 'vitest';
import pagerduty from '../../../actions/notify/pagerduty.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { must, scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { appOf } from '../../drill/services/app-world.ts';
import { byPath, dryRun } from '../../run/preview/dry-run.ts';
import { serve } from '../local-server.ts';
import { journalText, notifying, outcomesOf, outputOf, ownTemplates, stepOf } from './setup.ts';

const notify = notifying(pagerduty);
const KEY = '0123456789abcdef0123456789abcdef';
const SERVICES = { slack: {}, pagerduty: {} };

async function drill(faults: readonly JsonObject[] = []) {
  const world = await startTestWorld({ scenario: scenarioWith({ services: SERVICES }, { faults: [...faults] }) });
  const { PAGERDUTY_EVENTS_URL, PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL } = world.env;
  return {
    world,
    env: {
      PAGERDUTY_EVENTS_URL: must(PAGERDUTY_EVENTS_URL),
      PAGERDUTY_ROUTING_KEY: must(PAGERDUTY_ROUTING_KEY),
    },
    messages: async () => (await fetch(new URL('/__messages', must(SLACK_WEBHOOK_URL)))).json(),
  };
}

/** Answers each event as told, then as PagerDuty does. */
async function eventsThat(...answers: readonly (readonly [number, object, Record<string, string>?])[]) {
  const events: JsonObject[] = [];
  const url = await serve((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const event = JSON.parse(text);
      events.push(event);
      const [status, body, headers] = answers[events.length - 1] ?? [
        202,
        { status: 'success', dedup_key: event.dedup_key },
      ];
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
  });
  return { env: { PAGERDUTY_EVENTS_URL: `${url}/v2/enqueue`, PAGERDUTY_ROUTING_KEY: KEY }, events };
}

test('what an earlier step triggered a later one resolves, by the key of the run', async () => {
  const { env, messages } = await drill();
  const one = await notify.run({ title: 'Sign-in fails' }, { env });
  expect([one.end.status, outputOf(one)]).toMatchObject(['done', { sent: true, dedupKey: `runbook-${one.runId}` }]);
  const two = await notify.run({ title: 'Sign-in fails', event: 'resolve', dedupKey: `runbook-${one.runId}` }, { env });
  expect(two.end.status).toBe('done');
  expect(await messages()).toMatchObject([
    { about: `runbook-${one.runId}`, text: 'trigger: Sign-in fails' },
    { about: `runbook-${one.runId}`, text: expect.stringMatching(/^resolve/) },
  ]);
});

test.for([
  ['P1', 'critical'],
  ['P2', 'error'],
  ['P3', 'warning'],
  ['P4', 'info'],
] as const)('%s is %s at PagerDuty, with the text and the run beside it', async ([severity, expected]) => {
  const { env, events } = await eventsThat();
  const started = await notify.run({ title: 'T', severity, component: 'sign-in', text: 'More' }, { env });
  expect(events).toMatchObject([
    {
      routing_key: KEY,
      event_action: 'trigger',
      payload: {
        summary: 'T',
        source: 'runbook',
        severity: expected,
        component: 'sign-in',
        custom_details: { text: 'More', run: started.runId },
      },
    },
  ]);
});

test('an event whose answer was lost is sent again by the same key: one alert, one change', async () => {
  const { env, world } = await drill([{ match: { server: 'pagerduty' }, kind: 'drop-answer', count: 1 }]);
  const started = await notify.run({ title: 'Sign-in fails' }, { env });
  expect([started.end.status, outcomesOf(started)]).toEqual(['done', [[`runbook-${started.runId}`, 'done']]]);
  expect(appOf(world).messages.pagerduty).toBe(2);
});

test('a 5xx and too many events are tried again', async () => {
  const { env, events } = await eventsThat([500, {}], [429, {}, { 'retry-after': '0' }]);
  const started = await notify.run({ title: 'T' }, { env });
  expect([started.end.status, events.length]).toEqual(['done', 3]);
  expect(new Set(events.map((event) => event.dedup_key)).size).toBe(1);
});

test('a wrong key is a refusal for good, with what PagerDuty says', async () => {
  const { env } = await drill();
  const started = await notify.run({ title: 'T' }, { env: { ...env, PAGERDUTY_ROUTING_KEY: KEY } });
  expect([started.end.status, outcomesOf(started)[0]?.[1]]).toEqual(['failed', 'failed']);
  expect(started.state.steps.get('tell')?.error?.message).toMatch(/answered 400: .*routing_key/);
  expect(await journalText(notify.world(), started.runId)).not.toContain(KEY);
});

test('an answer that names no alert is not taken for success', async () => {
  const { env } = await eventsThat([202, { status: 'queued' }], [202, {}], [202, {}]);
  const started = await notify.run({ title: 'T' }, { env });
  expect([started.end.status, outcomesOf(started)[0]?.[1]]).toEqual(['failed', 'unknown']);
});

test('a plan pages nobody', async () => {
  const { env, events } = await eventsThat();
  const plan = await dryRun(stepOf(pagerduty, { title: 'T', dedupKey: 'k' }), {
    actions: [pagerduty],
    env,
    templateSource: ownTemplates,
  });
  expect(byPath(plan).get('tell')?.action?.changes).toMatchObject([
    { kind: 'alert', verb: 'trigger', outcome: 'planned', targets: [{ id: 'k' }] },
  ]);
  expect(events).toEqual([]);
});
