// What users can sign in with, read from GET /users: beside the SDK, whose User drops passkeys.
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import type { ClerkCall } from './call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, notJson } from './client.ts';
import { chunksOf, mapConcurrent } from './concurrency.ts';

/** GET /users: at most 100 `user_id` values a request. */
const USER_IDS_PER_REQUEST = 100;

export const CREDENTIAL_KINDS = [
  'email-address',
  'phone-number',
  'external-account',
  'passkey',
  'web3-wallet',
] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

export interface ClerkCredential {
  readonly kind: CredentialKind;
  /** What the DELETE of its kind takes. */
  readonly id: string;
  /** The address, number or wallet; of an external account provider and address; of a passkey its name. */
  readonly value: string;
  /** Milliseconds. Passkeys have none (schema Passkey, 2026-05-12). */
  readonly createdAt: number | undefined;
  /** Milliseconds; passkeys alone. */
  readonly lastUsedAt: number | undefined;
  readonly isPrimary: boolean;
  readonly isVerified: boolean;
  /** Of a phone number: asked for as a second factor. */
  readonly isSecondFactor: boolean;
}

export interface UserCredentials {
  readonly id: string;
  readonly totp: boolean;
  readonly backupCode: boolean;
  readonly credentials: readonly ClerkCredential[];
}

/** Those of `ids` that exist, 100 a request. */
export async function readCredentials(
  client: ClerkClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, UserCredentials>> {
  const chunks = chunksOf(ids, USER_IDS_PER_REQUEST);
  let read = 0;
  const pages = await mapConcurrent(chunks, CLERK_CONCURRENCY, async (chunk) => {
    const call: ClerkCall = {
      name: 'GET /users',
      target: chunk.length === 1 ? `user ${chunk[0]}` : `${chunk.length} users from ${chunk[0] ?? 'none'}`,
      isRepeatable: true,
    };
    const query = [...chunk.map((id) => ['user_id', id] as const), ['limit', String(chunk.length)] as const];
    const body = await client.read(call, async () => {
      const rows = await client.request(call, { method: 'GET', path: '/users', query });
      if (!Array.isArray(rows) || !rows.every(isUserRow)) throw notJson(call);
      return rows;
    });
    read += chunk.length;
    client.ctx.progress(read, ids.length, 'users read');
    return body.map(parseUser);
  });
  return new Map(pages.flat().map((user) => [user.id, user]));
}

function isUserRow(row: Json): row is JsonObject & { id: string } {
  return isJsonObject(row) && typeof row.id === 'string';
}

function parseUser(row: JsonObject & { id: string }): UserCredentials {
  const parse = (kind: CredentialKind, list: string, value: (one: JsonObject) => string, primary?: string) =>
    rowsAt(row, list).map((one): ClerkCredential => {
      // Of Google and Facebook accounts `id` is the identification's; what DELETE takes stands beside it.
      const id = textAt(one, 'external_account_id') || textAt(one, 'id');
      return {
        kind,
        id,
        value: value(one),
        createdAt: numberAt(one, 'created_at'),
        lastUsedAt: numberAt(one, 'last_used_at'),
        isPrimary: primary !== undefined && textAt(row, primary) === id,
        isVerified: isJsonObject(one.verification ?? null) && statusOf(one.verification) === 'verified',
        isSecondFactor: one.reserved_for_second_factor === true,
      };
    });
  return {
    id: row.id,
    totp: row.totp_enabled === true,
    backupCode: row.backup_code_enabled === true,
    credentials: [
      ...parse('email-address', 'email_addresses', (one) => textAt(one, 'email_address'), 'primary_email_address_id'),
      ...parse('phone-number', 'phone_numbers', (one) => textAt(one, 'phone_number'), 'primary_phone_number_id'),
      ...parse('external-account', 'external_accounts', (one) =>
        [textAt(one, 'provider'), textAt(one, 'email_address')].filter((text) => text !== '').join(' '),
      ),
      ...parse('passkey', 'passkeys', (one) => textAt(one, 'name')),
      ...parse('web3-wallet', 'web3_wallets', (one) => textAt(one, 'web3_wallet'), 'primary_web3_wallet_id'),
    ],
  };
}

function rowsAt(row: JsonObject, key: string): readonly JsonObject[] {
  const value = row[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function statusOf(verification: Json | undefined): string {
  return verification !== undefined && isJsonObject(verification) ? textAt(verification, 'status') : '';
}

function textAt(row: JsonObject, key: string): string {
  const value = row[key];
  return typeof value === 'string' ? value : '';
}

function numberAt(row: JsonObject, key: string): number | undefined {
  const value = row[key];
  return typeof value === 'number' ? value : undefined;
}

/** A target of what belongs to a user: Clerk has no other way back from such a thing to its owner. */
export function ownedId(user: string, id: string): string {
  return `${user}/${id}`;
}

/** @returns undefined for what `ownedId` did not write. */
export function readOwnedId(owned: string): { readonly user: string; readonly id: string } | undefined {
  const [, user, id] = /^(user_\w+)\/(\w+)$/.exec(owned) ?? [];
  return user === undefined || id === undefined ? undefined : { user, id };
}
