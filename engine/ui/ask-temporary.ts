// The run is ending, and a step's changes were to be for a time only: taken back now, or kept on purpose.
import { select } from '@inquirer/prompts';
import type { People, TemporaryRequest } from '../run/people.ts';
import { askReason } from './ask-manual.ts';
import { type Asking, PAUSE } from './asking.ts';
import { countChanges, countedVerb } from './change-words.ts';
import { oneLine } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['temporary']>>, { kind: 'later' }>;

const MOST_SHOWN = 10;

export async function askTemporary(
  request: TemporaryRequest,
  { console, signal, actor }: Asking,
): Promise<Answer | typeof PAUSE> {
  const { changes } = request;
  console.write(console.palette.attention(`◆ ${oneLine(request.title)}: was to be for a time only, and is in effect`));
  for (const { verb, kind, outcomes } of countChanges(changes)) {
    const count = [...outcomes.values()].reduce((sum, one) => sum + one, 0);
    console.write(`  ${oneLine(countedVerb({ verb, kind, count }))}`);
  }
  for (const { verb, kind, id } of changes.slice(0, MOST_SHOWN))
    console.write(`  - ${oneLine(`${verb} ${kind} ${id}`)}`);
  if (changes.length > MOST_SHOWN) console.write(`  - and ${changes.length - MOST_SHOWN} more`);
  const kind = await select(
    {
      message: 'The run is ending.',
      choices: [
        { name: 'Take it back now', value: 'undo' as const },
        { name: 'Keep it on purpose, with a reason', value: 'keep' as const },
        { name: 'Pause the run here', value: 'pause' as const },
      ],
    },
    { signal },
  );
  if (kind === 'pause') return PAUSE;
  if (kind === 'undo') return { kind, actor };
  return { kind, actor, reason: await askReason('Why keep it?', signal) };
}
