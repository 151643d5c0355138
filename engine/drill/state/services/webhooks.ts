// The sender of webhooks: its messages with their attempts, its endpoint and its secrets. Only what is pending, what failed
// and the newest that were delivered stay in memory.
import { ENDPOINT_GIVES_UP_MS, nextAttemptAt, SECRET_GRACE_MS } from '../../services/webhooks/schedule.ts';
import type { At, Folds } from '../fold.ts';

export type Trigger = 'scheduled' | 'manual';

export type WebhookMutation = At &
  /** An event became a message. `isLost`: the endpoint never got it (it counts as failed), or the endpoint is disabled. */
  (
    | {
        readonly type: 'webhook.message';
        readonly id: string;
        readonly event: string;
        readonly body: string;
        readonly isLost?: boolean;
      }
    /** An event that became no message at all: nothing can recover it. */
    | { readonly type: 'webhook.vanish'; readonly event: string }
    | {
        readonly type: 'webhook.attempt';
        readonly message: string;
        readonly id: string;
        /** 0 where there was no answer. */
        readonly status: number;
        readonly durationMs: number;
        readonly trigger: Trigger;
      }
    | { readonly type: 'webhook.resend'; readonly messages: readonly string[] }
    | { readonly type: 'webhook.endpoint'; readonly disabled: boolean }
    | { readonly type: 'webhook.secret'; readonly key: string }
  );

export interface Attempt {
  readonly id: string;
  readonly at: number;
  readonly status: number;
  readonly durationMs: number;
  readonly trigger: Trigger;
}

export interface WebhookMessage {
  readonly id: string;
  readonly event: string;
  readonly at: number;
  readonly body: string;
  readonly attempts: Attempt[];
  state: 'pending' | 'delivered' | 'failed';
  /** When it is tried next; undefined where nobody tries it any more. */
  nextAt?: number;
  /** Set by a resend: the next attempt was asked for by somebody. */
  isManual?: boolean;
  /** Attempts of the schedule that failed since it was last queued. */
  tries: number;
}

export interface WebhookState {
  /** By id, oldest first. */
  readonly messages: Map<string, WebhookMessage>;
  /** Ids of those that wait for an attempt. */
  readonly pending: Set<string>;
  readonly counts: { created: number; delivered: number; failed: number; vanished: number };
  readonly endpoint: { disabledAt?: number; failingSince?: number };
  /** Somebody has enabled or disabled the endpoint. */
  touched: boolean;
  /** Secrets that replaced the first one; the newest signs, and the one before it for a day too. */
  readonly secrets: { readonly key: string; readonly at: number }[];
}

/** Settled messages that the sender still lists. Older ones are gone from sight, as with a sender's retention. */
const KEPT = { delivered: 500, failed: 20_000 };

export function emptyWebhooks(): WebhookState {
  return {
    messages: new Map(),
    pending: new Set(),
    counts: { created: 0, delivered: 0, failed: 0, vanished: 0 },
    endpoint: {},
    touched: false,
    secrets: [],
  };
}

export const webhookFolds: Folds<WebhookMutation, WebhookState> = {
  'webhook.message': (slice, { at, id, event, body, isLost }) => {
    slice.counts.created += 1;
    const isFailed = isLost === true || slice.endpoint.disabledAt !== undefined;
    const message: WebhookMessage = { id, event, at, body, attempts: [], tries: 0, state: 'pending' };
    if (isFailed) settle(slice, message, 'failed');
    else {
      message.nextAt = at;
      slice.pending.add(id);
    }
    slice.messages.set(id, message);
  },
  'webhook.vanish': (slice) => {
    slice.counts.vanished += 1;
  },
  'webhook.attempt': (slice, { at, message: messageId, id, status, durationMs, trigger }) => {
    const message = slice.messages.get(messageId);
    if (message === undefined) return;
    message.attempts.push({ id, at, status, durationMs, trigger });
    delete message.isManual;
    if (status >= 200 && status < 300) {
      settle(slice, message, 'delivered');
      delete slice.endpoint.failingSince;
      return;
    }
    message.tries += 1;
    const since = slice.endpoint.failingSince ?? at;
    slice.endpoint.failingSince = since;
    const nextAt = nextAttemptAt(message.tries, at);
    if (nextAt === undefined) settle(slice, message, 'failed');
    else message.nextAt = nextAt;
    if (at - since >= ENDPOINT_GIVES_UP_MS) disable(slice, at);
  },
  'webhook.resend': (slice, { at, messages }) => {
    for (const id of messages) {
      const message = slice.messages.get(id);
      if (message === undefined) continue;
      if (message.state !== 'pending') uncount(slice, message);
      message.state = 'pending';
      message.tries = 0;
      message.nextAt = at;
      message.isManual = true;
      slice.pending.add(id);
    }
  },
  'webhook.endpoint': (slice, { at, disabled }) => {
    slice.touched = true;
    if (disabled) disable(slice, at);
    else {
      delete slice.endpoint.disabledAt;
      delete slice.endpoint.failingSince;
    }
  },
  'webhook.secret': (slice, { at, key }) => {
    slice.secrets.push({ key, at });
  },
};

/** Secrets that sign at `at`, newest first. `first` is the one from before the drill. */
export function signingSecrets(slice: WebhookState, first: string, at: number): readonly string[] {
  const all = [{ key: first, at: 0 }, ...slice.secrets];
  const newest = all.at(-1);
  const previous = all.at(-2);
  const keys = newest === undefined ? [] : [newest.key];
  return newest !== undefined && previous !== undefined && at - newest.at < SECRET_GRACE_MS
    ? [...keys, previous.key]
    : keys;
}

function settle(slice: WebhookState, message: WebhookMessage, state: 'delivered' | 'failed'): void {
  if (message.state !== 'pending') uncount(slice, message);
  message.state = state;
  slice.pending.delete(message.id);
  delete message.nextAt;
  slice.counts[state] += 1;
  forgetOld(slice, state);
}

function uncount(slice: WebhookState, { state }: WebhookMessage): void {
  if (state !== 'pending') slice.counts[state] -= 1;
}

/** What waits for a disabled endpoint fails: it must be recovered by hand. */
function disable(slice: WebhookState, at: number): void {
  slice.endpoint.disabledAt ??= at;
  for (const id of slice.pending) {
    const message = slice.messages.get(id);
    if (message !== undefined) settle(slice, message, 'failed');
  }
}

/** The oldest of those that are settled so leave memory. */
function forgetOld({ messages, counts }: WebhookState, state: 'delivered' | 'failed'): void {
  const kept = KEPT[state];
  // Half as many again may gather first, so that the walk is rare.
  if (counts[state] % (kept / 2) !== 0) return;
  const held = [...messages.values()].filter((message) => message.state === state);
  for (const { id } of held.slice(0, Math.max(0, held.length - kept))) messages.delete(id);
}
