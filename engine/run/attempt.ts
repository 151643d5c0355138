// One attempt of one action step: inputs, the action behind the gate, its result checked, and one event that says how
// it ended. Whatever happens in here ends as an event or, where the store or the lease is gone, as a throw.
import { type Action, PermanentFailure } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { problemText } from '../playbook/validate-value.ts';
import { recordFailure } from './attempt-end.ts';
import { asksAboutCode } from './changed-code.ts';
import type { OpenContext } from './context.ts';
import { actionOf, type Engine } from './engine.ts';
import type { Draft, RunEvent } from './events.ts';
import { type ResolvedInputs, resolveStepInputs } from './inputs.ts';
import { settleLeftovers } from './leftovers.ts';
import { SecretWanted } from './reveal.ts';
import { scopeFor } from './scope.ts';
import { waitsForSecret } from './secret-wait.ts';
import { readOnce } from './secrets.ts';
import type { StepState } from './state.ts';
import { openStepContext } from './step-context.ts';
import { stepLedger } from './step-ledger.ts';
import type { StopControl } from './stop.ts';
import { assertRestored, inputsStillOurs } from './undo-check.ts';
import { seal } from './vault.ts';

/** How long an action may go on after it was cut off, before it is left behind: longer than a process gets to end. */
const GRACE_MS = 7_000;

export interface AttemptNumbers {
  /** Counts against `retry`, from 1. */
  readonly attempt: number;
  /** Of `until`, from 0. */
  readonly round: number;
}

export async function performAttempt(
  engine: Engine,
  node: ActionStep,
  { attempt, round }: AttemptNumbers,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  const { session } = engine;
  const step = stepOf(engine, node);
  const startedAt = engine.clock.monotonic();
  const elapsed = (): number => Math.round(engine.clock.monotonic() - startedAt);
  let context: OpenContext | undefined;
  try {
    // Taken up only to record its end: killed between a time-out and the attempt's last event.
    control.stop.throwIfAborted();
    const action = actionOf(engine, node);
    const reading = { ...engine, secrets: readOnce(engine.secrets) };
    const inputs = await resolveStepInputs(reading, node, action, control.stop);
    if (isApprovalOutdated(node, step, inputs)) {
      await voidApproval(engine, step);
      return 'finished';
    }
    const code = engine.actionDigest?.(node.uses);
    if (await asksAboutCode(engine, node, { action, inputs, attempt, code })) return 'finished';
    const ledger = stepLedger(session, step, {
      attempt,
      round,
      isIdempotent: action.idempotent,
      hasApproval: node.approval !== undefined,
    });
    context = await openStepContext(reading, {
      node,
      action,
      step,
      inputs: inputs.real,
      ledger,
      control,
      ...ridingAlong(engine, node),
    });
    // Somebody ended the step or the run first: nothing has been done yet.
    if (!(await session.appendUnless(endsBefore(node), started(node, action, inputs, { attempt, round, code }))))
      return 'finished';
    const real = step.inverse
      ? await inputsStillOurs(engine, step, step.inverse, { inputs: inputs.real, action, context })
      : inputs.real;
    if (real === null) {
      context.close();
      await session.append({ type: 'step.done', actor: 'engine', step: node.path, data: { durationMs: elapsed() } });
      return 'finished';
    }
    const output = await runAction(engine, action, { ...inputs, real }, context, control);
    await settleLeftovers(context);
    if (step.inverse) await assertRestored(engine, step, step.inverse);
    context.close();
    await acceptOutput(engine, node, action, output, { attempt, round, durationMs: elapsed() });
  } catch (thrown) {
    context?.close();
    if (thrown instanceof SecretWanted && waitsForSecret(engine, node, thrown, control)) return 'parked';
    await recordFailure(engine, node, attempt, thrown, control, elapsed());
  }
  return 'finished';
}

function started(
  node: ActionStep,
  action: Action,
  inputs: ResolvedInputs,
  { code, ...at }: AttemptNumbers & { readonly code: string | undefined },
): Draft {
  return {
    type: 'attempt.started',
    actor: 'engine',
    step: node.path,
    data: {
      ...at,
      uses: node.uses,
      inputs: inputs.shown,
      inputsDigest: inputs.digest,
      idempotent: action.idempotent,
      ...(code === undefined ? {} : { code }),
    },
  };
}

function endsBefore(node: ActionStep): (event: RunEvent) => boolean {
  return (event) => event.type === 'abort.requested' || (event.type === 'step.skipped' && event.step === node.path);
}

function ridingAlong({ session }: Engine, node: ActionStep) {
  const at = { actor: 'engine', step: node.path } as const;
  return {
    onProgress: (done: number, total: number | undefined, unit: string | undefined): void => {
      const data = { done, ...(total === undefined ? {} : { total }), ...(unit === undefined ? {} : { unit }) };
      session.ride({ ...at, type: 'step.progress', data });
    },
    onLog: (text: string): void => session.ride({ ...at, type: 'step.log', data: { text } }),
  };
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

async function acceptOutput(
  engine: Engine,
  node: ActionStep,
  action: Action,
  result: Json,
  at: { readonly attempt: number; readonly round: number; readonly durationMs: number },
): Promise<void> {
  // What is stored is what later steps see: undefined fields and class instances end here.
  const real = JSON.parse(JSON.stringify(result ?? null)) as Json;
  const problems = engine.validator.validate(action.output, real);
  if (problems.length > 0) {
    const text = problems.map((problem) => problemText(problem)).join('; ');
    throw new PermanentFailure(`${action.name} gave a result that its own output schema refuses: ${text}`);
  }
  // From here on nothing can tell what is secret: `assert` and `until` cannot read it either.
  const value = seal(engine.vault, action.output, real, node.path);
  if (node.until) {
    const holds = node.until.evaluate(await scopeFor(engine.scope, node, node.until, { output: value }));
    if (holds !== true) {
      const { attempt, round, durationMs } = at;
      const output = await engine.scope.outputs.store(value);
      await engine.session.append({
        type: 'attempt.polled',
        actor: 'engine',
        step: node.path,
        data: { attempt, round, output, durationMs },
      });
      return;
    }
  }
  for (const assertion of node.assert) {
    const holds = assertion.evaluate(await scopeFor(engine.scope, node, assertion, { output: value }));
    if (holds !== true)
      throw new RunbookError({
        code: 'E_ASSERT',
        message: `assert does not hold: ${assertion.source}`,
        location: assertion.location,
      });
  }
  const stored = await engine.scope.outputs.store(value);
  await engine.session.append({
    type: 'step.done',
    actor: 'engine',
    step: node.path,
    data: { output: stored, durationMs: at.durationMs },
  });
}
