// What an approval is asked for and why, as lines; its inputs and targets: approval-details.ts.
import type { EventData } from '../run/events.ts';
import { countedVerb } from './change-words.ts';
import { oneLine } from './text.ts';

export function approvalLines({ uses, counts, reason }: EventData['approval.requested']): string[] {
  const what = counts.map(countedVerb).join(', ');
  const head = uses === 'manual' ? 'a step that a person does' : `${uses}${what === '' ? '' : `: ${what}`}`;
  return [head, ...(reason === undefined ? [] : [oneLine(reason)])];
}
