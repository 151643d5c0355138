import { defineAction, PermanentFailure, type Target } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import { refusalOf } from './api/key-pages.ts';
import { listMachines, listMachineTokens, type Machine, revokeMachineToken } from './api/machine-tokens.ts';
import { inBatches, revokeUntilNoneIsLeft } from './changes/revoke-until-none.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, REVOCATION_REASON } from './schemas.ts';
import { lifetimeText } from './token-lifetime.ts';

export default defineAction({
  name: 'clerk.revoke-machine-tokens',
  title: 'Revoke tokens of machines',
  description:
    'Revokes every opaque token of all machines of the instance, or of the given ones. Machines ask for new tokens with ' +
    'their own key, so one whose key is known to others needs a new key too. Tokens in JWT form are stored nowhere: no ' +
    'list has them, nothing revokes them, and they verify until they expire; the output says so.',
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      machines: {
        type: 'array',
        description: 'Clerk ids of machines. All machines of the instance if absent',
        items: { type: 'string', pattern: '^mch_\\w+$' },
      },
      reason: REVOCATION_REASON,
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      machines: { type: 'integer', description: 'Machines whose tokens were listed' },
      revoked: { type: 'integer', description: 'Tokens that this step revoked, over all attempts' },
      alreadyRevoked: { type: 'integer', description: 'Tokens that were revoked before the call arrived' },
      remaining: { type: 'integer', description: 'Tokens still accepted at the end: protected or skipped on purpose' },
      unknown: {
        type: 'array',
        items: { type: 'string' },
        description: 'Given machines that Clerk does not know',
      },
      notRevocable: {
        type: 'string',
        description: 'What stays: tokens in JWT form, and for how long they verify by default, machine by machine',
      },
    },
    required: ['machines', 'revoked', 'alreadyRevoked', 'remaining', 'unknown', 'notRevocable'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ machines: given, reason = REVOCATION_REASON.default }, ctx) {
    const client = await clerkClient(ctx);
    const all = await machinesOf(client);
    const wanted = given === undefined ? all : all.filter(({ id }) => given.includes(id));
    const unknown = distinct(given ?? []).filter((id) => !all.some((machine) => machine.id === id));
    if (unknown.length > 0) ctx.log(`Clerk knows no machine of this id: ${unknown.join(', ')}`);
    const ids = wanted.map(({ id }) => id);
    const allowed = new Set(await ctx.expect({ kind: 'machine', ids, verb: 'revoke tokens of' }));
    const {
      held,
      unknown: gone,
      ...counts
    } = await revokeUntilNoneIsLeft(ctx, {
      kind: 'machine-token',
      noun: 'machine tokens',
      left: 'machine tokens are still accepted',
      after: { revoked: true },
      batches: inBatches(ids.map((id): Target => ({ kind: 'machine', id }))),
      isAllowed: (owner) => allowed.has(owner.id),
      list: async (owner) => {
        const tokens = await listMachineTokens(client, owner.id);
        return tokens.map(({ id }) => ({
          id,
          owner,
          before: { revoked: false },
          attributes: { machine: owner.id },
        }));
      },
      revoke: ({ id, owner }) => revokeMachineToken(client, { id, machine: owner?.id }, reason),
    });
    return {
      machines: wanted.length,
      ...counts,
      remaining: held.length,
      unknown: distinct([...unknown, ...gone]).sort(),
      notRevocable: describeJwtTokens(wanted),
    };
  },
});

/** @throws PermanentFailure that says what a 403 means here: a playbook may go on over it (`onFailure: continue`). */
async function machinesOf(client: ClerkClient): Promise<Machine[]> {
  try {
    return await listMachines(client);
  } catch (error) {
    if (refusalOf(error) !== 403) throw error;
    const why =
      'Machines are not turned on for this Clerk instance, or the key may not read them: no token was revoked';
    throw new PermanentFailure(`${why}. ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function describeJwtTokens(machines: readonly Machine[]): string {
  if (machines.length === 0) return 'No machine, so no token of one.';
  const times = machines.map(({ id, name, tokenSeconds }) => {
    const time = tokenSeconds === undefined ? 'an unknown time' : lifetimeText(tokenSeconds);
    return `${name} (${id}): ${time}`;
  });
  return (
    'Tokens in JWT form cannot be listed or revoked. Where a machine uses them, they verify until they expire; by default ' +
    `they live for ${times.join('; ')}. A machine may have asked for longer.`
  );
}
