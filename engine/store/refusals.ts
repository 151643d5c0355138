// What any store refuses, in the same words.
import { RunbookError } from '../errors.ts';
import { PEOPLE_EVENTS } from '../run/event-rules.ts';
import type { Draft } from '../run/events.ts';

export function unknownRunError(runId: string): RunbookError {
  return new RunbookError({
    code: 'E_RUN_UNKNOWN',
    message: `There is no run ${runId} in this store`,
    hint: 'runbook runs lists them',
  });
}

export function runExistsError(runId: string): RunbookError {
  return new RunbookError({
    code: 'E_RUN_EXISTS',
    message: `There is a run ${runId} already`,
    hint: 'Choose another id',
  });
}

/** The refusal of a draft that only the lease's holder may append, or undefined where anybody may. */
export function needsLeaseError(runId: string, draft: Draft): RunbookError | undefined {
  if (PEOPLE_EVENTS.has(draft.type)) return undefined;
  return new RunbookError({
    code: 'E_STORE_NEEDS_LEASE',
    message: `'${draft.type}' may be appended to run ${runId} only by the process that holds it`,
    hint: 'Acquire its lease first',
  });
}

export function closedError(): RunbookError {
  return new RunbookError({ code: 'E_STORE_CLOSED', message: 'The store was closed' });
}
