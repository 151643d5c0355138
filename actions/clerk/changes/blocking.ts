// Putting identifiers on the blocklist and taking them off: what the two actions share.
import {
  type ActionContext,
  type ChangeResult,
  PermanentFailure,
  type TargetAnswer,
  type Undo,
} from '../../../engine/action.ts';
import { type BlockedRow, blockIdentifier, readBlocklist, sameAs, unblockRow } from '../api/blocklist.ts';
import { asChangeFailure, ClerkCallError } from '../api/call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, clerkClient } from '../api/client.ts';

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

export interface Blocking {
  readonly done: number;
  readonly already: number;
  /** Identifiers that Clerk refused. */
  readonly failed: string[];
}

/**
 * Reads the list once, then changes what differs: one call an identifier. Counts over all attempts.
 * @throws PermanentFailure where the key or the plan is refused; Error while anything is in doubt.
 */
export async function setBlocked(
  identifiers: readonly string[],
  ctx: ActionContext,
  to: { readonly blocked: boolean; readonly verb: string; readonly undo: Undo },
): Promise<Blocking> {
  const client = await clerkClient(ctx);
  const rows = await readBlocklist(client);
  const wanted = [...new Map(identifiers.map((one) => [sameAs(one), one])).values()];
  // An earlier attempt sent these, and its answer was lost: what is so by now is its doing.
  const inDoubt = new Set(
    ctx
      .ledger()
      .filter(({ kind, verb, outcome }) => kind === BLOCKED_KIND && verb === to.verb && outcome === 'unknown')
      .map(({ id }) => id),
  );
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
  throwIfOpen(to.verb, results, transient);
  const own = ctx.ledger().filter(({ kind, verb }) => kind === BLOCKED_KIND && verb === to.verb);
  return {
    done: own.filter(({ outcome }) => outcome === 'done').length,
    already: own.filter(({ outcome }) => outcome === 'already').length,
    failed: own.flatMap(({ id, outcome }) => (outcome === 'failed' ? [id] : [])).sort(),
  };
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

function throwIfOpen(verb: string, results: readonly ChangeResult[], transient: ReadonlySet<string>): void {
  const open = results.filter(
    ({ id, outcome }) => outcome === 'unknown' || (outcome === 'failed' && transient.has(id)),
  );
  if (open.length === 0) return;
  const reason = open.find(({ error }) => error !== undefined)?.error;
  throw new Error(`Clerk: ${verb}: ${open.length} identifiers not settled${reason === undefined ? '' : `. ${reason}`}`);
}
