// Effects of a step whose outcome nobody recorded, looked at before the step may end.
import type { Action, ChangeResult } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import type { OpenContext } from './context.ts';
import type { Engine } from './engine.ts';

/**
 * Nothing may be called done while an effect of this step has no known outcome: the family's reader settles it, or the
 * attempt fails and says which.
 */
export async function settleLeftovers(
  engine: Engine,
  node: ActionStep,
  action: Action,
  context: OpenContext,
  round: number,
): Promise<void> {
  const changes = engine.session.state.changes.get(node.path)?.values() ?? [];
  const open = [...changes].filter(
    (change) => change.round === round && (change.outcome === 'intended' || change.outcome === 'unknown'),
  );
  if (open.length === 0) return;
  const stillOpen: string[] = [];
  const kinds = new Set(open.map((change) => change.kind));
  for (const kind of kinds) {
    const ofKind = open.filter((change) => change.kind === kind);
    const states = action.describe
      ? await context.guard(async () =>
          action.describe?.(
            kind,
            ofKind.map((change) => change.id),
            context.ctx,
          ),
        )
      : undefined;
    for (const change of ofKind) {
      if (change.after === undefined || !holdsFields(states?.get(change.id)?.state, change.after)) {
        stillOpen.push(`${change.verb} ${kind} ${change.id}`);
        continue;
      }
      const result: Pick<ChangeResult, 'id' | 'outcome' | 'detail'> = {
        id: change.id,
        outcome: 'done',
        detail: { confirmedByReading: true },
      };
      const key = change.discriminator === undefined ? {} : { key: change.discriminator };
      await engine.session.append({
        type: 'change.settled',
        actor: 'engine',
        step: node.path,
        data: { kind, verb: change.verb, round, ...key, results: [result] },
      });
    }
  }
  if (stillOpen.length === 0) return;
  throw new RunbookError({
    code: 'E_CHANGES_UNSETTLED',
    message: `${stillOpen.length} changes have no known outcome: ${stillOpen.slice(0, 5).join(', ')}${stillOpen.length > 5 ? ', …' : ''}`,
    hint: 'Run the step again: what is recorded as done is not sent twice',
  });
}
