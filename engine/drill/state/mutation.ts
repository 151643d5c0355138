// What changes the world, as it is written to its file: one line each, in the order in which it happened. A request that
// found nothing to change is written too, so that a repeated call can be told from the file alone.
import type { CredentialMutation } from './credentials.ts';
import type { InstanceMutation } from './instance.ts';
import type { KeyMutation } from './keys.ts';
import type { ServedMutation } from './served.ts';
import type { ServiceMutation } from './services.ts';
import type { SessionMutation } from './sessions.ts';
import type { TimelineMutation } from './timeline.ts';
import type { UserMutation } from './users.ts';

export type Mutation =
  | UserMutation
  | SessionMutation
  | CredentialMutation
  | KeyMutation
  | InstanceMutation
  | ServiceMutation
  | TimelineMutation
  | ServedMutation;

/** What one line of the file folds in, in its order: the line itself, and what it brings along. */
export function unfold(mutation: Mutation): readonly Mutation[] {
  return mutation.type === 'timeline.done' ? [mutation, ...mutation.mutations] : [mutation];
}
