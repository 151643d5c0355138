// What is not well inside a container that is done and folded: nobody sees its steps, so it must not look as if all went
// well. Costs what is inside; live-facts.ts keeps it.
import { nodesInside, type PlanNode } from '../playbook/plan.ts';
import { childPath, FINALLY_SEGMENT, instancePath } from '../run/paths.ts';
import type { RunState } from '../run/state.ts';
import { badVerdict } from './verdict.ts';

export interface Trouble {
  failed: number;
  /** Steps that did their work and found that something is not well. */
  amiss: number;
}

export function troubleInside(
  node: PlanNode,
  path: string,
  of: { readonly state: RunState; readonly verdicts?: ReadonlyMap<string, string> | undefined },
): Trouble {
  const trouble: Trouble = { failed: 0, amiss: 0 };
  const visit = (inner: PlanNode, at: string): void => {
    const step = of.state.steps.get(at);
    if (!step) return;
    if (step.phase === 'failed') trouble.failed += 1;
    else if (of.verdicts?.has(at) || badVerdict(step.output) !== null) trouble.amiss += 1;
    walk(inner, at);
  };
  const walk = (outer: PlanNode, at: string): void => {
    if (outer.kind === 'loop') {
      const count = of.state.steps.get(at)?.count ?? 0;
      for (let index = 0; index < count; index += 1) visit(outer.body, instancePath(at, index));
      return;
    }
    for (const inner of nodesInside(outer))
      visit(inner, childPath(at, outer.kind === 'call' && inner === outer.finally ? FINALLY_SEGMENT : inner.id));
  };
  walk(node, path);
  return trouble;
}

/** `1 failed`, `2 not well`; null where there is none. */
export function troublePhrase({ failed, amiss }: Trouble): string | null {
  const parts = [...(failed > 0 ? [`${failed} failed`] : []), ...(amiss > 0 ? [`${amiss} not well`] : [])];
  return parts.length === 0 ? null : parts.join(', ');
}
