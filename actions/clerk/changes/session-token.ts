// A session token to measure with: minted for a session, once an attempt, through the ledger. It lasts about a minute and
// leaves nothing behind, but for that time it stands for its user: so it is a change that is recorded, and no mere read.
import type { ActionContext } from '../../../engine/action.ts';
import { asChangeFailure, type ClerkCall } from '../api/call-error.ts';
import { type ClerkClient, notJson } from '../api/client.ts';
import { isOpen, listSessions, readSession } from '../api/sessions.ts';

const VERB = 'mint a token of';

export type Minted = { readonly token: string } | { readonly missing: string };

/** @returns the token, or why there is none, in words. */
export async function mintToken(
  client: ClerkClient,
  ctx: ActionContext,
  of: { readonly session: string } | { readonly user: string },
): Promise<Minted> {
  const session =
    'session' in of ? await readSession(client, of.session) : (await listSessions(client, of.user)).find(isOpen);
  if (session === undefined || session === null)
    return { missing: 'session' in of ? `there is no session ${of.session}` : `${of.user} has no open session` };
  if (!isOpen(session)) return { missing: `session ${session.id} is ${session.status}` };
  const { id, userId } = session;
  // One that an earlier attempt minted is gone with it.
  const earlier = ctx.ledger().filter((change) => change.verb === VERB && change.outcome === 'done').length;
  const call: ClerkCall = { name: 'POST /sessions/{id}/tokens', target: `session ${id}`, isRepeatable: true };
  let token: string | undefined;
  const result = await ctx.change(
    {
      kind: 'session',
      id,
      owner: { kind: 'user', id: userId },
      verb: VERB,
      key: String(earlier),
      after: { token: 'minted' },
      idempotent: true,
    },
    async () => {
      try {
        token = await client.send(call, async () => tokenOf(call, await client.sdk.sessions.getToken(id)));
      } catch (error) {
        throw asChangeFailure(error);
      }
    },
  );
  if (token !== undefined) return { token };
  if (result.outcome === 'planned') return { missing: 'a plan mints no token' };
  return { missing: `no token for session ${id}: ${result.error ?? result.outcome}` };
}

function tokenOf(call: ClerkCall, answer: unknown): string {
  const jwt: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'jwt') : undefined;
  if (typeof jwt !== 'string' || jwt === '') throw notJson(call);
  return jwt;
}
