// Messages of before the drill that the app never got: the ones that its missing, stale and orphaned rows needed. Written
// to the world's file once, as failed, so that a recovery brings them.
import type { WorldContext } from '../../context.ts';
import { planTable } from '../app/table-plan.ts';
import { type ClerkEvent, deletedEvent, userEvent } from './events.ts';
import { messageId } from './sender.ts';

/** They failed in the day before the drill. */
const SPAN_MS = 24 * 3_600_000;

/** Goes on where a kill cut it off: the backlog's messages come before all others. */
export function writeBacklog(context: WorldContext): void {
  const { app, services } = context.scenario.world;
  if (services.webhooks?.backlog !== 'failed' || app?.table === undefined) return;
  const plan = planTable(context, app.table);
  const events: readonly ((at: number) => ClerkEvent)[] = [
    ...[...plan.missing].map((user) => (at: number) => userEvent(context, 'user.created', user, at)),
    ...[...plan.stale].map((user) => (at: number) => userEvent(context, 'user.updated', user, at)),
    ...plan.orphans.map((orphan) => (at: number) => deletedEvent(context, context.population.idAt(orphan), at)),
  ];
  const written = context.state.services.webhooks.counts.created;
  events.slice(written).forEach((event, n) => {
    const number = written + n;
    const at = Math.floor(context.startedAt - SPAN_MS + (number * SPAN_MS) / (events.length + 1));
    const { type, body } = event(at);
    const id = messageId(context.seed, number);
    context.commit({ type: 'webhook.message', at, by: 'world', id, event: type, body, isLost: true });
  });
}
