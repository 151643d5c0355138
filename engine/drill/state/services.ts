// What happened at the services around Clerk: the sample app, its deployments and variables, webhook deliveries, messages
// that were sent to people.
import type { At, Folds } from './fold.ts';

/** A message that arrived at one of the sinks (Slack-like, PagerDuty-like, SMTP). */
type MessageMutation = At & {
  readonly type: 'message.received';
  readonly sink: 'slack' | 'pagerduty' | 'smtp';
  /** Whom or what it is about: a channel, a dedup key, a subject. */
  readonly about: string;
  readonly text: string;
};

export type ServiceMutation = MessageMutation;

export interface Message {
  readonly at: number;
  readonly sink: 'slack' | 'pagerduty' | 'smtp';
  readonly about: string;
  readonly text: string;
}

export interface ServiceState {
  readonly messages: Message[];
}

export function emptyServices(): ServiceState {
  return { messages: [] };
}

export const serviceFolds: Folds<ServiceMutation, ServiceState> = {
  'message.received': ({ messages }, { at, sink, about, text }) => {
    messages.push({ at, sink, about, text });
  },
};
