// An action whose source changed while its step was unfinished: said, and where it is destructive, asked about first.
import type { Action } from '../action.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { type Engine, effectOf } from './engine.ts';
import type { Draft } from './events.ts';
import type { ResolvedInputs } from './inputs.ts';

/** @returns true where a person must say yes first; the question is durable then. */
export async function asksAboutCode(
  engine: Engine,
  node: ActionStep,
  of: {
    readonly action: Action;
    readonly inputs: ResolvedInputs;
    readonly attempt: number;
    readonly code: string | undefined;
  },
): Promise<boolean> {
  const { session } = engine;
  const { action, inputs, attempt, code } = of;
  const step = session.state.steps.get(node.path);
  if (!step || code === undefined || step.code === undefined || step.code === code) return false;
  const text = `The code of ${node.uses} has changed since this step began with it`;
  const at = { actor: 'engine', step: node.path } as const;
  if (effectOf(action, node) !== 'destructive') {
    session.ride({ ...at, type: 'step.log', data: { text } });
    return false;
  }
  const question: Draft = {
    ...at,
    type: 'approval.requested',
    data: {
      request: (step.approval?.request ?? 0) + 1,
      uses: node.uses,
      inputs: inputs.shown,
      inputsDigest: inputs.digest,
      by: 0,
      reason: `${text}. Go on with the new code?`,
      counts: [],
      changedCode: { from: step.code, to: code },
    },
  };
  // Taken up after a kill, the attempt has not ended in the journal.
  const data = { attempt, reason: 'approval', message: text, durationMs: 0 } as const;
  const cut: Draft[] = step.phase === 'attempting' ? [{ ...at, type: 'attempt.interrupted', data }] : [];
  await session.append(...cut, question);
  return true;
}
