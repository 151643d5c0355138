import {
  type ActionContext,
  type ChangeResult,
  defineAction,
  isJsonObject,
  type Json,
  type TargetAnswer,
} from '../../engine/action.ts';
import { asChangeFailure, type ClerkCall, ClerkCallError } from './api/call-error.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient, notJson } from './api/client.ts';
import { distinct } from './schemas.ts';

const VERB = 'revoke';
const KINDS = [
  { kind: 'sign-in-token', path: '/sign_in_tokens' },
  { kind: 'actor-token', path: '/actor_tokens' },
] as const;

/**
 * `sign_in_token_cannot_be_revoked` and its like, as Clerk's codes are built. Its OpenAPI file names no code for this 400; any
 * other (a wrong parameter, say) says nothing of the token.
 */
const NOT_PENDING = /token_(cannot_be_revoked|already_\w+|not_pending)/;

const IDS = { type: 'array', items: { type: 'string', pattern: '^\\w+$' }, default: [] } as const;

export default defineAction({
  name: 'clerk.revoke-tokens',
  title: 'Revoke sign-in and actor tokens',
  description:
    'Revokes sign-in tokens and actor tokens (impersonation) by their ids. Clerk neither lists nor reads them, so the ids ' +
    "must come from the app's own records. One that was used already cannot be revoked: its session must be ended.",
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      signInTokens: { ...IDS, description: 'Ids of sign-in tokens, not the tokens themselves' },
      actorTokens: { ...IDS, description: 'Ids of actor tokens, not the tokens themselves' },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      revoked: { type: 'integer', description: 'Tokens that this step revoked, over all attempts' },
      uncertain: {
        type: 'array',
        items: { type: 'string' },
        description:
          'The answer to a first call was lost, and Clerk then said that the token is not pending any more: revoked by ' +
          'that call, or used before. Treat them as those of `notPending`',
      },
      notPending: {
        type: 'array',
        items: { type: 'string' },
        description: 'Used or revoked before (400): Clerk does not say which. Who used one may have a session: end it',
      },
      unknown: { type: 'array', items: { type: 'string' }, description: 'Clerk knows no such token (404)' },
      remaining: { type: 'integer', description: 'Left alone on purpose: protected or skipped' },
    },
    required: ['revoked', 'uncertain', 'notPending', 'unknown', 'remaining'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  async run({ signInTokens = [], actorTokens = [] }, ctx) {
    const client = await clerkClient(ctx);
    const results: ChangeResult[] = [];
    for (const { kind, path } of KINDS) {
      const ids = distinct(kind === 'actor-token' ? actorTokens : signInTokens);
      results.push(...(await revokeAll(client, ctx, { kind, path, ids })));
    }
    if (!ctx.planning) refuseDoubts(results);
    const own = ctx.ledger().filter((change) => KINDS.some(({ kind }) => change.kind === kind) && change.verb === VERB);
    const idsBecause = (because: Because): string[] =>
      own.flatMap(({ id, detail }) => (detail?.because === because ? [id] : [])).sort();
    return {
      revoked: own.filter(({ outcome, detail }) => outcome === 'done' && detail?.because === undefined).length,
      uncertain: idsBecause('not-pending-after-lost-answer'),
      notPending: idsBecause('not-pending'),
      unknown: idsBecause('no-such-token'),
      remaining: own.filter(({ outcome }) => outcome === 'protected' || outcome === 'skipped').length,
    };
  },
});

/** Why a token was not revoked by a call that answered so. Recorded with its change. */
type Because = 'not-pending' | 'not-pending-after-lost-answer' | 'no-such-token';

interface TokensOfKind {
  readonly kind: (typeof KINDS)[number]['kind'];
  readonly path: string;
  readonly ids: readonly string[];
}

async function revokeAll(
  client: ClerkClient,
  ctx: ActionContext,
  { kind, path, ids }: TokensOfKind,
): Promise<readonly ChangeResult[]> {
  const sentBefore = new Set(
    ctx.ledger().flatMap((change) => (change.kind === kind && change.outcome === 'unknown' ? [change.id] : [])),
  );
  let sent = 0;
  const spec = { kind, verb: VERB, after: { status: 'revoked' }, targets: ids.map((id) => ({ id })) };
  return await ctx.changes({ ...spec, batch: 1, concurrency: CLERK_CONCURRENCY }, async (chunk) => {
    const answers = new Map<string, TargetAnswer>();
    for (const { id } of chunk) {
      answers.set(id, await revokeOne(client, { kind, path, id, wasSent: sentBefore.has(id) }));
      sent++;
      ctx.progress(sent, ids.length, `${kind}s`);
    }
    return answers;
  });
}

/**
 * A 400 may say that the token is not pending: after a call of ours whose answer was lost nothing can be read that would say
 * whether that call did it. So it is counted as nobody's doing, and named.
 * @throws ChangeRefused; ClerkCallError where it is not known whether it happened.
 */
async function revokeOne(
  client: ClerkClient,
  {
    kind,
    path,
    id,
    wasSent,
  }: { readonly kind: string; readonly path: string; readonly id: string; readonly wasSent: boolean },
): Promise<TargetAnswer> {
  const call: ClerkCall = { name: `POST ${path}/{id}/revoke`, target: `${kind} ${id}`, isRepeatable: true };
  try {
    const status = await client.send(call, async () =>
      statusOf(call, await client.request(call, { method: 'POST', path: `${path}/${id}/revoke` })),
    );
    if (status === 'revoked') return { outcome: 'done' };
    return { outcome: 'failed', error: `Clerk: ${call.name} (${call.target}) answered that the token is ${status}` };
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    const isLost = wasSent || error.fate === 'unknown';
    if (error.status === 400 && NOT_PENDING.test(error.clerkCode ?? '')) {
      return answerFor('already', isLost ? 'not-pending-after-lost-answer' : 'not-pending');
    }
    if (error.status === 404) return { ...answerFor('failed', 'no-such-token'), error: error.message };
    throw asChangeFailure(error);
  }
}

function answerFor(outcome: 'already' | 'failed', because: Because): TargetAnswer {
  return { outcome, detail: { because } };
}

/** Schemas SignInToken and ActorToken: `pending`, `accepted` or `revoked`. */
function statusOf(call: ClerkCall, body: Json): string {
  if (!isJsonObject(body) || typeof body.status !== 'string') throw notJson(call);
  return body.status;
}

function refuseDoubts(results: readonly ChangeResult[]): void {
  const open = results.filter(
    ({ outcome, detail }) => outcome === 'unknown' || (outcome === 'failed' && detail?.because !== 'no-such-token'),
  );
  if (open.length === 0) return;
  const reason = open.find((result) => result.error !== undefined)?.error;
  throw new Error(`${open.length} tokens are not known to be revoked${reason === undefined ? '' : `. ${reason}`}`);
}
