// What happened at the services around Clerk: the sample app, its deployments and variables, webhook deliveries, the status
// page, messages that were sent to people. Each has its part under services/; this file puts them together.
import type { FoldContext, Folds } from './fold.ts';
import { type AppMutation, type AppState, appFolds, emptyApp } from './services/app.ts';
import {
  type DeploymentMutation,
  type DeploymentState,
  deploymentFolds,
  emptyDeployments,
} from './services/deployments.ts';
import { emptyMessages, type MessageMutation, type MessageState, messageFolds } from './services/messages.ts';
import { emptyNotices, type NoticeMutation, type NoticeState, noticeFolds } from './services/notices.ts';
import { type StatusMutation, type StatusState, statusFolds } from './services/status.ts';
import { emptyWebhooks, type WebhookMutation, type WebhookState, webhookFolds } from './services/webhooks.ts';

export type ServiceMutation =
  | AppMutation
  | DeploymentMutation
  | MessageMutation
  | NoticeMutation
  | StatusMutation
  | WebhookMutation;

export interface ServiceState {
  readonly app: AppState;
  readonly deployments: DeploymentState;
  readonly messages: MessageState;
  readonly notices: NoticeState;
  readonly status: StatusState;
  readonly webhooks: WebhookState;
}

export function emptyServices(): ServiceState {
  return {
    app: emptyApp(),
    deployments: emptyDeployments(),
    messages: emptyMessages(),
    notices: emptyNotices(),
    status: [],
    webhooks: emptyWebhooks(),
  };
}

export const serviceFolds: Folds<ServiceMutation, ServiceState> = {
  ...on(appFolds, ({ app }) => app),
  ...on(deploymentFolds, ({ deployments }) => deployments),
  ...on(messageFolds, ({ messages }) => messages),
  ...on(noticeFolds, (state) => state),
  ...on(statusFolds, ({ status }) => status),
  ...on(webhookFolds, ({ webhooks }) => webhooks),
};

/** A part's table as one on all of this slice. */
function on<M extends ServiceMutation, S>(folds: Folds<M, S>, of: (state: ServiceState) => S): Folds<M, ServiceState> {
  const entries = Object.entries(folds).map(([type, fold]) => [
    type,
    // Each function stands under the type of the very mutations that it takes.
    (state: ServiceState, mutation: M, context: FoldContext) =>
      (fold as (slice: S, mutation: M, context: FoldContext) => void)(of(state), mutation, context),
  ]);
  return Object.fromEntries(entries) as Folds<M, ServiceState>; // The same keys as `folds`.
}
