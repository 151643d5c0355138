// Bulk effects in batches: durable intents a window at a time, slots that record before they go on.
import { ChangeRefused, type ChangesSpec, PermanentFailure, type TargetAnswer } from '../action.ts';
import { messageOf } from '../errors.ts';
import type { EventData } from './events.ts';
import { asJson, head, isRepeatable, type LedgerPort, ownerOf, type Perform, type Todo } from './ledger-port.ts';

/** Targets in one durable intent where a repeat does no harm. Source: design, "resume". */
const WINDOW = 500;
/**
 * Slots take batches in order. A window's intent is durable before its first batch starts; a slot records the outcomes
 * of its batch before it takes the next.
 */
export async function performInBatches(
  ledger: LedgerPort,
  spec: ChangesSpec,
  todo: readonly Todo[],
  perform: Perform,
): Promise<void> {
  const { batch = 1, concurrency = 1 } = spec;
  // Where a repeat would do harm, an intent covers one batch only: what was never sent must not look doubtful.
  const window = isRepeatable(ledger, spec) ? Math.max(1, Math.floor(WINDOW / batch)) * batch : batch;
  const windows = new Map<number, Promise<void>>();
  const unsent: Todo[] = [];
  let next = 0;
  let intended = 0;
  let stop: PermanentFailure | null = null;
  const intendWindow = (start: number): Promise<void> => {
    const first = Math.floor(start / window) * window;
    let intent = windows.get(first);
    if (!intent) {
      windows.delete(first - window);
      intent = ledger.intend(intentOf(ledger, spec, todo.slice(first, first + window)));
      windows.set(first, intent);
      intended = first + window;
    }
    return intent;
  };
  const slot = async (): Promise<void> => {
    while (next < todo.length && !ledger.stop.aborted && stop === null) {
      const start = next;
      next += batch;
      await intendWindow(start);
      if (ledger.stop.aborted) {
        unsent.push(...todo.slice(start, start + batch));
        return;
      }
      const answer = await performChunk(ledger, todo.slice(start, start + batch), perform);
      if (answer.stop) stop = answer.stop;
      await ledger.settle({ ...head(ledger, spec), results: answer.results });
    }
  };
  const slots = Array.from({ length: Math.min(concurrency, Math.ceil(todo.length / batch)) }, slot);
  const settled = await Promise.allSettled(slots);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  // Intended with the rest of their window, stopped before their turn.
  unsent.push(...todo.slice(next, intended));
  if (unsent.length > 0) await ledger.settle({ ...head(ledger, spec), results: unsent.map(notSent) });
  ledger.stop.throwIfAborted();
  if (stop) throw stop;
}

/** Known not to have happened, unless an earlier attempt sent it. */
function notSent({ target, wasSent }: Todo): ChunkAnswer['results'][number] {
  return wasSent
    ? { id: target.id, outcome: 'unknown', error: 'sent by an earlier attempt, not sent again' }
    : { id: target.id, outcome: 'failed', error: 'not sent' };
}

/** A refusal is about this sending alone: one before it may have had its effect. */
function outcomeOf(outcome: TargetAnswer['outcome'] & string, { wasSent }: Todo): TargetAnswer['outcome'] & string {
  return outcome === 'failed' && wasSent ? 'unknown' : outcome;
}

interface ChunkAnswer {
  readonly results: EventData['change.settled']['results'];
  readonly stop?: PermanentFailure;
}

async function performChunk(ledger: LedgerPort, chunk: readonly Todo[], perform: Perform): Promise<ChunkAnswer> {
  let isSent = false;
  const targets = chunk.map((item) => item.target);
  try {
    const answers = await ledger.perform(() => {
      isSent = true;
      return perform(targets, ledger.cut);
    });
    return {
      results: chunk.map((item) => {
        const { id } = item.target;
        const { outcome = 'done', error, detail } = answers?.get(id) ?? {};
        return {
          id,
          outcome: outcomeOf(outcome, item),
          ...(error === undefined ? {} : { error: String(error) }),
          ...(detail === undefined ? {} : { detail: asJson(detail) }),
        };
      }),
    };
  } catch (thrown) {
    if (!isSent) throw thrown;
    const isKnown = thrown instanceof ChangeRefused || thrown instanceof PermanentFailure;
    const outcome = isKnown ? 'failed' : 'unknown';
    const error = messageOf(thrown);
    return {
      results: chunk.map((item) => ({ id: item.target.id, outcome: outcomeOf(outcome, item), error })),
      ...(thrown instanceof PermanentFailure ? { stop: thrown } : {}),
    };
  }
}

function intentOf(ledger: LedgerPort, spec: ChangesSpec, items: readonly Todo[]): EventData['change.intended'] {
  return {
    ...head(ledger, spec),
    attempt: ledger.attempt,
    after: spec.after,
    ...(spec.undo === undefined ? {} : { undo: spec.undo }),
    ...(spec.idempotent === undefined ? {} : { idempotent: spec.idempotent }),
    targets: items.map(({ target, before }) => ({
      id: target.id,
      ...ownerOf(target),
      ...(before === undefined ? {} : { before: asJson(before) }),
    })),
  };
}
