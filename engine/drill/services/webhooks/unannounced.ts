// What a kill cut off between a change and its messages. The messages of a line of the world's file follow it before any other
// change does, so those that are missing can only be the last line's.
import type { WorldContext } from '../../context.ts';
import { type Mutation, unfold } from '../../state/mutation.ts';
import { applyMutation, emptyState, foldOne } from '../../state/state.ts';
import { type ClerkEvent, eventOf } from './events.ts';

export interface Unannounced {
  readonly event: ClerkEvent;
  readonly at: number;
}

/** Events of before this process that became no message, in their order. */
export function unannounced(context: WorldContext): readonly Unannounced[] {
  const { past, population } = context;
  const last = past.findLastIndex(({ type }) => !type.startsWith('webhook.') && type !== 'world.served');
  const line = past[last];
  if (line === undefined) return [];
  const written = past.slice(last + 1).filter(isAnnouncement).length;
  const changes = unfold(line);
  if (written >= changes.length) return [];
  // An event tells of the world as its own change left it, not as the whole line did.
  const state = emptyState();
  for (const mutation of past.slice(0, last)) applyMutation(state, population, mutation);
  const events = changes.flatMap((change) => {
    foldOne(state, population, change);
    const event = eventOf({ ...context, state }, change);
    return event === undefined ? [] : [{ event, at: change.at }];
  });
  return events.slice(written);
}

function isAnnouncement({ type }: Mutation): boolean {
  return type === 'webhook.message' || type === 'webhook.vanish';
}
