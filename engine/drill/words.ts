// What a scenario's answers and texts may name of its world: people and keys that only the seed knows.
import type { Json } from '../json.ts';
import type { WorldWords } from './answers.ts';
import type { WorldContext } from './context.ts';
import { keyWords } from './key-facts.ts';
import { isLive } from './population/sessions.ts';

export function worldWords(context: WorldContext): WorldWords {
  const user = someoneSignedIn(context);
  return new Map<string, Json>([...keyWords(context), ...(user === undefined ? [] : ([['$user', user]] as const))]);
}

/** The oldest ordinary user who is signed in: a test user for those who measure. */
function someoneSignedIn({ population }: WorldContext): string | undefined {
  for (let user = 0; user < population.size; user += 1) {
    if (population.roleOf(user) !== 'innocent' || population.isBannedAtStart(user)) continue;
    if (population.sessionStatuses(user).some(isLive)) return population.idAt(user);
  }
  return undefined;
}
