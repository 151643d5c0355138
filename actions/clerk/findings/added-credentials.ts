// Which of a user's ways in were added since a time. Pure.
import type { ClerkCredential, UserCredentials } from '../api/user-credentials.ts';

export interface FoundCredential {
  readonly user: string;
  readonly kind: ClerkCredential['kind'];
  readonly id: string;
  readonly value: string;
  readonly isPrimary: boolean;
  readonly isVerified: boolean;
  /** Why it is listed, for people. */
  readonly evidence: string;
}

export interface Added {
  readonly items: readonly FoundCredential[];
  /** Passkeys that may be new: Clerk says when one was used last, not when it was added. */
  readonly undated: readonly FoundCredential[];
}

/** @param since milliseconds since 1970 */
export function addedSince(users: Iterable<UserCredentials>, since: number): Added {
  const items: FoundCredential[] = [];
  const undated: FoundCredential[] = [];
  for (const { id: user, credentials } of users) {
    for (const { kind, id, value, createdAt, lastUsedAt, isPrimary, isVerified } of credentials) {
      const found = { user, kind, id, value, isPrimary, isVerified };
      if (createdAt !== undefined) {
        if (createdAt >= since) items.push({ ...found, evidence: `added ${new Date(createdAt).toISOString()}` });
      } else if (lastUsedAt === undefined) {
        undated.push({ ...found, evidence: 'Clerk gives no time for it' });
      } else if (lastUsedAt >= since) {
        // One that was last used before that time was there before it.
        undated.push({ ...found, evidence: `last used ${new Date(lastUsedAt).toISOString()}` });
      }
    }
  }
  return { items, undated };
}

/** A passkey signs in, but nobody is found by it: a user needs one of the others. */
const IDENTIFYING: ReadonlySet<string> = new Set(['email-address', 'phone-number', 'external-account', 'web3-wallet']);

/** Whether the user would be left without anything to be found by, were these ids removed. */
export function leavesNothing(user: UserCredentials, ids: ReadonlySet<string>): boolean {
  return !user.credentials.some(({ kind, id }) => IDENTIFYING.has(kind) && !ids.has(id));
}
