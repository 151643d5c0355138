// Before each step, where the operator wants to confirm each.
import { select } from '@inquirer/prompts';
import type { ConfirmRequest, People } from '../run/people.ts';
import { askReason } from './ask-manual.ts';
import { type Asking, PAUSE } from './asking.ts';
import { oneLine } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['confirm']>>, { kind: 'later' }>;

export async function askConfirm(request: ConfirmRequest, { signal, actor }: Asking): Promise<Answer | typeof PAUSE> {
  const kind = await select(
    {
      message: `Next: ${oneLine(request.title)}`,
      choices: [
        { name: 'Go', value: 'go' as const },
        { name: 'Skip it, with a reason', value: 'skip' as const },
        { name: 'Pause the run here', value: 'pause' as const },
      ],
    },
    { signal },
  );
  if (kind === 'pause') return PAUSE;
  if (kind === 'go') return { kind, actor };
  return { kind, actor, reason: await askReason('Why skip it?', signal) };
}
