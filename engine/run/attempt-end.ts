// How an attempt that did not succeed stands in the journal: failed, interrupted, or in want of another approval.
import { Paused, PermanentFailure } from '../action.ts';
import { messageOf, RunbookError } from '../errors.ts';
import type { ActionStep } from '../playbook/plan.ts';
import type { Engine } from './engine.ts';
import type { ErrorFact } from './events.ts';
import { type StopControl, Stopped } from './stop.ts';

/** Appends what became of an attempt that did not succeed. @throws where nothing can be recorded any more. */
export async function recordFailure(
  engine: Engine,
  node: ActionStep,
  attempt: number,
  thrown: unknown,
  control: StopControl,
  durationMs: number,
): Promise<void> {
  const { session } = engine;
  // Nothing can be recorded any more: the shell ends, and resume finds the attempt open.
  if (session.lost.aborted) throw session.lost.reason;
  if (isStoreError(thrown)) throw thrown;
  const stopped = control.reason;
  if (stopped === 'timeout') return failAttempt(engine, node, attempt, timeoutError(node), true, durationMs);
  if (stopped !== undefined)
    return interrupt(engine, node, attempt, 'operator', new Stopped(stopped).message, durationMs);
  if (thrown instanceof Paused && thrown.reason === 'approval' && node.approval !== undefined) {
    await interrupt(engine, node, attempt, 'approval', thrown.message, durationMs);
    const request = session.state.steps.get(node.path)?.approval?.request ?? 0;
    await session.append({
      type: 'approval.voided',
      actor: 'engine',
      step: node.path,
      data: { request, scope: 'additional', reason: thrown.message },
    });
    return;
  }
  await failAttempt(engine, node, attempt, errorFact(thrown), isPermanent(thrown), durationMs);
}

async function failAttempt(
  engine: Engine,
  node: ActionStep,
  attempt: number,
  error: ErrorFact,
  permanent: boolean,
  durationMs: number,
): Promise<void> {
  await engine.session.append({
    type: 'attempt.failed',
    actor: 'engine',
    step: node.path,
    data: { attempt, error, isPermanent: permanent, jitter: engine.random(), durationMs },
  });
}

async function interrupt(
  engine: Engine,
  node: ActionStep,
  attempt: number,
  reason: 'operator' | 'approval',
  message: string,
  durationMs: number,
): Promise<void> {
  await engine.session.append({
    type: 'attempt.interrupted',
    actor: 'engine',
    step: node.path,
    data: { attempt, reason, message, durationMs },
  });
}

export function timeoutError(node: ActionStep): ErrorFact {
  return {
    code: 'E_STEP_TIMEOUT',
    message: `${node.title} took longer than ${node.timeoutMs} ms`,
    hint: 'Look at what it waited for; then run it again or raise its timeout',
  };
}

/** An error as the journal keeps it: no stack, no cause's insides. */
export function errorFact(thrown: unknown): ErrorFact {
  if (thrown instanceof RunbookError) {
    return { code: thrown.code, message: thrown.message, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) };
  }
  if (thrown instanceof Paused && thrown.reason !== 'in-doubt') {
    return { code: 'E_PAUSED', message: thrown.message, hint: 'A person must decide before this step can go on' };
  }
  if (thrown instanceof Paused) {
    return {
      code: 'E_IN_DOUBT',
      message: thrown.message,
      hint: 'Find out whether it happened, then mark the step done, or skip it',
    };
  }
  return { code: 'E_ACTION_FAILED', message: messageOf(thrown) };
}

/** Errors that trying again cannot mend. */
const PERMANENT_CODES = new Set([
  'E_ACTION_INPUT',
  'E_INPUT_REDACTED',
  'E_EXPRESSION',
  'E_ACTION_MISSING',
  'E_SECRET_MISSING',
  'E_SECRET_UNKNOWN',
  'E_STEP_TARGET',
  'E_ACTION_EFFECT',
  'E_GATE_EXEC',
  'E_TARGET_REDACTED',
  'E_ACTION_OVERLAP',
  'E_PLAN_MISMATCH',
]);

function isPermanent(thrown: unknown): boolean {
  if (thrown instanceof PermanentFailure || thrown instanceof Paused) return true;
  return thrown instanceof RunbookError && PERMANENT_CODES.has(thrown.code);
}

/** The store or the lease is gone: nothing more can be recorded. A value that is no JSON is the step's own fault. */
export function isStoreError(thrown: unknown): boolean {
  if (!(thrown instanceof RunbookError) || thrown.code === 'E_STORE_NOT_JSON') return false;
  return thrown.code.startsWith('E_STORE') || thrown.code === 'E_LEASE_LOST';
}
