// The facts of the app and of what surrounds it, put together from the world's state.
import type { WorldContext } from '../../context.ts';
import type { AppFacts, TableFacts } from '../facts.ts';
import { deploymentAt } from '../vercel/project.ts';
import { bypassState } from './bypass.ts';

export function appFacts(context: WorldContext, table: TableFacts | undefined): AppFacts {
  const { app, webhooks, messages } = context.state.services;
  const now = context.clock.now();
  const deployment = deploymentAt(context, now);
  const health = app.health === undefined ? 'unknown' : app.health.healthy ? 'healthy' : 'unhealthy';
  return {
    health,
    reason: app.health?.reason ?? null,
    downSince: app.downSince ?? null,
    restoredAt: app.restoredAt ?? null,
    bypassOn: bypassState(deployment.variables, now).on,
    bypassedRequests: app.bypassed,
    webhooksPaused: app.webhooksPaused,
    deployment: { id: deployment.id, code: deployment.code },
    ...(table === undefined ? {} : { table }),
    webhooks: {
      delivered: webhooks.counts.delivered,
      failed: webhooks.counts.failed,
      pending: webhooks.pending.size,
      vanished: webhooks.counts.vanished,
      endpointDisabled: webhooks.endpoint.disabledAt !== undefined,
    },
    messages: { ...messages.counts },
  };
}
