// Changes of a step that were sent and never answered, looked at once more before the step fails or ends: the family's
// reader settles what it knows. Bounded, and the best that can be had: what it cannot tell stays open in the ledger.

import { openChangesOf } from './change-views.ts';
import type { Engine } from './engine.ts';
import { doubtsAmong } from './open-outcomes.ts';
import { isUndoPath } from './paths.ts';
import { type Doubt, isFinal } from './state.ts';
import { openStepContext } from './step-context.ts';
import { stepLedger } from './step-ledger.ts';
import { StopControl } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { nodeOf } from './undo-node.ts';

const LOOK_WITHIN_MS = 10_000;

/**
 * Settles what the reader finds done.
 * @param stop gives up looking. @returns those that are open still and must not be sent again. @throws where the store or
 * the lease is gone
 */
export async function lookAtOpenChanges(engine: Engine, path: string, stop?: AbortSignal): Promise<readonly Doubt[]> {
  const { state } = engine.session;
  if (openChangesOf(state, path).length === 0) return [];
  const node = nodeOf(engine.plan, state, path);
  const action = node?.kind === 'uses' ? engine.actions.get(node.uses) : undefined;
  if (action === undefined) return [];
  if (action.describe !== undefined) await look(engine, path, stop);
  return doubtsAmong(openChangesOf(state, path), action.idempotent);
}

/** What people ended, from elsewhere perhaps, nobody has looked at. Before the run ends. */
export async function lookAtWhatPeopleEnded(engine: Engine, stop: AbortSignal): Promise<void> {
  const { state } = engine.session;
  const ended = [...new Set(openChangesOf(state).map((change) => change.step))].filter((path) => {
    const step = state.steps.get(path);
    if (!step || isUndoPath(path) || !isFinal(step.phase)) return false;
    return step.skip?.kind === 'person' || step.by !== undefined;
  });
  if (ended.length === 0) return;
  const limit = timeLimit(engine);
  const within = AbortSignal.any([stop, limit.signal]);
  try {
    for (const path of ended) {
      if (within.aborted) return;
      await lookAtOpenChanges(engine, path, within);
    }
  } finally {
    limit.cancel();
  }
}

async function look(engine: Engine, path: string, stop: AbortSignal | undefined): Promise<void> {
  const { session, plan } = engine;
  const node = nodeOf(plan, session.state, path);
  const step = session.state.steps.get(path);
  const action = node?.kind === 'uses' ? engine.actions.get(node.uses) : undefined;
  if (node?.kind !== 'uses' || !step || !action || stop?.aborted === true) return;
  const limit = timeLimit(engine);
  const control = new StopControl();
  const cut = stop === undefined ? limit.signal : AbortSignal.any([stop, limit.signal]);
  const over = new Promise<never>((_resolve, reject) => {
    cut.addEventListener(
      'abort',
      () => {
        control.hard('ended');
        reject(control.cut.reason);
      },
      { once: true },
    );
  });
  over.catch(() => undefined);
  const ledger = stepLedger(session, step, {
    attempt: Math.max(1, step.starts),
    round: step.round,
    isIdempotent: action.idempotent,
    hasApproval: false,
  });
  try {
    const onLog = (text: string): void =>
      session.ride({ actor: 'engine', step: path, type: 'step.log', data: { text } });
    const context = await openStepContext(engine, {
      node,
      action,
      step,
      ledger,
      control,
      onLog,
      onProgress: () => undefined,
    });
    try {
      await Promise.race([context.settleOpen(), over]);
    } finally {
      context.close();
    }
  } catch (thrown) {
    // The reader has no answer, or not in time.
    if (session.lost.aborted) throw session.lost.reason;
    if (isStoreError(thrown)) throw thrown;
  } finally {
    limit.cancel();
  }
}

function timeLimit({ clock }: Engine): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  const cancel = clock.after(LOOK_WITHIN_MS, () => controller.abort());
  return { signal: controller.signal, cancel };
}
