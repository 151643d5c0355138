// One attempt of one action step: inputs, the action behind the gate, its result checked, and one event that says how
// it ended. Whatever happens in here ends as an event or, where the store or the lease is gone, as a throw.
import { type Action, type ChangeResult, Paused, PermanentFailure } from '../action.ts';
import { messageOf, RunbookError } from '../errors.ts';
import { holdsFields, type Json, type JsonObject } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { problemText } from '../playbook/validate-value.ts';
import { createContext, type OpenContext } from './context.ts';
import { actionOf, type Engine, effectOf, runFacts } from './engine.ts';
import type { ErrorFact } from './events.ts';
import { type ResolvedInputs, resolveStepInputs } from './inputs.ts';
import { scopeFor } from './scope.ts';
import type { StepState } from './state.ts';
import { stepLedger } from './step-ledger.ts';
import { type StopControl, Stopped } from './stop.ts';

/** How long an action may go on after it was cut off, before it is left behind. */
const GRACE_MS = 5_000;

export async function performAttempt(
  engine: Engine,
  node: ActionStep,
  at: { readonly attempt: number; readonly round: number },
  control: StopControl,
): Promise<void> {
  const step = stepOf(engine, node);
  const startedAt = engine.clock.monotonic();
  const elapsed = (): number => Math.round(engine.clock.monotonic() - startedAt);
  let context: OpenContext | undefined;
  try {
    // Taken up only to record its end: killed between a time-out and the attempt's last event.
    control.stop.throwIfAborted();
    const action = actionOf(engine, node);
    const inputs = await resolveStepInputs(engine.scope, node, action, engine);
    if (isApprovalOutdated(node, step, inputs)) return await voidApproval(engine, step);
    await engine.session.append({
      type: 'attempt.started',
      actor: 'engine',
      step: node.path,
      data: {
        ...at,
        uses: node.uses,
        inputs: inputs.shown,
        inputsDigest: inputs.digest,
        idempotent: action.idempotent,
      },
    });
    context = await openContext(engine, node, action, step, at, control);
    const output = await runAction(engine, action, inputs, context, control);
    await settleLeftovers(engine, node, action, context, at.round);
    context.close();
    await acceptOutput(engine, node, action, output, { ...at, durationMs: elapsed() });
  } catch (thrown) {
    context?.close();
    await recordFailure(engine, node, at.attempt, thrown, control, elapsed());
  }
}

function stepOf(engine: Engine, node: ActionStep): StepState {
  const step = engine.session.state.steps.get(node.path);
  if (!step) throw new RunbookError({ code: 'E_INTERNAL', message: `no state for ${node.path}` });
  return step;
}

function isApprovalOutdated(node: ActionStep, step: StepState, inputs: ResolvedInputs): boolean {
  return node.approval !== undefined && step.approval?.granted?.inputsDigest !== inputs.digest;
}

async function voidApproval(engine: Engine, step: StepState): Promise<void> {
  await engine.session.append({
    type: 'approval.voided',
    actor: 'engine',
    step: step.path,
    data: { request: step.approval?.request ?? 0, scope: 'all', reason: 'the inputs are not those that were approved' },
  });
}

async function openContext(
  engine: Engine,
  node: ActionStep,
  action: Action,
  step: StepState,
  at: { readonly attempt: number; readonly round: number },
  control: StopControl,
): Promise<OpenContext> {
  const { session } = engine;
  const effect = effectOf(action, node);
  const target = node.target ? await resolveTarget(engine, node) : undefined;
  return createContext({
    action,
    effect,
    ...(target === undefined ? {} : { target }),
    run: runFacts(engine, step, at.attempt),
    ledger: stepLedger(session, step, {
      ...at,
      isIdempotent: action.idempotent,
      hasApproval: node.approval !== undefined,
    }),
    secrets: engine.secrets,
    env: engine.env,
    clock: engine.clock,
    stop: control.stop,
    cut: control.cut,
    proveLease: () => session.proveLease(),
    onProgress: (done, total, unit) => {
      const data = { done, ...(total === undefined ? {} : { total }), ...(unit === undefined ? {} : { unit }) };
      session.ride({ type: 'step.progress', actor: 'engine', step: node.path, data });
    },
    onLog: (text) => session.ride({ type: 'step.log', actor: 'engine', step: node.path, data: { text } }),
  });
}

export async function resolveTarget(
  engine: Engine,
  node: ActionStep,
): Promise<{ kind: string; id: string } | undefined> {
  if (!node.target) return undefined;
  const value = node.target.resolve(await scopeFor(engine.scope, node.target));
  const { kind, id } = (value ?? {}) as JsonObject;
  if (typeof kind === 'string' && typeof id === 'string') return { kind, id };
  throw new RunbookError({
    code: 'E_STEP_TARGET',
    message: `${node.path}: target must give kind and id as text`,
    location: node.target.location,
  });
}

/** The action's result; rejects with its error, or with Stopped where it was cut off and did not end in time. */
async function runAction(
  engine: Engine,
  action: Action,
  inputs: ResolvedInputs,
  context: OpenContext,
  control: StopControl,
): Promise<Json> {
  let cancelGrace: (() => void) | undefined;
  const leftBehind = new Promise<never>((_resolve, reject) => {
    const arm = (): void => {
      cancelGrace = engine.clock.after(GRACE_MS, () => reject(control.cut.reason));
    };
    if (control.cut.aborted) arm();
    else control.cut.addEventListener('abort', arm, { once: true });
  });
  try {
    return await Promise.race([context.guard(() => action.run(inputs.real, context.ctx)), leftBehind]);
  } finally {
    cancelGrace?.();
  }
}

/**
 * Nothing may be called done while an effect of this step has no known outcome: the family's reader settles it, or the
 * attempt fails and says which.
 */
async function settleLeftovers(
  engine: Engine,
  node: ActionStep,
  action: Action,
  context: OpenContext,
  round: number,
): Promise<void> {
  const changes = engine.session.state.changes.get(node.path)?.values() ?? [];
  const open = [...changes].filter(
    (change) => change.round === round && (change.outcome === 'intended' || change.outcome === 'unknown'),
  );
  if (open.length === 0) return;
  const stillOpen: string[] = [];
  const kinds = new Set(open.map((change) => change.kind));
  for (const kind of kinds) {
    const ofKind = open.filter((change) => change.kind === kind);
    const states = action.describe
      ? await context.guard(async () =>
          action.describe?.(
            kind,
            ofKind.map((change) => change.id),
            context.ctx,
          ),
        )
      : undefined;
    for (const change of ofKind) {
      if (change.after === undefined || !holdsFields(states?.get(change.id)?.state, change.after)) {
        stillOpen.push(`${change.verb} ${kind} ${change.id}`);
        continue;
      }
      const result: Pick<ChangeResult, 'id' | 'outcome' | 'detail'> = {
        id: change.id,
        outcome: 'done',
        detail: { confirmedByReading: true },
      };
      const key = change.discriminator === undefined ? {} : { key: change.discriminator };
      await engine.session.append({
        type: 'change.settled',
        actor: 'engine',
        step: node.path,
        data: { kind, verb: change.verb, round, ...key, results: [result] },
      });
    }
  }
  if (stillOpen.length === 0) return;
  throw new RunbookError({
    code: 'E_CHANGES_UNSETTLED',
    message: `${stillOpen.length} changes have no known outcome: ${stillOpen.slice(0, 5).join(', ')}${stillOpen.length > 5 ? ', …' : ''}`,
    hint: 'Run the step again: what is recorded as done is not sent twice',
  });
}

async function acceptOutput(
  engine: Engine,
  node: ActionStep,
  action: Action,
  output: Json,
  at: { readonly attempt: number; readonly round: number; readonly durationMs: number },
): Promise<void> {
  // What is stored is what later steps see: undefined fields and class instances end here.
  const value = JSON.parse(JSON.stringify(output ?? null)) as Json;
  const problems = engine.validator.validate(action.output, value);
  if (problems.length > 0) {
    const text = problems.map((problem) => problemText(problem)).join('; ');
    throw new PermanentFailure(`${action.name} gave a result that its own output schema refuses: ${text}`);
  }
  for (const assertion of node.assert) {
    const holds = assertion.evaluate(await scopeFor(engine.scope, assertion, { output: value }));
    if (holds !== true)
      throw new RunbookError({
        code: 'E_ASSERT',
        message: `assert does not hold: ${assertion.source}`,
        location: assertion.location,
      });
  }
  if (node.until) {
    const holds = node.until.evaluate(await scopeFor(engine.scope, node.until, { output: value }));
    if (holds !== true) {
      const { attempt, round, durationMs } = at;
      await engine.session.append({
        type: 'attempt.polled',
        actor: 'engine',
        step: node.path,
        data: { attempt, round, output: value, durationMs },
      });
      return;
    }
  }
  const stored = await engine.scope.outputs.store(value);
  await engine.session.append({
    type: 'step.done',
    actor: 'engine',
    step: node.path,
    data: { output: stored, durationMs: at.durationMs },
  });
}

async function recordFailure(
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
  if (thrown instanceof Paused && thrown.reason === 'approval') {
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
]);

function isPermanent(thrown: unknown): boolean {
  if (thrown instanceof PermanentFailure || thrown instanceof Paused) return true;
  return thrown instanceof RunbookError && PERMANENT_CODES.has(thrown.code);
}

function isStoreError(thrown: unknown): boolean {
  return thrown instanceof RunbookError && (thrown.code.startsWith('E_STORE_') || thrown.code === 'E_LEASE_LOST');
}
