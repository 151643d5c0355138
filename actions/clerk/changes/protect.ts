// Attack protection of the instance, beside the SDK, which has no method for it.
import { isJsonObject, type Json } from '../../../engine/action.ts';
import type { ClerkCall } from '../api/call-error.ts';
import { type ClerkClient, notJson } from '../api/client.ts';

/** Of its one target. */
export const PROTECT_KIND = 'instance-protect';

/** Schema InstanceProtect. */
export interface Protect {
  readonly rules_enabled: boolean;
  readonly specter_enabled: boolean;
}

/** GET /instance/protect: one request. */
export async function readProtect(client: ClerkClient): Promise<Protect> {
  const call: ClerkCall = { name: 'GET /instance/protect', isRepeatable: true };
  return await client.read(call, async () =>
    parse(call, await client.request(call, { method: 'GET', path: '/instance/protect' })),
  );
}

/** PATCH /instance/protect: sets those given. @returns what holds afterwards. @throws ClerkCallError */
export async function setProtect(client: ClerkClient, values: Partial<Protect>): Promise<Protect> {
  const call: ClerkCall = { name: 'PATCH /instance/protect', isRepeatable: true };
  return await client.send(call, async () =>
    parse(call, await client.request(call, { method: 'PATCH', path: '/instance/protect', body: { ...values } })),
  );
}

function parse(call: ClerkCall, body: Json): Protect {
  if (!isJsonObject(body)) throw notJson(call);
  const { rules_enabled, specter_enabled } = body;
  if (typeof rules_enabled !== 'boolean' || typeof specter_enabled !== 'boolean') throw notJson(call);
  return { rules_enabled, specter_enabled };
}
