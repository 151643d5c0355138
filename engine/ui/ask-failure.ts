// A step failed and its playbook leaves the decision to a person.
import { select } from '@inquirer/prompts';
import type { FailureRequest, People } from '../run/people.ts';
import { askReason } from './ask-manual.ts';
import { askValue } from './ask-value.ts';
import { type Asking, PAUSE } from './asking.ts';
import { clean, oneLine, wrap } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['failure']>>, { kind: 'later' }>;

export async function askFailure(
  request: FailureRequest,
  { console, signal, actor }: Asking,
): Promise<Answer | typeof PAUSE> {
  const columns = Math.min(console.columns() - 2, 100);
  console.write(console.palette.bad(`✖ ${oneLine(request.title)} failed`));
  for (const line of wrap(clean(request.error.message), columns)) console.write(`  ${line}`);
  if (request.error.hint !== undefined)
    for (const line of wrap(clean(request.error.hint), columns)) console.write(console.palette.dim(`  ${line}`));
  const kind = await select(
    {
      message: 'How to go on?',
      choices: [
        { name: 'Retry the step', value: 'retry' as const },
        { name: 'Skip it, with a reason', value: 'skip' as const },
        { name: 'I did it by hand', value: 'done' as const },
        { name: 'Pause the run here', value: 'pause' as const },
        { name: 'Abort the run, with a reason', value: 'abort' as const },
      ],
    },
    { signal },
  );
  if (kind === 'pause') return PAUSE;
  if (kind === 'retry') return { kind, actor, reason: 'retried at the terminal' };
  if (kind === 'skip') return { kind, actor, reason: await askReason('Why skip it?', signal) };
  if (kind === 'abort') return { kind, actor, reason: await askReason('Why abort?', signal) };
  const reason = await askReason('What did you do?', signal);
  if (!request.needsOutput) return { kind, actor, reason };
  const output = await askValue({ name: 'Its output, which later steps read', schema: {}, isRequired: true, signal });
  return { kind, actor, reason, ...(output === undefined ? {} : { output }) };
}
