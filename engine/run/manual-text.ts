// What a manual step tells a person to do, with its expressions resolved.
import type { ManualStep } from '../playbook/plan.ts';
import { digestOf } from './inputs.ts';
import { type ScopeSource, scopeFor } from './scope.ts';
import type { StepState } from './state.ts';

/** @throws E_EXPRESSION */
export async function manualText(source: ScopeSource, node: ManualStep): Promise<string> {
  return String(node.text.resolve(await scopeFor(source, node, node.text)));
}

/** True where other words were approved than the step has now. */
export function isOtherText(step: StepState | undefined, text: string): boolean {
  const granted = step?.approval?.granted;
  return granted != null && granted.inputsDigest !== digestOf({ text });
}
