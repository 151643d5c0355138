import { defineAction, type Target } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { listTrustedDevices, revokeTrustedDevice } from './api/trusted-devices.ts';
import { ownedId, readOwnedId } from './api/user-credentials.ts';
import { inBatches, revokeUntilNoneIsLeft } from './changes/revoke-until-none.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.revoke-trusted-devices',
  title: 'Revoke trusted devices',
  description:
    'Revokes every trusted device of the given users (phones that sign in with a key of their own), one request each, and ' +
    'lists again until none is left. Browsers are not among them: end their sessions. A revoked device cannot be brought ' +
    'back; its owner enrols it anew.',
  effect: 'destructive',
  idempotent: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      users: { type: 'integer', description: 'Users whose devices were looked at' },
      revoked: { type: 'integer', description: 'Devices that this step revoked, over all attempts' },
      alreadyRevoked: { type: 'integer', description: 'Devices that somebody else had revoked meanwhile' },
      remaining: { type: 'integer', description: 'Still trusted: of protected users, or skipped on purpose' },
      unknown: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk does not know' },
    },
    required: ['users', 'revoked', 'alreadyRevoked', 'remaining', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const allowed = new Set(await ctx.expect({ kind: 'user', ids, verb: 'revoke trusted devices of' }));
    const { revoked, alreadyRevoked, held, unknown } = await revokeUntilNoneIsLeft(ctx, {
      kind: 'trusted-device',
      noun: 'trusted devices',
      after: { revoked: true },
      left: 'devices are still trusted',
      batches: inBatches(ids.map((id): Target => ({ kind: 'user', id }))),
      isAllowed: (owner) => allowed.has(owner.id),
      list: async ({ id: user }) => {
        const devices = await listTrustedDevices(client, user);
        if (devices === null) return null;
        return devices.map(({ id, name, platform }) => ({
          id: ownedId(user, id),
          owner: { kind: 'user', id: user },
          before: { revoked: false },
          attributes: { name, platform },
        }));
      },
      revoke: async ({ id }) => {
        const device = readOwnedId(id);
        if (device === undefined) throw new Error(`${id} names no trusted device`);
        return await revokeTrustedDevice(client, device);
      },
    });
    if (unknown.length > 0) ctx.log(`Clerk knows no such user: ${unknown.join(', ')}`);
    return { users: ids.length, revoked, alreadyRevoked, remaining: held.length, unknown };
  },
});
