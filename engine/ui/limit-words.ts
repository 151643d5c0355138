// What it means to go over a limit, in words.
import type { EventData } from '../run/events.ts';
import { oneLine } from './text.ts';

type Limit = NonNullable<EventData['approval.requested']['limits']>[number];

/** `51 users, the limit is 50`; a clause a kind. */
export function limitPhrase(limits: readonly Limit[]): string {
  return limits
    .map(({ kind, count, limit }) => `${count} ${oneLine(kind)}${count === 1 ? '' : 's'}, the limit is ${limit}`)
    .join('; ');
}

/** What an approval request asks for, in half a line: its changes, or the limits it would pass. */
export function overLimitText(limits: readonly Limit[]): string {
  return `the run would touch ${limitPhrase(limits)}`;
}
