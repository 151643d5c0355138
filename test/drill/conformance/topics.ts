// All topics. One that has operations of its own adds its file here.
import type { Topic } from './case.ts';
import { credentialsTopic } from './credentials.ts';
import { KEY_WORLD, keyCases } from './keys.ts';
import { settingsTopic } from './settings.ts';
import { usersTopic } from './users.ts';

export const TOPICS: readonly Topic[] = [
  usersTopic,
  settingsTopic,
  credentialsTopic,
  { name: 'keys and tokens', world: { keys: KEY_WORLD }, cases: keyCases },
];
