// Messages to people that arrived at one of the sinks (Slack-like, PagerDuty-like, SMTP, Statuspage-like).
import type { At, Folds } from '../fold.ts';

export const SINKS = ['slack', 'pagerduty', 'smtp', 'statuspage'] as const;
export type Sink = (typeof SINKS)[number];

export type MessageMutation = At & {
  readonly type: 'message.received';
  readonly sink: Sink;
  /** Whom or what it is about: a channel, a dedup key, a subject. */
  readonly about: string;
  readonly text: string;
};

export interface Message {
  readonly at: number;
  readonly sink: Sink;
  readonly about: string;
  readonly text: string;
}

export interface MessageState {
  /** The newest `KEPT_MESSAGES`, oldest first. */
  readonly kept: Message[];
  /** All that ever arrived. */
  readonly counts: { [sink in Sink]: number };
}

/** Older ones leave memory; the world's file keeps them all. */
const KEPT_MESSAGES = 1000;

export function emptyMessages(): MessageState {
  return { kept: [], counts: { slack: 0, pagerduty: 0, smtp: 0, statuspage: 0 } };
}

export const messageFolds: Folds<MessageMutation, MessageState> = {
  'message.received': (slice, { at, sink, about, text }) => keepMessage(slice, { at, sink, about, text }),
};

export function keepMessage(slice: MessageState, message: Message): void {
  slice.kept.push(message);
  slice.counts[message.sink] += 1;
  if (slice.kept.length > KEPT_MESSAGES) slice.kept.shift();
}
