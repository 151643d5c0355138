// The same run with a changed playbook: may it be, where does every open group stand in the new one, and what is
// different. Pure.
import type { JsonObject } from '../json.ts';
import { resolveInputs } from '../playbook/inputs.ts';
import type { Plan, PlanNode } from '../playbook/plan.ts';
import { stepDifference } from './adopt-difference.ts';
import { lostOutputs } from './adopt-outputs.ts';
import type { EventData } from './events.ts';
import { childPath, FINALLY_SEGMENT, isUndoPath, nodeAt, parentPath, staticPath } from './paths.ts';
import { pathsNamed } from './selection.ts';
import { isFinal, type RunState, type StepState } from './state.ts';

export interface Adoption extends Pick<EventData['run.adopted'], 'turns' | 'indexes' | 'difference'> {
  /** Steps whose approval was asked for or given, and is another now. */
  readonly voided: readonly string[];
  /** Why the run cannot go on with it, a line each; empty: it can. */
  readonly problems: readonly string[];
}

/** Costs the plans and the steps that had their turn. */
export function adoption(oldPlan: Plan, newPlan: Plan, state: RunState): Adoption {
  const problems: string[] = [];
  if (state.endedAt !== null) problems.push('the run has ended');
  if (oldPlan.name !== newPlan.name) problems.push(`it is another playbook: ${newPlan.name}, not ${oldPlan.name}`);
  problems.push(...selectionProblems(newPlan, state), ...envProblems(newPlan, state));
  const voided: string[] = [];
  const turns: { path: string; next: number; ahead: readonly number[] }[] = [];
  const indexes: { [path: string]: number } = {};
  for (const step of state.steps.values()) {
    if (isUndoPath(step.path)) continue;
    const node = nodeAt(newPlan, step.path);
    const before = nodeAt(oldPlan, step.path);
    if (!node || !before) {
      problems.push(`${step.path} has had its turn, and is not there any more`);
      continue;
    }
    problems.push(...stepProblems(step, before, node), ...unitProblems(newPlan, step, node));
    const index = indexOf(newPlan, step.path, node);
    if (index !== step.index) indexes[step.path] = index;
    if (isOtherApproval(step, before, node)) voided.push(step.path);
    if (mayHaveTurns(step)) turns.push(...turnsOf(node, step, state));
  }
  problems.push(...lostOutputs(oldPlan, newPlan, state));
  const difference = [
    ...stepDifference(oldPlan, newPlan, state),
    ...voided.map((path) => `another approval for ${path}: what was asked for or given there no longer holds`),
  ];
  return { problems, turns, indexes, voided, difference };
}

/** Who must approve it is another now, and somebody was asked already. */
function isOtherApproval(step: StepState, before: PlanNode, after: PlanNode): boolean {
  if (isFinal(step.phase) || step.approval === undefined) return false;
  return approvalKey(before) !== approvalKey(after);
}

function approvalKey(node: PlanNode): string {
  const approval = node.kind === 'uses' || node.kind === 'manual' ? node.approval : undefined;
  return JSON.stringify(approval === undefined ? null : [approval.by, approval.role ?? null, approval.reason ?? null]);
}

function stepProblems(step: StepState, before: PlanNode, after: PlanNode): readonly string[] {
  const { path } = step;
  const name = path === '' ? 'the run itself' : path;
  if (before.kind !== after.kind)
    return [`${name} has had its turn as ${kindText(before)}, and is ${kindText(after)} now`];
  const problems: string[] = [];
  if (before.kind === 'uses' && after.kind === 'uses' && before.uses !== after.uses)
    problems.push(`${name} has had its turn with the action ${before.uses}, and uses ${after.uses} now`);
  if (before.kind === 'call' && after.kind === 'call') {
    if (before.playbook !== after.playbook)
      problems.push(`${name} has had its turn with the playbook ${before.playbook}, and calls ${after.playbook} now`);
    // Opened with or without it: a call that has none to wait for never closes.
    if (!isFinal(step.phase) && (before.finally === undefined) !== (after.finally === undefined))
      problems.push(
        `${name} is under way, and the \`finally\` of its playbook ${after.finally ? 'is new' : 'is gone'}`,
      );
  }
  if (before.kind === 'loop' && after.kind === 'loop' && before.body.kind !== after.body.kind)
    problems.push(`${name} has had its turn and repeats ${kindText(before.body)}, now ${kindText(after.body)}`);
  if (
    before.kind === 'loop' &&
    after.kind === 'loop' &&
    !isFinal(step.phase) &&
    before.list.source !== after.list.source
  )
    problems.push(`${name} is under way, and its \`forEach\` is another: the list was made when it started`);
  if (before.kind === 'loop' && step.phase === 'done' && after.isOutputRead && !before.isOutputRead)
    problems.push(`${name} is done, and its output, which a step reads now, was not gathered: nothing read it then`);
  if (step.phase === 'skipped' && step.output === undefined && after.isOutputNeeded && !before.isOutputNeeded)
    problems.push(`${name} was skipped, and a step reads its output now`);
  return problems;
}

function kindText(node: PlanNode): string {
  const words: { readonly [K in PlanNode['kind']]: string } = {
    uses: 'an action step',
    manual: 'a manual step',
    group: 'a group',
    loop: 'a loop',
    call: 'a call of a playbook',
  };
  return words[node.kind];
}

/** What a playbook was given, and its vars, stand in the journal since it was opened. */
function unitProblems(plan: Plan, step: StepState, node: PlanNode): readonly string[] {
  const isUnit = step.path === '' || node.kind === 'call';
  const unit = isUnit ? plan.units.get(staticPath(step.path)) : undefined;
  if (!unit || isFinal(step.phase) || !step.isEntered) return [];
  const name = step.path === '' ? 'the playbook' : step.path;
  const problems = unit.vars
    .filter((one) => step.vars === undefined || !Object.hasOwn(step.vars, one.name))
    .map((one) => `${name} has a new var \`${one.name}\`: vars are computed once, and that was at its start`);
  return step.path === '' ? problems : [...problems, ...inputProblems(unit, step.inputs ?? {}, name)];
}

function inputProblems(unit: Pick<Plan, 'name' | 'inputs'>, given: JsonObject, name: string): readonly string[] {
  const { errors } = resolveInputs(unit, given);
  const missing = unit.inputs
    .filter((input) => input.default !== undefined && !Object.hasOwn(given, input.name))
    .map((input) => `${name} has a new input \`${input.name}\`: it keeps the inputs it was started with`);
  return [...errors.map((error) => `${name}: ${error.message}`), ...missing];
}

function envProblems(plan: Plan, state: RunState): readonly string[] {
  const { created } = state;
  if (created === null) return [];
  return [
    ...inputProblems(plan, created.inputs, 'the playbook'),
    ...plan.requires.env
      .filter((name) => !Object.hasOwn(created.env, name))
      .map((name) => `it requires the variable ${name}, and the run keeps those it was started with`),
  ];
}

function selectionProblems(plan: Plan, state: RunState): readonly string[] {
  const { from, only = [] } = state.created?.selection ?? {};
  const isGone = (name: string, tags: boolean): boolean => pathsNamed(plan, name, { tags }).length === 0;
  return [
    ...(from !== undefined && isGone(from, false) ? [`the run was started from ${from}, which is not there`] : []),
    ...only
      .filter((name) => isGone(name, true))
      .map((name) => `the run was started with ${name} only, which is not there`),
  ];
}

/** A loop's instances keep their numbers, and a `finally` has no place among the others. */
function indexOf(plan: Plan, path: string, node: PlanNode): number {
  if (path.endsWith(']')) return Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);
  if (!path.endsWith(`/${FINALLY_SEGMENT}`)) return node.index;
  const parent = parentPath(path);
  const call = parent === undefined ? undefined : nodeAt(plan, parent);
  return call?.kind === 'call' ? call.steps.length : node.index;
}

/** Open, or cut short by a time-out and opened again where somebody retries the group around it. */
function mayHaveTurns(step: StepState): boolean {
  return step.active !== null && (!isFinal(step.phase) || step.skip?.kind === 'timeout');
}

function turnsOf(
  node: PlanNode,
  { path }: StepState,
  state: RunState,
): readonly { path: string; next: number; ahead: readonly number[] }[] {
  if (node.kind !== 'group' && node.kind !== 'call') return [];
  const hadTurn = node.steps.map((child) => state.steps.has(childPath(path, child.id)));
  const first = hadTurn.indexOf(false);
  const next = first === -1 ? hadTurn.length : first;
  const ahead = hadTurn.flatMap((had, index) => (had && index > next ? [index] : []));
  return [{ path, next, ahead }];
}
