// The blocklist: identifiers that may not get in, as far as the instance's blocklist restriction is on. Blocking one ends no
// session of whoever has it.
import type { JsonObject } from '../../../json.ts';
import { plainId } from '../../population/ids.ts';
import { STREAM } from '../../random.ts';
import type { BlockedIdentifier } from '../../state/instance.ts';
import { badRequest, invalidParameter, missingParameter, notFound } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { requirePlan } from '../plan.ts';
import type { ClerkContext, ClerkRoute } from '../route.ts';

/** Schema BlocklistIdentifier: `identifier_type` has these three; a domain counts as an e-mail address. */
function typeOf(identifier: string): 'email_address' | 'phone_number' | 'web3_wallet' | undefined {
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(identifier)) return 'email_address';
  if (/^\+\d{5,15}$/.test(identifier)) return 'phone_number';
  if (/^0x[0-9a-f]{40}$/i.test(identifier)) return 'web3_wallet';
  return undefined;
}

function present({ id, identifier, at }: BlockedIdentifier, { instance }: ClerkContext): JsonObject {
  return {
    object: 'blocklist_identifier',
    id,
    identifier,
    identifier_type: typeOf(identifier) ?? 'email_address',
    instance_id: instance.id,
    created_at: at,
    updated_at: at,
  };
}

/** Silent: how identifiers are compared. Ours go by their lower case, and keep the spelling they came with. */
function isBlocked({ state }: ClerkContext, identifier: string): boolean {
  const wanted = identifier.toLowerCase();
  return [...state.instance.blocklist.values()].some((row) => row.identifier.toLowerCase() === wanted);
}

export const blocklistRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/blocklist_identifiers',
    handler: (_request, context) => {
      requirePlan(context, 'blocklist');
      // Silent: the order. Ours is newest first, as in Clerk's other lists.
      const rows = [...context.state.instance.blocklist.values()].reverse();
      return { data: rows.map((row) => present(row, context)), total_count: rows.length };
    },
  },
  {
    method: 'POST',
    path: '/v1/blocklist_identifiers',
    handler: ({ body, now }, context) => {
      requirePlan(context, 'blocklist');
      const { identifier } = readBody(body, ['identifier']);
      if (identifier === undefined) throw missingParameter('identifier', 'identifier must be included.');
      if (typeof identifier !== 'string' || typeOf(identifier) === undefined) {
        throw invalidParameter('identifier', 'must be an e-mail address, a phone number or a web3 wallet');
      }
      if (isBlocked(context, identifier)) throw badRequest('duplicate_record', `${identifier} is on the list already.`);
      const id = plainId('blid', context.seed, STREAM.blocklistId, context.state.instance.blocklistAdded);
      context.commit({ type: 'blocklist.add', at: now, id, identifier });
      return present({ id, identifier, at: now }, context);
    },
  },
  {
    method: 'DELETE',
    path: '/v1/blocklist_identifiers/:identifierId',
    handler: ({ params, now }, context) => {
      requirePlan(context, 'blocklist');
      const id = params.identifierId ?? '';
      if (!context.state.instance.blocklist.has(id)) throw notFound('blocklist identifier', id);
      context.commit({ type: 'blocklist.remove', at: now, id });
      return { object: 'blocklist_identifier', id, deleted: true };
    },
  },
];
