// How a step fails: the error it keeps, and what its playbook says of it.
import type { PlanNode } from '../playbook/plan.ts';
import { timeoutError } from './attempt-end.ts';
import type { Cut } from './commands.ts';
import type { Engine } from './engine.ts';
import type { ErrorFact } from './events.ts';
import { lookAtOpenChanges } from './settle-open.ts';

export async function failStep(
  engine: Engine,
  node: PlanNode,
  reason: 'attempts' | Cut,
  stop: AbortSignal,
): Promise<void> {
  const doubts = await lookAtOpenChanges(engine, node.path, stop);
  const known = engine.session.state.steps.get(node.path)?.error;
  const error = reason === 'timeout' ? timeoutError(node) : (known ?? { code: 'E_UNKNOWN', message: 'it failed' });
  if (reason === 'abort') {
    await engine.session.append({
      type: 'step.failed',
      actor: 'engine',
      step: node.path,
      data: { error, onFailure: 'abort' },
    });
    return;
  }
  if (doubts.length > 0) {
    const at = { type: 'change.doubted', actor: 'engine', step: node.path } as const;
    await engine.session.append(...doubts.map((data) => ({ ...at, data })));
    return;
  }
  await fail(engine, node, error);
}

export async function fail(engine: Engine, node: PlanNode, error: ErrorFact): Promise<void> {
  await engine.session.append({
    type: 'step.failed',
    actor: 'engine',
    step: node.path,
    data: { error, onFailure: node.onFailure },
  });
}
