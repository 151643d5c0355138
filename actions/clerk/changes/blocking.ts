// Putting identifiers on the blocklist and taking them off: what the two actions share.
import { type ActionContext, PermanentFailure, type TargetAnswer, type Undo } from '../../../engine/action.ts';
import { type BlockedRow, blockIdentifier, readBlocklist, sameAs, unblockRow } from '../api/blocklist.ts';
import { asChangeFailure, ClerkCallError } from '../api/call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, clerkClient } from '../api/client.ts';
import { type Counts, countsOf, idsInDoubt, throwIfUnsettled } from './outcomes.ts';

/** Of targets; the id is the identifier itself. */
export const BLOCKED_KIND = 'blocked-identifier';

/** An e-mail address, everybody at a domain (`*@domain`), a phone number (E.164) or a web3 wallet. */
export const IDENTIFIERS = {
  type: 'array',
  description: 'E-mail addresses, domains as *@example.com, phone numbers as +15551234567, web3 wallets as 0x…',
  items: {
    type: 'string',
    pattern: '^(\\*@[^\\s@*]+\\.[^\\s@*]+|[^\\s@*]+@[^\\s@*]+\\.[^\\s@*]+|\\+[0-9]{5,15}|0x[0-9a-fA-F]{40})$',
  },
} as const;

/**
 * Reads the list once, then changes what differs: one call an identifier. Counts over all attempts.
 * @throws PermanentFailure where the key or the plan is refused; Error while anything is in doubt.
 */
export async function setBlocked(
  identifiers: readonly string[],
  ctx: ActionContext,
  to: { readonly blocked: boolean; readonly verb: string; readonly undo: Undo },
): Promise<Counts> {
  const client = await clerkClient(ctx);
  const rows = await readBlocklist(client);
  const wanted = [...new Map(identifiers.map((one) => [sameAs(one), one])).values()];
  const inDoubt = idsInDoubt(ctx, BLOCKED_KIND, to.verb);
  const transient = new Set<string>();
  const results = await ctx.changes(
    {
      kind: BLOCKED_KIND,
      verb: to.verb,
      after: { blocked: to.blocked },
      undo: to.undo,
      targets: wanted.map((id) => ({ id, before: { blocked: rows.has(sameAs(id)) } })),
      concurrency: CLERK_CONCURRENCY,
    },
    async (chunk) => {
      const answers = new Map<string, TargetAnswer>();
      for (const { id } of chunk) {
        try {
          const answer = to.blocked ? await block(client, id) : await unblock(client, id, rows.get(sameAs(id)));
          answers.set(id, answer.outcome === 'already' && inDoubt.has(id) ? {} : answer);
        } catch (error) {
          if (error instanceof ClerkCallError && error.fate === 'not-happened' && error.isTransient) transient.add(id);
          throw asFailure(error);
        }
      }
      return answers;
    },
  );
  throwIfUnsettled(to.verb, 'identifiers', results, transient);
  return countsOf(ctx, BLOCKED_KIND, to.verb);
}

async function block(client: ClerkClient, identifier: string): Promise<TargetAnswer> {
  const row = await blockIdentifier(client, identifier);
  // Whose row it is decides whether an undo may delete it.
  return row === 'exists' ? { outcome: 'already' } : { detail: { row: row.id } };
}

async function unblock(client: ClerkClient, identifier: string, row: BlockedRow | undefined): Promise<TargetAnswer> {
  // Sent by an earlier attempt, and off the list by now.
  if (row === undefined) return {};
  const how = await unblockRow(client, { id: row.id, identifier });
  return how === 'gone' ? { outcome: 'already' } : { detail: { row: row.id } };
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof ClerkCallError)) return error;
  if (error.status === 401 || error.status === 402) return new PermanentFailure(error.message, { cause: error });
  return asChangeFailure(error);
}
