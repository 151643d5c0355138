// The phones that a user's account trusts. Beside the SDK, which has no method for them.
import { isJsonObject } from '../../../engine/action.ts';
import { type ClerkCall, ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';

export interface TrustedDevice {
  readonly id: string;
  readonly name: string;
  readonly platform: string;
}

/** GET /users/{id}/trusted_devices: those that are trusted now, not paged. null: Clerk does not know the user. */
export async function listTrustedDevices(client: ClerkClient, user: string): Promise<readonly TrustedDevice[] | null> {
  const call: ClerkCall = { name: 'GET /users/{id}/trusted_devices', target: `user ${user}`, isRepeatable: true };
  try {
    return await client.read(call, async () => {
      const body = await client.request(call, { method: 'GET', path: `/users/${user}/trusted_devices` });
      if (!isJsonObject(body) || !Array.isArray(body.data)) throw notJson(call);
      return body.data.flatMap((row) => {
        if (!isJsonObject(row) || typeof row.id !== 'string') throw notJson(call);
        if (row.status === 'revoked') return [];
        return [{ id: row.id, name: String(row.name ?? ''), platform: String(row.platform ?? '') }];
      });
    });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof ClerkCallError && cause.status === 404) return null;
    throw error;
  }
}

/**
 * DELETE /users/{id}/trusted_devices/{id}.
 * @returns `over`: it was not trusted any more, by the list. 404 alone does not say whether user or device is missing.
 * @throws ClerkCallError
 */
export async function revokeTrustedDevice(
  client: ClerkClient,
  { user, id }: { readonly user: string; readonly id: string },
): Promise<'revoked' | 'over'> {
  const call: ClerkCall = {
    name: 'DELETE /users/{id}/trusted_devices/{id}',
    target: `trusted device ${id} of user ${user}`,
    isRepeatable: true,
  };
  try {
    await client.send(call, () =>
      client.request(call, { method: 'DELETE', path: `/users/${user}/trusted_devices/${id}` }),
    );
    return 'revoked';
  } catch (error) {
    if (!(error instanceof ClerkCallError) || (error.status !== 404 && error.fate !== 'unknown')) throw error;
    const left = await listTrustedDevices(client, user).catch(() => undefined);
    if (left === undefined || left?.some((device) => device.id === id)) throw error;
    return error.fate === 'unknown' ? 'revoked' : 'over';
  }
}
