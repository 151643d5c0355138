// Machines and their tokens. Only opaque tokens are stored, so only those are listed and can be revoked; tokens in JWT form
// verify until they expire (Clerk Backend API 2026-05-12, GET /m2m_tokens).
import { isJsonObject } from '../../../engine/action.ts';
import { type ClerkCall, ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';
import { readAll, textIn } from './key-pages.ts';

/** GET /machines: `limit` at most 500. */
const MACHINES_PER_PAGE = 500;
/** GET /m2m_tokens: `limit` at most 100. */
const TOKENS_PER_PAGE = 100;

export interface Machine {
  readonly id: string;
  readonly name: string;
  /** `default_token_ttl`: how long its tokens live where it does not ask for another time. */
  readonly tokenSeconds: number | undefined;
}

export interface MachineToken {
  readonly id: string;
  readonly machine: string;
}

export async function listMachines(client: ClerkClient): Promise<Machine[]> {
  const rows = await readAll(client, {
    name: 'GET /machines',
    path: '/machines',
    query: [['order_by', 'created_at']],
    pageSize: MACHINES_PER_PAGE,
    rowsAt: 'data',
  });
  return rows.map((row) => ({
    id: textIn(row, 'id') ?? '',
    name: textIn(row, 'name') ?? '',
    tokenSeconds: typeof row.default_token_ttl === 'number' ? row.default_token_ttl : undefined,
  }));
}

/** A machine's opaque tokens that are accepted now: without `revoked` and `expired` the list leaves those out. */
export async function listMachineTokens(client: ClerkClient, machine: string): Promise<MachineToken[]> {
  const rows = await readAll(client, {
    name: 'GET /m2m_tokens',
    target: `tokens of machine ${machine}`,
    path: '/m2m_tokens',
    query: [['subject', machine]],
    pageSize: TOKENS_PER_PAGE,
    rowsAt: 'm2m_tokens',
  });
  return rows.filter((row) => row.revoked !== true).map((row) => ({ id: textIn(row, 'id') ?? '', machine }));
}

/**
 * POST /m2m_tokens/{id}/revoke. There is no read of one token: where the answer says nothing, the machine's list tells.
 * @returns `revoked` where this call did it, `over` where it was so before.
 * @throws ClerkCallError
 */
export async function revokeMachineToken(
  client: ClerkClient,
  { id, machine }: { readonly id: string; readonly machine: string | undefined },
  reason: string,
): Promise<'revoked' | 'over'> {
  const call: ClerkCall = { name: 'POST /m2m_tokens/{id}/revoke', target: `machine token ${id}`, isRepeatable: true };
  try {
    const body = { revocation_reason: reason };
    const isRevoked = await client.send(call, async () => {
      const answer = await client.request(call, { method: 'POST', path: `/m2m_tokens/${id}/revoke`, body });
      if (!isJsonObject(answer) || typeof answer.revoked !== 'boolean') throw notJson(call);
      return answer.revoked;
    });
    if (isRevoked) return 'revoked';
    throw new ClerkCallError(call, { text: 'the answer shows it still active' });
  } catch (error) {
    if (!(error instanceof ClerkCallError) || machine === undefined) throw error;
    const saysNothing = error.fate === 'unknown' || error.status === 400 || error.status === 404;
    if (!saysNothing) throw error;
    // Whether `revoked=true` adds the revoked ones or shows them alone is stated nowhere: what is accepted is asked for.
    const active = await listMachineTokens(client, machine).catch(() => undefined);
    if (active === undefined || active.some((token) => token.id === id)) throw error;
    return error.fate === 'unknown' ? 'revoked' : 'over';
  }
}
