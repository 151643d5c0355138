// The run is ending, and a step's changes were to be for a time only: taken back now, or kept on purpose.
import { select } from '@inquirer/prompts';
import { isOpenChange } from '../run/change-views.ts';
import type { LeftWhy } from '../run/events.ts';
import type { People, TemporaryRequest } from '../run/people.ts';
import type { Change } from '../run/state.ts';
import { askReason } from './ask-manual.ts';
import { type Asking, PAUSE } from './asking.ts';
import { countByVerb, countedVerb } from './change-words.ts';
import { oneLine } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['temporary']>>, { kind: 'later' }>;

const MOST_SHOWN = 10;

export async function askTemporary(
  request: TemporaryRequest,
  { console, signal, actor }: Asking,
): Promise<Answer | typeof PAUSE> {
  const { changes } = request;
  console.write(console.palette.attention(`◆ ${oneLine(request.title)}: was to be for a time only, and is in effect`));
  for (const count of countByVerb(changes)) console.write(`  ${oneLine(countedVerb(count))}`);
  for (const change of changes.slice(0, MOST_SHOWN)) console.write(`  - ${oneLine(changeText(change))}`);
  if (changes.length > MOST_SHOWN) console.write(`  - and ${changes.length - MOST_SHOWN} more`);
  const kind = await select({ message: 'The run is ending.', choices: choicesOf(changes) }, { signal });
  if (kind === 'pause') return PAUSE;
  if (kind === 'keep') return { kind, actor, reason: await askReason('Why keep it?', signal) };
  return { kind: 'undo', actor, ...(kind === 'anyway' ? { anyway: true as const } : {}) };
}

function changeText(change: Change): string {
  const { verb, kind, id, left } = change;
  const perhaps = isOpenChange(change) ? ', and nobody knows whether it happened' : '';
  return `${verb} ${kind} ${id}${perhaps}${left === undefined ? '' : `: ${left}`}`;
}

type Kind = 'undo' | 'anyway' | 'keep' | 'pause';

/** What an undo has left already is taken back only by somebody who was told why. */
export function choicesOf(changes: readonly Change[]): { name: string; value: Kind }[] {
  const isLeft = changes.every((change) => change.left !== undefined);
  const isHopeless = isLeft && changes.every((change) => change.leftWhy !== undefined && HOPELESS.has(change.leftWhy));
  return [
    ...(isLeft ? [] : [{ name: 'Take it back now', value: 'undo' as const }]),
    ...(isLeft && !isHopeless ? [{ name: 'Take it back all the same', value: 'anyway' as const }] : []),
    { name: 'Keep it on purpose, with a reason', value: 'keep' },
    { name: 'Pause the run here', value: 'pause' },
  ];
}

/** No undo of the run's own can take these back. */
const HOPELESS: ReadonlySet<LeftWhy> = new Set<LeftWhy>(['no-inverse', 'unresolved']);
