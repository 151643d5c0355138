// What is asked for where a run would touch more than its limits let it.
import type { ActionStep } from '../playbook/plan.ts';
import { policyFields, targetFields } from './approvals.ts';
import { actionOf, type Engine } from './engine.ts';
import type { EventData } from './events.ts';
import { resolveStepInputs } from './inputs.ts';
import type { OverLimit } from './pauses.ts';

/** The operator's own confirmation, where the step asks for no other people. */
const OWN_CONFIRMATION = { by: 0 };

/** Asked of those who approve the step itself; it names how many, and the limit that is in the way. */
export async function limitRequest(
  engine: Engine,
  node: ActionStep,
  { limits, targets, message }: OverLimit,
  signal: AbortSignal,
): Promise<EventData['approval.requested']> {
  const inputs = await resolveStepInputs(engine, node, actionOf(engine, node), signal);
  const policy = policyFields(engine.session.state.steps.get(node.path), node.approval ?? OWN_CONFIRMATION);
  return {
    ...policy,
    reason: policy.reason === undefined ? message : `${message}. ${policy.reason}`,
    uses: node.uses,
    inputs: inputs.shown,
    inputsDigest: inputs.digest,
    ...targetFields(targets),
    limits,
  };
}
