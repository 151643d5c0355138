// Ways in: e-mail addresses, phones, external accounts, passkeys, second factors and trusted devices that were added or
// removed during the drill. What users have before it is a pure function of the seed (population/credentials.ts).
import type { CredentialKind } from '../population/credentials.ts';
import type { At, Folds } from './fold.ts';
import { note, onUser } from './on-user.ts';

export type { CredentialKind } from '../population/credentials.ts';

export type CredentialMutation = At &
  /** A user or an intruder adds one. `value`: the address, number, or the provider's name. */
  (
    | {
        readonly type: 'credential.add';
        readonly user: string;
        readonly id: string;
        readonly kind: CredentialKind;
        readonly value: string;
      }
    | { readonly type: 'credential.remove'; readonly user: string; readonly id: string }
    /** `mfa`: all of the user's second factors. `phones`: those that were a second factor and are none any more. */
    | {
        readonly type: 'second-factor.remove';
        readonly user: string;
        readonly what: 'mfa' | 'totp' | 'backup_code';
        readonly phones: readonly string[];
      }
    | {
        readonly type: 'second-factor.reserve';
        readonly user: string;
        readonly phone: string;
        readonly reserved: boolean;
      }
    | { readonly type: 'trusted-device.remove'; readonly user: string; readonly id: string }
  );

export interface AddedCredential {
  readonly id: string;
  readonly kind: CredentialKind;
  readonly value: string;
  readonly at: number;
  readonly by: 'attacker' | 'world' | 'responder';
}

export interface CredentialState {
  /** By user index, in the order in which they were added. */
  readonly added: Map<number, AddedCredential[]>;
  /** User indexes by the ids of what was added. */
  readonly owners: Map<string, number>;
  /** Ids of credentials and trusted devices that are gone, with the time. */
  readonly removed: Map<string, number>;
  /** Second factors taken away for good, by user index. */
  readonly factorsRemoved: Map<number, Set<'totp' | 'backup_code'>>;
  /** Phones whose use as a second factor was set, by phone id. */
  readonly reserved: Map<string, boolean>;
}

export function emptyCredentials(): CredentialState {
  return {
    added: new Map(),
    owners: new Map(),
    removed: new Map(),
    factorsRemoved: new Map(),
    reserved: new Map(),
  };
}

export const credentialFolds: Folds<CredentialMutation, CredentialState> = {
  'credential.add': (slice, mutation, context) =>
    onUser(context, mutation, mutation.user, ({ user }) => {
      if (slice.owners.has(mutation.id)) return false;
      const { id, kind, value, at, by = 'responder' } = mutation;
      slice.added.set(user, [...(slice.added.get(user) ?? []), { id, kind, value, at, by }]);
      slice.owners.set(id, user);
      return true;
    }),
  'credential.remove': (slice, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      if (slice.removed.has(mutation.id)) return false;
      slice.removed.set(mutation.id, mutation.at);
      return note(fold, { at: mutation.at, kind: 'credential-removed', target: mutation.id });
    }),
  'second-factor.remove': (slice, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const gone = slice.factorsRemoved.get(fold.user) ?? new Set();
      const before = gone.size;
      for (const what of mutation.what === 'mfa' ? (['totp', 'backup_code'] as const) : [mutation.what]) gone.add(what);
      const phones = mutation.phones.filter((phone) => slice.reserved.get(phone) !== false);
      if (gone.size === before && phones.length === 0) return false;
      slice.factorsRemoved.set(fold.user, gone);
      for (const phone of phones) slice.reserved.set(phone, false);
      return note(fold, { at: mutation.at, kind: 'second-factor-removed', target: mutation.what });
    }),
  'second-factor.reserve': (slice, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      if (slice.reserved.get(mutation.phone) === mutation.reserved) return false;
      slice.reserved.set(mutation.phone, mutation.reserved);
      const kind = mutation.reserved ? 'second-factor-restored' : 'second-factor-removed';
      return note(fold, { at: mutation.at, kind, target: mutation.phone });
    }),
  'trusted-device.remove': (slice, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      if (slice.removed.has(mutation.id)) return false;
      slice.removed.set(mutation.id, mutation.at);
      return note(fold, { at: mutation.at, kind: 'trusted-device-removed', target: mutation.id });
    }),
};
