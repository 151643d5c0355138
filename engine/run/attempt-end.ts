// How an attempt that did not succeed stands in the journal: failed, interrupted, or in want of another approval.
import { Paused, PermanentFailure } from '../action.ts';
import { messageOf, RunbookError } from '../errors.ts';
import type { ActionStep, PlanNode } from '../playbook/plan.ts';
import type { Engine } from './engine.ts';
import type { Draft, ErrorFact } from './events.ts';
import { limitRequest } from './limit-request.ts';
import { InDoubt, OverLimit } from './pauses.ts';
import { lookAtOpenChanges } from './settle-open.ts';
import { type StopControl, Stopped } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { timeLimitText } from './time-limit-words.ts';

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
  if (stopped === 'timeout') {
    // Where a group around it ran out of time it is skipped, and its turn comes again with the group's.
    const isOwn = session.state.steps.get(node.path)?.timedOut === true;
    const end = { attempt, error: timeoutError(node), isPermanent: true, durationMs };
    return isOwn ? failUnlessInDoubt(engine, node, end) : failAttempt(engine, node, end);
  }
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
  const question = await questionOf(engine, node, thrown, control);
  if (question instanceof Failure) {
    const { cause } = question;
    const end = { attempt, error: errorFact(cause), isPermanent: isPermanent(cause), durationMs };
    return failUnlessInDoubt(engine, node, end);
  }
  await ask(engine, node, { attempt, durationMs }, question);
}

/** In one commit: a step that was interrupted without its question would only run into it again. */
async function ask(
  engine: Engine,
  node: ActionStep,
  end: { readonly attempt: number; readonly durationMs: number },
  { reason, message, drafts }: Question,
): Promise<void> {
  await engine.session.append(
    { type: 'attempt.interrupted', actor: 'engine', step: node.path, data: { ...end, reason, message } },
    ...drafts,
  );
}

interface FailedEnd {
  readonly attempt: number;
  readonly error: ErrorFact;
  readonly isPermanent: boolean;
  readonly durationMs: number;
}

/** Whatever the playbook says of failures: first a person says what became of what must not be sent twice. */
async function failUnlessInDoubt(engine: Engine, node: ActionStep, end: FailedEnd): Promise<void> {
  const doubts = await lookAtOpenChanges(engine, node.path);
  if (doubts.length === 0) return failAttempt(engine, node, end);
  const { attempt, durationMs, error } = end;
  const question = inDoubt(node, new InDoubt(doubts));
  await ask(engine, node, { attempt, durationMs }, { ...question, message: `${error.message}; ${question.message}` });
}

function inDoubt(node: ActionStep, { message, doubts }: InDoubt): Question {
  const at = { actor: 'engine', step: node.path } as const;
  return { reason: 'in-doubt', message, drafts: doubts.map((data) => ({ ...at, type: 'change.doubted', data })) };
}

interface Question {
  readonly reason: 'limit' | 'in-doubt';
  readonly message: string;
  readonly drafts: readonly Draft[];
}

class Failure {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** What a person is asked before the step goes on; or that it has failed, perhaps over making that question. */
async function questionOf(
  engine: Engine,
  node: ActionStep,
  thrown: unknown,
  control: StopControl,
): Promise<Question | Failure> {
  const at = { actor: 'engine', step: node.path } as const;
  if (thrown instanceof InDoubt) return inDoubt(node, thrown);
  if (!(thrown instanceof OverLimit)) return new Failure(thrown);
  try {
    const data = await limitRequest(engine, node, thrown, control.stop);
    return { reason: 'limit', message: thrown.message, drafts: [{ ...at, type: 'approval.requested', data }] };
  } catch (error) {
    if (isStoreError(error)) throw error;
    return new Failure(error);
  }
}

async function failAttempt(engine: Engine, node: ActionStep, end: FailedEnd): Promise<void> {
  const data = { ...end, jitter: engine.random() };
  await engine.session.append({ type: 'attempt.failed', actor: 'engine', step: node.path, data });
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

/** A step that ran out of its own time, or of that of a group around it. */
export function timeoutError(node: PlanNode): ErrorFact {
  const own = 'timeoutMs' in node ? node.timeoutMs : undefined;
  return {
    code: 'E_STEP_TIMEOUT',
    message:
      own === undefined
        ? `${node.title} was cut off: the group around it ran out of time`
        : `${node.title} took longer than ${timeLimitText(own)}`,
    hint: 'Look at what it waited for. Run again, it has as long once more; a longer timeout in its file comes with runbook resume --adopt',
  };
}

/** An error as the journal keeps it: no stack, no cause's insides. */
export function errorFact(thrown: unknown): ErrorFact {
  if (thrown instanceof RunbookError) {
    return { code: thrown.code, message: thrown.message, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) };
  }
  if (thrown instanceof Paused) {
    return { code: 'E_PAUSED', message: thrown.message, hint: 'A person must decide before this step can go on' };
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
  'E_GATE_SOCKET',
  'E_TARGET_REDACTED',
  'E_ACTION_OVERLAP',
  'E_PLAN_MISMATCH',
]);

function isPermanent(thrown: unknown): boolean {
  if (thrown instanceof PermanentFailure || thrown instanceof Paused) return true;
  return thrown instanceof RunbookError && PERMANENT_CODES.has(thrown.code);
}
