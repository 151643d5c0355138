// The mark that a user's password is compromised. Nothing in Clerk's API tells whether it is set, so the earlier state is not
// known, and nobody can look whether an undo still applies.
import type { ActionContext } from '../../../engine/action.ts';
import type { ClerkClient } from '../api/client.ts';
import { distinct } from '../schemas.ts';
import { type Counts, countsOf } from './outcomes.ts';
import { markEach } from './user-marks.ts';

/** A kind of its own: the family's reader can read users, and nothing of this. Its id is the user's. */
const KIND = 'password';
const COMPROMISE = 'mark as compromised';
const UNCOMPROMISE = 'mark as not compromised';

/**
 * POST /users/{id}/password/set_compromised, one request a user; with `revokesSessions` it ends all sessions too.
 * @throws as markEach
 */
export async function compromisePasswords(
  ctx: ActionContext,
  client: ClerkClient,
  users: readonly string[],
  revokesSessions: boolean,
): Promise<Counts> {
  await markEach(ctx, client, {
    kind: KIND,
    verb: COMPROMISE,
    after: { compromised: true, sessions: revokesSessions ? 'ended' : 'kept' },
    undo: { uses: 'clerk.uncompromise-passwords', each: 'users' },
    call: 'POST /users/{id}/password/set_compromised',
    targets: ownedBy(users),
    mark: (id) => client.sdk.users.setPasswordCompromised(id, { revokeAllSessions: revokesSessions }),
  });
  return countsOf(ctx, KIND, COMPROMISE);
}

/** POST /users/{id}/password/unset_compromised, one request a user. @throws as markEach */
export async function uncompromisePasswords(
  ctx: ActionContext,
  client: ClerkClient,
  users: readonly string[],
): Promise<Counts> {
  await markEach(ctx, client, {
    kind: KIND,
    verb: UNCOMPROMISE,
    after: { compromised: false },
    undo: { uses: 'clerk.compromise-passwords', with: { revokeSessions: false }, each: 'users' },
    call: 'POST /users/{id}/password/unset_compromised',
    targets: ownedBy(users),
    mark: (id) => client.sdk.users.unsetPasswordCompromised(id),
  });
  return countsOf(ctx, KIND, UNCOMPROMISE);
}

function ownedBy(users: readonly string[]): { id: string; owner: { kind: string; id: string } }[] {
  return distinct(users).map((id) => ({ id, owner: { kind: 'user', id } }));
}
