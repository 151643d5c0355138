import { expect, test } from 'vitest';
import { countedVerb } from '../../engine/ui/change-words.ts';

test.for([
  ['user', 1, 'ban 1 user'],
  ['user', 31, 'ban 31 users'],
  ['email-address', 3, 'ban 3 email-addresses'],
  ['identity', 2, 'ban 2 identities'],
  ['api-key', 2, 'ban 2 api-keys'],
] as const)('%s counted %i times', ([kind, count, words]) => {
  expect(countedVerb({ verb: 'ban', kind, count })).toBe(words);
});
