import { expect, test } from 'vitest';
import { createPopulation } from '../../../engine/drill/population/population.ts';
import type { FoldContext } from '../../../engine/drill/state/fold.ts';
import {
  emptyWebhooks,
  signingSecrets,
  type WebhookMutation,
  type WebhookState,
  webhookFolds,
} from '../../../engine/drill/state/services/webhooks.ts';
import { must, STARTED_AT, scenarioWith } from '../helpers.ts';

const { world } = scenarioWith();
const context: FoldContext = {
  population: createPopulation({ seed: 7, startedAt: STARTED_AT, world }),
  users: new Map(),
  signUps: [],
  deleted: new Set(),
  repeats: [],
};

function fold(state: WebhookState, mutation: WebhookMutation): void {
  // Each function stands under the type of the very mutations that it takes.
  const apply = webhookFolds[mutation.type] as (
    state: WebhookState,
    mutation: WebhookMutation,
    context: FoldContext,
  ) => void;
  apply(state, mutation, context);
}

const message = (id: string, isLost = false): WebhookMutation => ({
  type: 'webhook.message',
  at: 0,
  id,
  event: 'user.updated',
  body: '{}',
  isLost,
});
const attempt = (id: string, status: number, at = 0): WebhookMutation => ({
  type: 'webhook.attempt',
  at,
  message: id,
  id: `a_${id}_${at}`,
  status,
  durationMs: 1,
  trigger: 'scheduled',
});

test.each([
  [200, 'delivered'],
  [204, 'delivered'],
  [302, 'pending'],
  [404, 'pending'],
  [503, 'pending'],
  [0, 'pending'],
])('after one attempt answered with %i a message is %s', (status, expected) => {
  const state = emptyWebhooks();
  fold(state, message('m'));
  fold(state, attempt('m', status));
  expect(must(state.messages.get('m')).state).toBe(expected);
  expect(state.pending.has('m')).toBe(expected === 'pending');
});

test('delivered messages leave memory, those that wait or failed stay, and the counts know them all', () => {
  const state = emptyWebhooks();
  fold(state, message('waits'));
  fold(state, message('lost', true));
  for (let n = 0; n < 5000; n += 1) {
    fold(state, message(`m${n}`));
    fold(state, attempt(`m${n}`, 200));
  }
  expect(state.messages.size).toBeLessThanOrEqual(2 + 750);
  expect([state.messages.has('waits'), state.messages.has('lost'), state.messages.has('m4999')]).toEqual([
    true,
    true,
    true,
  ]);
  expect(state.counts).toEqual({ created: 5002, delivered: 5000, failed: 1, vanished: 0 });
});

test('one success ends the count of days that disables an endpoint', () => {
  const state = emptyWebhooks();
  const dayMs = 86_400_000;
  for (const [at, status] of [
    [0, 500],
    [4 * dayMs, 200],
    [5 * dayMs, 500],
    [9 * dayMs, 500],
  ] as const) {
    fold(state, message(`m${at}`));
    fold(state, attempt(`m${at}`, status, at));
  }
  expect(state.endpoint.disabledAt).toBeUndefined();
  fold(state, message('last'));
  fold(state, attempt('last', 500, 10 * dayMs));
  expect(state.endpoint.disabledAt).toBe(10 * dayMs);
});

test('the secret before the newest signs for a day, older ones do not', () => {
  const state = emptyWebhooks();
  fold(state, { type: 'webhook.secret', at: 1000, key: 'second' });
  fold(state, { type: 'webhook.secret', at: 2000, key: 'third' });
  expect(signingSecrets(state, 'first', 2000)).toEqual(['third', 'second']);
  expect(signingSecrets(state, 'first', 2000 + 86_400_000)).toEqual(['third']);
});
