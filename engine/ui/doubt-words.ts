// Changes that nobody knows the outcome of, in words.
import type { EventData } from '../run/events.ts';
import { oneLine } from './text.ts';

type Doubted = Pick<EventData['change.doubted'], 'verb' | 'kind' | 'ids'>;

const MOST_IDS = 5;

/** `ban user user_1, user_2 and 3 more` */
export function doubtPhrase({ verb, kind, ids }: Doubted): string {
  const names = ids.slice(0, MOST_IDS).join(', ');
  const rest = ids.length - MOST_IDS;
  return oneLine(`${verb} ${kind} ${names}${rest > 0 ? ` and ${rest} more` : ''}`);
}

/** What a person said of them: `done`, `to be sent again`, `left as it is`. */
export const DOUBT_CHOICES: { readonly [C in EventData['doubt.resolved']['choice']]: string } = {
  done: 'it happened',
  repeat: 'to be sent again',
  skip: 'left as it is',
};
