// Second factors: what the actions that take them away and give them back share.
import type { ActionContext, Undo } from '../../../engine/action.ts';
import type { ClerkClient } from '../api/client.ts';
import { ownedId, readCredentials, readOwnedId, type UserCredentials } from '../api/user-credentials.ts';
import type { Counts } from './outcomes.ts';
import { removeEach } from './removing.ts';

/** Of targets; the id is the user's. State: totp, backupCode. */
export const FACTORS_KIND = 'second-factors';
/** Of targets; the id is `user/phone number`. State: isSecondFactor. */
export const PHONE_FACTOR_KIND = 'phone-factor';

export type What = 'all' | 'totp' | 'backup_code';

/** Takes away what is gone for good: authenticator apps, backup codes. One request a user. */
export async function removeFactors(
  ctx: ActionContext,
  client: ClerkClient,
  { users, what }: { readonly users: readonly UserCredentials[]; readonly what: What },
): Promise<Counts> {
  const { path, after } = REQUESTS[what];
  const { users: api } = client.sdk;
  return await removeEach(ctx, client, {
    kind: FACTORS_KIND,
    verb: `remove-${what}`,
    after,
    targets: users.map(({ id, totp, backupCode }) => ({
      id,
      owner: { kind: 'user', id },
      before: { totp, backupCode },
    })),
    call: () => `DELETE /users/{id}/${path}`,
    send: (id) => {
      if (what === 'totp') return api.deleteUserTOTP(id);
      return what === 'backup_code' ? api.deleteUserBackupCodes(id) : api.disableUserMFA(id);
    },
    // A 404 does not say whether the user or the factor is missing.
    holds: async (id) => {
      const user = (await readCredentials(client, [id])).get(id);
      if (user === undefined) return false;
      return (what === 'backup_code' || !user.totp) && (what === 'totp' || !user.backupCode);
    },
  });
}

const REQUESTS = {
  all: { path: 'mfa', after: { totp: false, backupCode: false } },
  totp: { path: 'totp', after: { totp: false } },
  backup_code: { path: 'backup_code', after: { backupCode: false } },
} as const;

/** Sets whether phone numbers (`user/phone number`) serve as a second factor: PATCH /phone_numbers/{id}. */
export async function setPhoneFactors(
  ctx: ActionContext,
  client: ClerkClient,
  to: {
    readonly phones: readonly string[];
    readonly users: ReadonlyMap<string, UserCredentials>;
    readonly reserved: boolean;
    readonly undo?: Undo;
  },
): Promise<Counts> {
  const { phones, users, reserved, undo } = to;
  return await removeEach(ctx, client, {
    kind: PHONE_FACTOR_KIND,
    verb: reserved ? 'restore' : 'release',
    after: { isSecondFactor: reserved },
    ...(undo === undefined ? {} : { undo }),
    targets: phones.map((id) => {
      const owned = readOwnedId(id);
      const user = owned?.user ?? '';
      return {
        id,
        owner: { kind: 'user', id: user },
        before: { isSecondFactor: phoneFactorsOf(users.get(user)).includes(id) },
      };
    }),
    call: () => 'PATCH /phone_numbers/{id}',
    send: (id) => client.sdk.phoneNumbers.updatePhoneNumber(phoneOf(id), { reservedForSecondFactor: reserved }),
    holds: async (id) => {
      const { user = '' } = readOwnedId(id) ?? {};
      const found = (await readCredentials(client, [user])).get(user);
      return found !== undefined && phoneFactorsOf(found).includes(id) === reserved;
    },
  });
}

/** Those of a user's numbers that serve as a second factor, as `user/phone number`. */
export function phoneFactorsOf(user: UserCredentials | undefined): readonly string[] {
  if (user === undefined) return [];
  return user.credentials.flatMap(({ id, isSecondFactor }) => (isSecondFactor ? [ownedId(user.id, id)] : []));
}

function phoneOf(owned: string): string {
  const found = readOwnedId(owned);
  if (found === undefined) throw new Error(`${owned} names no phone number of a user`);
  return found.id;
}
