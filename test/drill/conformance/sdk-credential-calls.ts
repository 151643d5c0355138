// The methods of Clerk's own SDK for ways in. Users are read as plain JSON: the SDK's own drop passkeys.
import type { ClerkClient } from '@clerk/backend';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { isJsonObject } from '../../../engine/json.ts';
import { ask, must, rows } from '../helpers.ts';
import type { SdkCall } from './sdk-calls.ts';

/** For the world of `credentialsTopic`. */
export async function sdkCredentialCalls(world: DrillWorld, sdk: ClerkClient): Promise<readonly SdkCall[]> {
  const users = rows(await ask(world, 'GET', '/v1/users?limit=500'));
  const victim = must(world.ground.compromised[0]);
  const attacked = must(users.find(({ id }) => id === victim));
  const withOne = (field: string): JsonObject => must(users.find((user) => lastId(user, field) !== undefined));
  const phone = must(lastId(withOne('phone_numbers'), 'phone_numbers'));
  const wallet = withOne('web3_wallets');
  const email = must(lastId(attacked, 'email_addresses'));
  const totp = String(must(users.find((user) => user.totp_enabled === true && user.backup_code_enabled === true)).id);
  const owned = (field: string) => ({ userId: victim, id: must(lastId(attacked, field)) });
  const passkey = owned('passkeys');
  const external = owned('external_accounts');
  return [
    { operation: 'GET /email_addresses/{email_address_id}', call: () => sdk.emailAddresses.getEmailAddress(email) },
    {
      operation: 'DELETE /email_addresses/{email_address_id}',
      call: () => sdk.emailAddresses.deleteEmailAddress(email),
    },
    { operation: 'GET /phone_numbers/{phone_number_id}', call: () => sdk.phoneNumbers.getPhoneNumber(phone) },
    {
      operation: 'PATCH /phone_numbers/{phone_number_id}',
      call: () => sdk.phoneNumbers.updatePhoneNumber(phone, { reservedForSecondFactor: true }),
    },
    { operation: 'DELETE /phone_numbers/{phone_number_id}', call: () => sdk.phoneNumbers.deletePhoneNumber(phone) },
    {
      operation: 'DELETE /users/{user_id}/external_accounts/{external_account_id}',
      call: () => sdk.users.deleteUserExternalAccount({ userId: victim, externalAccountId: external.id }),
    },
    {
      operation: 'DELETE /users/{user_id}/passkeys/{passkey_identification_id}',
      call: () => sdk.users.deleteUserPasskey({ userId: victim, passkeyIdentificationId: passkey.id }),
    },
    {
      operation: 'DELETE /users/{user_id}/web3_wallets/{web3_wallet_identification_id}',
      call: () =>
        sdk.users.deleteUserWeb3Wallet({
          userId: String(wallet.id),
          web3WalletIdentificationId: must(lastId(wallet, 'web3_wallets')),
        }),
    },
    { operation: 'DELETE /users/{user_id}/totp', call: () => sdk.users.deleteUserTOTP(totp) },
    { operation: 'DELETE /users/{user_id}/backup_code', call: () => sdk.users.deleteUserBackupCodes(totp) },
    { operation: 'DELETE /users/{user_id}/mfa', call: () => sdk.users.disableUserMFA(totp) },
  ];
}

/** The id of the last of a user's credentials of this kind. */
function lastId(user: JsonObject, field: string): string | undefined {
  const list = user[field];
  const last: Json = Array.isArray(list) ? (list.at(-1) ?? null) : null;
  return isJsonObject(last) && typeof last.id === 'string' ? last.id : undefined;
}
