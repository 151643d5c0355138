// Changes of a step whose outcome nobody recorded: settled by the family's reader where it knows.

import { holdsFields } from '../json.ts';
import type { EventData } from './events.ts';
import { isRepeatable, isUnsettled, type LedgerPort } from './ledger-port.ts';
import { asDoubts, groupAlike } from './open-outcomes.ts';
import type { Change, Doubt } from './state.ts';

/** Those of this round that have no known outcome, and are not under way. */
export function openChanges(ledger: LedgerPort): readonly Change[] {
  return [...ledger.changes.values()].filter(
    (change) => change.round === ledger.round && isUnsettled(change) && !ledger.underWay.has(change.key),
  );
}

/** Records as done those that the reader finds in the wanted state. @returns the others. @throws what the reader throws */
export async function settleByReading(ledger: LedgerPort, open: readonly Change[]): Promise<readonly Change[]> {
  const stillOpen: Change[] = [];
  for (const alike of groupAlike(open)) {
    const [{ kind, verb, discriminator, round }] = alike;
    const states = await ledger.reread(
      kind,
      alike.map((change) => change.id),
    );
    const results: EventData['change.settled']['results'][number][] = [];
    for (const change of alike) {
      const isDone = change.after !== undefined && holdsFields(states.get(change.id)?.state, change.after);
      if (isDone) results.push({ id: change.id, outcome: 'done', detail: { confirmedByReading: true } });
      else stillOpen.push(change);
    }
    const key = discriminator === undefined ? {} : { key: discriminator };
    if (results.length > 0) await ledger.settle({ kind, verb, round, ...key, results });
  }
  return stillOpen;
}

/** Those that must not be sent again, and of which no person said otherwise, as one is asked about them. */
export function doubtsOf(ledger: LedgerPort, open: readonly Change[]): readonly Doubt[] {
  const doubtful = open.filter((change) => {
    const idempotent = ledger.repeatable.get(change.key);
    return !isRepeatable(ledger, idempotent === undefined ? {} : { idempotent }, change);
  });
  return asDoubts(doubtful);
}
