// Ways in: credentials, second factors, trusted devices.

import type { DrillWorld } from '../../../engine/drill/world.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/json.ts';
import { ask, must, rows } from '../helpers.ts';
import { type Case, of, type Topic } from './case.ts';

/** Enough users that each kind of credential is somewhere. */
const WORLD: JsonObject = {
  users: 300,
  compromised: { count: 6 },
  credentials: { addedByAttacker: { emails: 3, phones: 3, externalAccounts: 3, passkeys: 3 } },
};

const idOf = (value: Json | undefined): string => (isJsonObject(value ?? null) ? String((value as JsonObject).id) : '');

async function credentialCases(world: DrillWorld): Promise<readonly Case[]> {
  const users = rows(await ask(world, 'GET', '/v1/users?limit=500'));
  const list = (user: JsonObject, field: string): readonly Json[] => {
    const value = user[field];
    return Array.isArray(value) ? value : [];
  };
  const withOne = (field: string): JsonObject => must(users.find((user) => list(user, field).length > 0));
  const [victim] = world.ground.compromised;
  const attacked = must(users.find(({ id }) => id === must(victim)));
  const email = idOf(list(attacked, 'email_addresses')[1]);
  const alone = must(users.find((user) => list(user, 'email_addresses').length === 1));
  const phoneOwner = withOne('phone_numbers');
  const phone = idOf(list(phoneOwner, 'phone_numbers')[0]);
  const wallet = withOne('web3_wallets');
  const totp = must(users.find((user) => user.totp_enabled === true && user.backup_code_enabled === true));
  const mfa = must(users.find((user) => user.two_factor_enabled === true && user !== totp));
  let device: { readonly user: string; readonly id: string } | undefined;
  for (const { id } of users) {
    if (device !== undefined) break;
    const { body } = await ask(world, 'GET', `/v1/users/${String(id)}/trusted_devices`);
    const data = isJsonObject(body) && Array.isArray(body.data) ? body.data : [];
    if (data.length > 0) device = { user: String(id), id: idOf(data[0]) };
  }
  const trusted = must(device);
  const id = String(attacked.id);
  const oneEmail = '/email_addresses/{email_address_id}';
  const onePhone = '/phone_numbers/{phone_number_id}';
  const passkey = '/users/{user_id}/passkeys/{passkey_identification_id}';
  const external = '/users/{user_id}/external_accounts/{external_account_id}';
  const web3 = '/users/{user_id}/web3_wallets/{web3_wallet_identification_id}';
  const oneDevice = '/users/{user_id}/trusted_devices/{trusted_device_id}';
  const pick = (field: string): string => idOf(list(attacked, field).at(-1));
  const stranger = `user_${'a'.repeat(27)}`;
  return [
    of('GET', '/users/{user_id}', { ids: [id] }),
    of('GET', '/users/{user_id}', { ids: [String(wallet.id)] }),
    of('GET', oneEmail, { ids: [email] }),
    of('DELETE', oneEmail, { ids: [email] }),
    of('DELETE', oneEmail, { ids: [email], status: 404 }),
    of('DELETE', oneEmail, { ids: [idOf(list(alone, 'email_addresses')[0])], status: 409 }),
    of('GET', oneEmail, { ids: [email], status: 404 }),
    of('GET', onePhone, { ids: [phone] }),
    of('PATCH', onePhone, { ids: [phone], body: { reserved_for_second_factor: true } }),
    of('PATCH', onePhone, { ids: ['idn_none'], body: { reserved_for_second_factor: true }, status: 404 }),
    of('DELETE', onePhone, { ids: [phone] }),
    of('DELETE', onePhone, { ids: [phone], status: 404 }),
    of('GET', onePhone, { ids: [phone], status: 404 }),
    of('DELETE', external, { ids: [id, pick('external_accounts')] }),
    of('DELETE', external, { ids: [id, pick('external_accounts')], status: 404 }),
    of('DELETE', passkey, { ids: [id, pick('passkeys')] }),
    of('DELETE', passkey, { ids: [id, pick('passkeys')] }),
    of('DELETE', passkey, { ids: [stranger, pick('passkeys')], status: 404 }),
    of('DELETE', web3, { ids: [String(wallet.id), idOf(list(wallet, 'web3_wallets')[0])] }),
    of('DELETE', web3, { ids: [String(wallet.id), idOf(list(wallet, 'web3_wallets')[0])], status: 404 }),
    of('DELETE', '/users/{user_id}/totp', { ids: [String(totp.id)] }),
    of('DELETE', '/users/{user_id}/backup_code', { ids: [String(totp.id)] }),
    of('DELETE', '/users/{user_id}/totp', { ids: [stranger], status: 404 }),
    of('DELETE', '/users/{user_id}/backup_code', { ids: [stranger], status: 404 }),
    of('DELETE', '/users/{user_id}/mfa', { ids: [String(mfa.id)] }),
    of('DELETE', '/users/{user_id}/mfa', { ids: [stranger], status: 404 }),
    of('GET', '/users/{user_id}/trusted_devices', { ids: [trusted.user] }),
    of('GET', '/users/{user_id}/trusted_devices', { ids: [stranger], status: 404 }),
    of('DELETE', oneDevice, { ids: [trusted.user, trusted.id] }),
    of('DELETE', oneDevice, { ids: [trusted.user, trusted.id] }),
    of('DELETE', oneDevice, { ids: [trusted.user, 'tdev_none'], status: 404 }),
  ];
}

export const credentialsTopic: Topic = { name: 'credentials', world: WORLD, cases: credentialCases };
