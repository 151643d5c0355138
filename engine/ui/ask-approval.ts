// The operator's own confirmation, with what exactly is about to change.
import { confirm, input } from '@inquirer/prompts';
import type { ApprovalRequest, People } from '../run/people.ts';
import { approvalDetails } from './approval-details.ts';
import { approvalLines } from './approval-lines.ts';
import { type Asking, PAUSE } from './asking.ts';
import { oneLine, wrap } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['approval']>>, { kind: 'later' }>;

export async function askApproval(
  request: ApprovalRequest,
  { console, signal, actor }: Asking,
): Promise<Answer | typeof PAUSE> {
  console.write(console.palette.attention(`◆ ${oneLine(request.step.title)}`));
  const columns = Math.min(console.columns() - 3, 100);
  const asked = request.request;
  for (const line of [...approvalLines(asked), ...approvalDetails(asked)])
    for (const part of wrap(line, columns)) console.write(`  ${part}`);
  if (await confirm({ message: 'Go ahead?', default: false }, { signal })) return { kind: 'given', actor };
  const reason = await input({ message: 'Why not? (Enter: decide later, the run pauses)' }, { signal });
  return reason.trim() === '' ? PAUSE : { kind: 'denied', actor, reason };
}
