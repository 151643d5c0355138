// Approvals: what is asked for (from the step's own plan), and who may give it.

import { TargetsUnknown } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ActionStep, ApprovalPolicy, ManualStep } from '../playbook/plan.ts';
import { deedKey, targetKey } from './change-views.ts';
import { actionOf, type Engine } from './engine.ts';
import type { EventData, PlannedTarget, RefusedTarget } from './events.ts';
import { digestOf, resolveStepInputs } from './inputs.ts';
import { manualText } from './manual-text.ts';
import { isSamePerson, roleProblem } from './roles.ts';
import type { RunState, StepState } from './state.ts';
import { openStepContext } from './step-context.ts';
import { planLedger } from './step-ledger.ts';
import type { StopControl } from './stop.ts';

type Requested = EventData['approval.requested'];

/** Appends the request for a step's approval. An action step is run in plan mode first. */
export async function requestApproval(
  engine: Engine,
  node: ActionStep | ManualStep,
  control: StopControl,
): Promise<void> {
  const step = engine.session.state.steps.get(node.path);
  if (!step || !node.approval) return;
  const data =
    node.kind === 'uses'
      ? await requestForAction(engine, node, step, node.approval, control)
      : await requestForManual(engine, node, step, node.approval);
  if (control.stop.aborted) return;
  await engine.session.append({ type: 'approval.requested', actor: 'engine', step: node.path, data });
}

/** Asked before it is done: what is approved is what the person will be told to do. */
async function requestForManual(
  { scope }: Engine,
  node: ManualStep,
  step: StepState,
  policy: ApprovalPolicy,
): Promise<Requested> {
  const inputs = { text: await manualText(scope, node) };
  return { ...policyFields(step, policy), uses: 'manual', inputs, inputsDigest: digestOf(inputs), counts: [] };
}

async function requestForAction(
  engine: Engine,
  node: ActionStep,
  step: StepState,
  policy: ApprovalPolicy,
  control: StopControl,
): Promise<Requested> {
  const action = actionOf(engine, node);
  const inputs = await resolveStepInputs(engine, node, action, control.stop);
  const base = { ...policyFields(step, policy), uses: node.uses, inputs: inputs.shown, inputsDigest: inputs.digest };
  const plan = await planStep(engine, node, step, inputs.real, control);
  if ('unknown' in plan) return { ...base, counts: [], planError: plan.unknown };
  const refused = plan.refused.length === 0 ? {} : { refused: plan.refused };
  const granted = step.approval?.granted;
  const isAddition = granted?.inputsDigest === inputs.digest && granted.targets !== null;
  const targets = isAddition ? plan.targets.filter((one) => !isCovered(one, granted?.targets ?? null)) : plan.targets;
  if (isAddition && targets.length === 0) {
    throw new RunbookError({
      code: 'E_PLAN_MISMATCH',
      message: `${node.path}: ${node.uses} wanted to change what its own plan does not show, so nobody could approve it`,
      hint: 'This is a bug of the action: its targets must not depend on ctx.planning',
    });
  }
  return { ...base, ...targetFields(targets), ...refused };
}

/** What is asked about these targets. */
export function targetFields(
  targets: readonly PlannedTarget[],
): Required<Pick<Requested, 'targets' | 'targetsDigest' | 'counts'>> {
  return { targets, targetsDigest: digestOf(targets.map(deedKey).sort()), counts: countTargets(targets) };
}

export function policyFields(
  step: StepState | undefined,
  policy: ApprovalPolicy,
): Pick<Requested, 'request' | 'by' | 'role' | 'reason'> {
  return {
    request: (step?.approval?.request ?? 0) + 1,
    by: policy.by,
    ...(policy.role === undefined ? {} : { role: policy.role }),
    ...(policy.reason === undefined ? {} : { reason: policy.reason }),
  };
}

function isCovered(target: PlannedTarget, approved: ReadonlySet<string> | null): boolean {
  if (approved === null) return true;
  return approved.has(deedKey(target)) || (target.owner !== undefined && approved.has(targetKey(target.owner)));
}

function countTargets(targets: readonly PlannedTarget[]): Requested['counts'] {
  const counts = new Map<string, { verb: string; kind: string; count: number }>();
  for (const { verb, kind } of targets) {
    const known = counts.get(`${verb} ${kind}`);
    if (known) known.count += 1;
    else counts.set(`${verb} ${kind}`, { verb, kind, count: 1 });
  }
  return [...counts.values()];
}

interface StepPlan {
  readonly targets: readonly PlannedTarget[];
  readonly refused: readonly RefusedTarget[];
}

/**
 * Runs the action with every change planned and none performed.
 * @throws what the action throws: a plan that merely failed must not widen what is approved.
 */
async function planStep(
  engine: Engine,
  node: ActionStep,
  step: StepState,
  inputs: Json,
  control: StopControl,
): Promise<StepPlan | { readonly unknown: string }> {
  const action = actionOf(engine, node);
  const ledger = planLedger(engine.session, step, {
    attempt: step.attempt + 1,
    round: step.round,
    isIdempotent: action.idempotent,
  });
  const silent = { onProgress: () => undefined, onLog: () => undefined };
  const context = await openStepContext(engine, {
    node,
    action,
    step,
    inputs,
    ledger: ledger.port,
    control,
    ...silent,
  });
  try {
    await context.guard(() => action.run(inputs, context.ctx));
    return { targets: ledger.planned, refused: ledger.refused };
  } catch (thrown) {
    if (thrown instanceof TargetsUnknown) return { unknown: thrown.message };
    throw thrown;
  } finally {
    context.close();
  }
}

interface Voter {
  readonly name: string;
  readonly role?: string | undefined;
  /** Played by a drill's scenario, which says what roles its people have. */
  readonly isScripted?: boolean;
}

/**
 * Why this person may not vote on the pending request; null where they may. `approval: {}` is the operator's own
 * confirmation; with `by` or `role` it is another person, always.
 */
export function approvalProblem(state: RunState, path: string, voter: Voter): string | null {
  const approval = state.steps.get(path)?.approval;
  const pending = approval?.pending;
  if (!pending) return `${path} does not wait for an approval`;
  const contacts = state.created?.contacts;
  const isVoter = (name: string): boolean => isSamePerson(contacts, name, voter.name);
  const isOther = pending.by > 0 || pending.role !== undefined;
  if (isOther && [...state.operators].some(isVoter)) return `${voter.name} runs this run; another person must approve`;
  if (pending.role !== undefined && voter.role !== pending.role) {
    return `the approval needs the role ${pending.role}${voter.role === undefined ? '' : `, not ${voter.role}`}`;
  }
  const known = approval.votes.find((vote) => isVoter(vote.by));
  if (known !== undefined)
    return `${voter.name} has approved it already${known.by === voter.name ? '' : `, as ${known.by}`}`;
  return voter.role === undefined || voter.isScripted === true
    ? null
    : roleProblem(contacts, { name: voter.name, role: voter.role });
}
