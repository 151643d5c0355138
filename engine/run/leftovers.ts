// Effects of a step whose outcome nobody recorded, looked at before the step may end.
import { RunbookError } from '../errors.ts';
import type { OpenContext } from './context.ts';
import { InDoubt } from './pauses.ts';

/**
 * Nothing may be called done while an effect of this step has no known outcome: the family's reader settles it, or, where
 * it must not be sent again, a person does; else the attempt fails and says which.
 * @throws InDoubt, E_CHANGES_UNSETTLED
 */
export async function settleLeftovers(context: OpenContext): Promise<void> {
  const { open, doubts } = await context.settleOpen();
  if (doubts.length > 0) throw new InDoubt(doubts);
  if (open.length === 0) return;
  const names = open.slice(0, 5).map(({ verb, kind, id }) => `${verb} ${kind} ${id}`);
  throw new RunbookError({
    code: 'E_CHANGES_UNSETTLED',
    message: `${open.length} changes have no known outcome: ${names.join(', ')}${open.length > 5 ? ', …' : ''}`,
    hint: 'Run the step again: what is recorded as done is not sent twice',
  });
}
