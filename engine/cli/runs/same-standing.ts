// What of a run's state must be the same after values were erased from its events: where it stands, and what it did.
import { RunbookError } from '../../errors.ts';
import { evolve } from '../../run/evolve.ts';
import { initialState, type RunState, runStatus } from '../../run/state.ts';
import type { StoredEvent } from '../../store/journal.ts';
import { eventOf } from '../../store/row.ts';
import { eventRow } from '../../store/stored-run.ts';

/** How a run stands, of these events. */
export async function standingOf(events: AsyncIterable<StoredEvent>): Promise<string> {
  const state = initialState({ keepsOutput: () => false });
  for await (const event of events) evolve(state, eventOf(eventRow(event)));
  return JSON.stringify(standing(state));
}

/** @throws E_REDACT_REFUSED where what is left would make another run of it */
export async function requireSameStanding(before: string, events: AsyncIterable<StoredEvent>): Promise<void> {
  let after: string | null = null;
  try {
    after = await standingOf(events);
  } catch {
    // Events that cannot be folded make no run at all.
  }
  if (after === before) return;
  throw new RunbookError({
    code: 'E_REDACT_REFUSED',
    message: 'Something there says how the run stands (a status, a number, a kind of step), and that cannot be erased',
    hint: 'Nothing was erased. Name a longer value, or the event and path: --event SEQ --path a.b',
  });
}

function standing(state: RunState): unknown {
  return {
    status: runStatus(state),
    outcome: state.outcome,
    endedAt: state.endedAt,
    undos: state.undos,
    timers: state.firedTimers.size,
    steps: [...state.steps.values()].map((step) => [
      step.path,
      step.kind,
      step.phase,
      step.index,
      step.attempt,
      step.round,
      step.starts,
      step.reopens,
      step.next,
      step.count,
      step.durationMs,
      step.temporaryMs,
      step.approval?.granted == null ? null : (step.approval.granted.targets?.size ?? 'any'),
      // Two names that became one are one person's vote.
      step.approval?.votes.length,
    ]),
    changes: [...state.changes].map(([path, ledger]) => [
      path,
      [...ledger.values()].map(({ kind, verb, round, outcome, undone }) => [kind, verb, round, outcome, undone]),
    ]),
  };
}
