// The sender at work: events become messages, messages are delivered and tried again by the schedule, a few at once and in
// no promised order. All that it knows is in the world's file, so it goes on after a kill; a message whose attempt was cut
// off is sent again under the same `svix-id`.
import type { WorldContext } from '../../context.ts';
import { randomWord, STREAM, unit } from '../../random.ts';
import type { Mutation } from '../../state/mutation.ts';
import { signingSecrets, type WebhookMessage } from '../../state/services/webhooks.ts';
import type { WebhooksSpec } from '../spec.ts';
import { deliver } from './deliver.ts';
import { type ClerkEvent, eventOf } from './events.ts';
import { secretAt } from './secret.ts';
import { unannounced } from './unannounced.ts';

/** Deliveries under way at once. */
const LANES = 4;

export interface Sender {
  start(): void;
  stop(): Promise<void>;
}

/** @param url Where messages go; asked once the app listens. */
export function createSender(context: WorldContext, spec: WebhooksSpec, url: () => string): Sender {
  const { clock, state, seed } = context;
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  let alarmAt = Number.POSITIVE_INFINITY;
  let isStarted = false;

  const attempt = async (message: WebhookMessage): Promise<void> => {
    const webhooks = state.services.webhooks;
    const at = clock.now();
    const result = await deliver({
      url: url(),
      signed: { id: message.id, timestamp: String(Math.floor(at / 1000)), body: message.body },
      secrets: signingSecrets(webhooks, secretAt(seed, 0), at),
      now: clock.now,
      signal: stopping.signal,
    });
    if (stopping.signal.aborted) return;
    underWay.delete(message.id);
    const number = message.attempts.length;
    context.commit({
      type: 'webhook.attempt',
      at: clock.now(),
      by: 'world',
      message: message.id,
      id: attemptId(seed, message.id, number),
      trigger: message.isManual === true ? 'manual' : 'scheduled',
      ...result,
    });
  };

  const pump = (): void => {
    if (!isStarted || stopping.signal.aborted) return;
    const { messages, pending } = state.services.webhooks;
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const id of pending) {
      if (underWay.size >= LANES) return; // The end of any delivery pumps again.
      const message = messages.get(id);
      if (message?.nextAt === undefined || underWay.has(id)) continue;
      if (message.nextAt <= now) underWay.set(id, attempt(message));
      else next = Math.min(next, message.nextAt);
    }
    if (next >= alarmAt || next === Number.POSITIVE_INFINITY) return;
    alarmAt = next;
    void clock.sleep(next - now).then(() => {
      if (alarmAt === next) alarmAt = Number.POSITIVE_INFINITY;
      pump();
    });
  };

  const announce = (event: ClerkEvent, at: number): void => {
    const { created, vanished } = state.services.webhooks.counts;
    const number = created + vanished;
    const lossEnds = context.startedAt + (spec.lossUntilSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    const isLost = at < lossEnds && unit(seed, STREAM.webhookLoss, number) < spec.loss;
    if (isLost && spec.lost === 'vanished') {
      context.commit({ type: 'webhook.vanish', at, by: 'world', event: event.type });
    } else {
      const id = messageId(seed, number);
      context.commit({
        type: 'webhook.message',
        at,
        by: 'world',
        id,
        event: event.type,
        body: event.body,
        ...(isLost ? { isLost } : {}),
      });
    }
  };

  context.onCommit((mutation: Mutation) => {
    if (mutation.type.startsWith('webhook.')) {
      pump();
      return;
    }
    const event = eventOf(context, mutation);
    if (event !== undefined) announce(event, mutation.at);
  });

  return {
    start: () => {
      isStarted = true;
      for (const { event, at } of unannounced(context)) announce(event, at);
      pump();
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(underWay.values());
    },
  };
}

export function messageId(seed: number, number: number): string {
  return `msg_2${randomWord(26, seed, STREAM.webhookMessage, number)}`;
}

/** Follows from the message's own id, so that it needs no counter of its own. */
function attemptId(seed: number, message: string, number: number): string {
  const salt = [...message].reduce((sum, character) => (Math.imul(sum, 31) + character.charCodeAt(0)) | 0, 7);
  return `atmpt_2${randomWord(26, seed, STREAM.webhookMessage, salt >>> 1, number + 1)}`;
}
