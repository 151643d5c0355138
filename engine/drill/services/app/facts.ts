// The facts of the app and of what surrounds it, put together from the world's state.
import type { WorldContext } from '../../context.ts';
import type { AppFacts } from '../facts.ts';
import { deploymentAt } from '../vercel/project.ts';
import { bypassState } from './bypass.ts';
import { judgeApp } from './judge.ts';
import type { TableReading } from './table-facts.ts';
import { wrongAtStart } from './table-plan.ts';

export function appFacts(context: WorldContext, reading: TableReading | undefined): AppFacts {
  const { app, webhooks, messages } = context.state.services;
  const { table: tableSpec, bad } = context.scenario.world.app ?? {};
  const now = context.clock.now();
  const deployment = deploymentAt(context, now);
  const health = app.health === undefined ? 'unknown' : app.health.healthy ? 'healthy' : 'unhealthy';
  return {
    health,
    reason: app.health?.reason ?? null,
    trouble: judgeApp(
      context,
      { variables: deployment.variables, isBroken: deployment.code === 'bad' && bad?.pages === 'failing' },
      now,
    ),
    downSince: app.downSince ?? null,
    restoredAt: app.restoredAt ?? null,
    bypassOn: bypassState(deployment.variables, now).on,
    bypassedRequests: app.bypassed,
    webhooksPaused: app.webhooksPaused,
    deployment: { id: deployment.id, code: deployment.code },
    ...(reading === undefined ? {} : { table: reading.table }),
    ...(reading === undefined || tableSpec === undefined
      ? {}
      : { wrongRows: { atStart: wrongAtStart(context, tableSpec), now: reading.wrong } }),
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
