// Groups, and loops over a list: what is inside, in order.
import type { GroupStep, LoopStep } from '../../playbook/plan.ts';
import { childPath, instancePath, nodeAt } from '../paths.ts';
import { loopOutput } from '../scope.ts';
import type { PlannedStep } from './result.ts';
import { forgetMaybe, takeTurn, type Walk, whyOf } from './walk.ts';

export async function visitGroup(walk: Walk, node: GroupStep, isMaybe: boolean): Promise<PlannedStep> {
  const turn = await takeTurn(walk, node, { isMaybe });
  if (turn.kind === 'over') return turn.planned;
  const { base } = turn;
  const steps = await visitInside(walk, node, base.isMaybe);
  await close(walk, node.path);
  if (base.when?.holds === null) forgetMaybe(walk, node, `whether ${base.path} runs is not known`);
  return { ...base, verdict: 'runs', steps };
}

/** The direct steps of a group or a called playbook. */
export async function visitInside(
  walk: Walk,
  node: { readonly path: string; readonly steps: readonly { readonly id: string }[] },
  isMaybe: boolean,
): Promise<PlannedStep[]> {
  const steps: PlannedStep[] = [];
  for (const { id } of node.steps) {
    const child = nodeAt(walk.engine.plan, childPath(node.path, id));
    if (child) steps.push(await walk.visit(child, isMaybe));
  }
  return steps;
}

/** Each instance; where the list is not known, one that stands for all. */
export async function visitLoop(walk: Walk, node: LoopStep, isMaybe: boolean): Promise<PlannedStep> {
  const { engine, unknowns, findings } = walk;
  const unknown = unknowns.of(node.list, node);
  const contents = async (): Promise<void> => {
    // One item that nothing may read: its place in every path is real.
    const { kind, index, title, path } = node;
    const data = { kind, index, title, items: { value: [null] }, count: 1 };
    await engine.session.append({ type: 'step.opened', actor: 'engine', step: path, data });
  };
  const turn = await takeTurn(walk, node, unknown === undefined ? { isMaybe } : { isMaybe, contents });
  if (turn.kind === 'over') return turn.planned;
  const { base } = turn;
  const list = node.list.source.trim();
  if (unknown !== undefined) {
    unknowns.items(node.path, `the list ${list} is not known`);
    findings.unknowns.push({ path: base.path, what: 'how often it runs', expression: list, why: whyOf(unknown) });
  }
  const count = engine.session.state.steps.get(node.path)?.count ?? 0;
  const steps: PlannedStep[] = [];
  for (let index = 0; index < count; index += 1) {
    const instance = nodeAt(engine.plan, instancePath(node.path, index));
    if (instance) steps.push(await walk.visit({ ...instance, index }, base.isMaybe || unknown !== undefined));
  }
  await endLoop(walk, node, base.path, unknown !== undefined);
  if (base.when?.holds === null) forgetMaybe(walk, node, `whether ${base.path} runs is not known`);
  return { ...base, verdict: 'runs', loop: { list, count: unknown === undefined ? count : null }, steps };
}

async function endLoop(walk: Walk, node: LoopStep, shown: string, isListUnknown: boolean): Promise<void> {
  const { engine, unknowns } = walk;
  const { state } = engine.session;
  const isOpen = isListUnknown || hasUnknownInside(walk, node, state.steps.get(node.path)?.count ?? 0);
  if (isOpen) {
    unknowns.step(node.path, `what ${shown} gives hangs on what is not known`, 'output');
    return close(walk, node.path);
  }
  // Gathered only for those who read it, as in a run.
  const value = node.isOutputRead ? await loopOutput(engine.scope, node) : undefined;
  await close(walk, node.path, value === undefined ? {} : { output: await engine.scope.outputs.store(value) });
}

function hasUnknownInside({ unknowns }: Walk, node: LoopStep, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const path = instancePath(node.path, index);
    if (unknowns.isStepUnknown(path)) return true;
    if (node.body.kind !== 'group') continue;
    if (node.body.steps.some(({ id }) => unknowns.isStepUnknown(childPath(path, id)))) return true;
  }
  return false;
}

async function close(
  { engine }: Walk,
  path: string,
  output: { readonly output?: Awaited<ReturnType<typeof engine.scope.outputs.store>> } = {},
): Promise<void> {
  const data = { ...output, durationMs: 0 };
  await engine.session.append({ type: 'step.done', actor: 'engine', step: path, data });
}
