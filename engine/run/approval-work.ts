// Asking for an approval and waiting for it.
import type { PlanNode } from '../playbook/plan.ts';
import { approvalProblem, requestApproval } from './approvals.ts';
import { errorFact, recordFailure } from './attempt-end.ts';
import type { Engine } from './engine.ts';
import type { Draft, RunEvent } from './events.ts';
import { actorName } from './people.ts';
import { SecretWanted } from './reveal.ts';
import { roleTaken } from './roles.ts';
import { waitsForSecret } from './secret-wait.ts';
import { fail } from './step-failure.ts';
import type { StopControl } from './stop.ts';
import { isStoreError } from './store-error.ts';

export async function requestStepApproval(
  engine: Engine,
  node: PlanNode,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  if (node.kind !== 'uses' && node.kind !== 'manual') return 'finished';
  const startedAt = engine.clock.monotonic();
  try {
    await requestApproval(engine, node, control);
  } catch (thrown) {
    if (isStoreError(thrown)) throw thrown;
    if (thrown instanceof SecretWanted && waitsForSecret(engine, node, thrown, control)) return 'parked';
    if (node.kind === 'manual') {
      await fail(engine, node, errorFact(thrown));
      return 'finished';
    }
    // A plan that fails is an attempt that fails: `retry` holds for it too.
    const attempt = (engine.session.state.steps.get(node.path)?.attempt ?? 0) + 1;
    const elapsed = Math.round(engine.clock.monotonic() - startedAt);
    await recordFailure(engine, node, attempt, thrown, control, elapsed);
  }
  return 'finished';
}

export async function awaitApproval(
  engine: Engine,
  node: PlanNode,
  request: number,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  const { session } = engine;
  const pending = session.state.steps.get(node.path)?.approval?.pending;
  if ((node.kind !== 'uses' && node.kind !== 'manual') || !pending) return 'finished';
  const answer = await engine.people.approval({ step: node, path: node.path, request: pending }, control.stop);
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const by = actorName(answer.actor);
  const voter = { name: by, role: answer.role, isScripted: answer.actor.startsWith('scenario:') };
  const problem = approvalProblem(session.state, node.path, voter);
  if (problem !== null) {
    // The vote does not count, and the step goes on waiting for one that does.
    session.ride({ type: 'step.log', actor: 'engine', step: node.path, data: { text: `Not taken: ${problem}` } });
    return 'parked';
  }
  const role = roleTaken(session.state.created?.contacts, voter);
  const isAboutThis = (event: RunEvent): boolean =>
    event.step === node.path && (event.type === 'approval.given' || event.type === 'approval.denied');
  const draft: Draft =
    answer.kind === 'given'
      ? {
          type: 'approval.given',
          actor: answer.actor,
          step: node.path,
          data: { request, by, ...role, ...(answer.note === undefined ? {} : { note: answer.note }) },
        }
      : {
          type: 'approval.denied',
          actor: answer.actor,
          step: node.path,
          data: { request, by, ...role, reason: answer.reason },
        };
  await session.appendUnless(isAboutThis, draft);
  return 'finished';
}
