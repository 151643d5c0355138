// A user's ways in, in exactly the form of Clerk Backend API 2026-05-12: schemas EmailAddress, PhoneNumber, Passkey,
// Web3Wallet, ExternalAccountWithVerification, TrustedDevice.
import type { JsonObject } from '../../json.ts';
import type { World } from '../context.ts';
import type { Credential, CredentialKind } from '../population/credentials.ts';
import { credentialsOf, type Device, factorsOf } from '../state/credential-view.ts';
import * as view from '../state/view.ts';

const DAY_MS = 86_400_000;
const TEN_MINUTES_MS = 600_000;

/** The part of schema User that is about ways in. The oldest address, number and wallet that is left is the primary one. */
export function presentCredentials(world: World, user: number): JsonObject {
  const all = credentialsOf(world, user);
  const ofKind = (kind: CredentialKind): readonly Credential[] => all.filter((one) => one.kind === kind);
  const emails = ofKind('email_address');
  const phones = ofKind('phone_number');
  const wallets = ofKind('web3_wallet');
  const { totp, backupCode } = factorsOf(world, user);
  const isEnabled = totp || backupCode || phones.some((phone) => phone.isSecondFactor);
  return {
    primary_email_address_id: emails[0]?.id ?? null,
    primary_phone_number_id: phones[0]?.id ?? null,
    primary_web3_wallet_id: wallets[0]?.id ?? null,
    two_factor_enabled: isEnabled,
    totp_enabled: totp,
    backup_code_enabled: backupCode,
    email_addresses: emails.map(presentEmail),
    phone_numbers: phones.map((phone) => presentPhone(phone, phones)),
    web3_wallets: wallets.map(presentWallet),
    passkeys: ofKind('passkey').map(presentPasskey),
    external_accounts: ofKind('external_account').map(presentExternalAccount),
    mfa_enabled_at: isEnabled ? view.createdAt(world, user) + DAY_MS : null,
    mfa_disabled_at: null,
  };
}

export function presentEmail({ id, value, createdAt }: Credential): JsonObject {
  return {
    id,
    object: 'email_address',
    email_address: value,
    reserved: false,
    verification: {
      object: 'verification_otp',
      status: 'verified',
      strategy: 'email_code',
      attempts: 1,
      expire_at: createdAt + TEN_MINUTES_MS,
    },
    linked_to: [],
    matches_sso_connection: false,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** `phones`: all of the user's. The first one that is a second factor is the default. */
export function presentPhone(phone: Credential, phones: readonly Credential[]): JsonObject {
  const { id, value, createdAt, isSecondFactor } = phone;
  return {
    id,
    object: 'phone_number',
    phone_number: value,
    reserved_for_second_factor: isSecondFactor,
    default_second_factor: phones.find((one) => one.isSecondFactor)?.id === id,
    reserved: false,
    verification: {
      object: 'verification_otp',
      status: 'verified',
      strategy: 'phone_code',
      attempts: 1,
      expire_at: createdAt + TEN_MINUTES_MS,
    },
    linked_to: [],
    backup_codes: null,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

function presentWallet({ id, value, createdAt }: Credential): JsonObject {
  return {
    id,
    object: 'web3_wallet',
    web3_wallet: value,
    verification: {
      object: 'verification_web3',
      status: 'verified',
      strategy: 'web3_metamask_signature',
      attempts: 1,
      expire_at: createdAt + TEN_MINUTES_MS,
    },
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** The schema has no time of creation: only when it was used last. */
function presentPasskey({ id, value, createdAt }: Credential): JsonObject {
  return {
    id,
    object: 'passkey',
    name: value,
    last_used_at: createdAt,
    verification: {
      object: 'verification_passkey',
      status: 'verified',
      strategy: 'passkey',
      attempts: 1,
      expire_at: createdAt + TEN_MINUTES_MS,
    },
  };
}

function presentExternalAccount({ id, value, createdAt }: Credential): JsonObject {
  return {
    id,
    object: 'external_account',
    provider: 'oauth_google',
    identification_id: id.replace(/^eac_/, 'idn_'),
    provider_user_id: id.slice(-19),
    approved_scopes: 'email openid profile',
    email_address: value,
    email_address_verified: true,
    first_name: '',
    last_name: '',
    username: null,
    label: null,
    public_metadata: {},
    verification: {
      object: 'verification_oauth',
      status: 'verified',
      strategy: 'oauth_google',
      attempts: null,
      expire_at: createdAt + TEN_MINUTES_MS,
    },
    created_at: createdAt,
    updated_at: createdAt,
  };
}

export function presentDevice({ id, platform, createdAt, lastUsedAt, revokedAt }: Device): JsonObject {
  return {
    id,
    object: 'trusted_device',
    platform,
    app_identifier: 'com.example.app',
    name: platform === 'ios' ? 'iPhone' : 'Pixel',
    algorithm: 'ES256',
    status: revokedAt === undefined ? 'active' : 'revoked',
    last_used_at: lastUsedAt,
    revoked_at: revokedAt ?? null,
    created_at: createdAt,
    updated_at: revokedAt ?? lastUsedAt,
  };
}
