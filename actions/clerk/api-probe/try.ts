// One request of the probe, and what its answer says.
import { type ActionContext, ChangeRefused, isJsonObject, type Json } from '../../../engine/action.ts';
import { readBounded } from '../../http/body.ts';
import { NETWORK_FAULTS, type NetworkFault, networkFaultOf, networkText } from '../../http/network.ts';
import { factsOfBody } from '../api/call-error.ts';

/**
 * How a try ended, beside the faults of a network. `server-error`: a 5xx. `key`: Clerk refuses the key. `rejected`:
 * another 4xx of Clerk's. `limited`: a 429. `foreign`: an answer that is not Clerk's (a proxy, a sign-in page of the network).
 */
export const TRY_FAILURES = ['server-error', 'key', 'rejected', 'limited', 'foreign', ...NETWORK_FAULTS] as const;
export type TryFailure = (typeof TRY_FAILURES)[number];

export interface Try {
  readonly failure?: TryFailure;
  readonly ms: number;
  /** 0: no answer. */
  readonly status: number;
  /** What went wrong, with Clerk's code and trace where it gave them. */
  readonly text?: string;
  readonly retryAfterMs?: number;
}

/** Of a list of one user, and of a key set, far more than there is. */
const MAX_BODY_BYTES = 1_048_576;

export interface TryOptions {
  /** `GET /users`, as messages name it. */
  readonly call: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly timeoutMs: number;
  readonly isExpected: (body: Json) => boolean;
}

/** @throws what the step's signal says where it was stopped; ChangeRefused where the engine kept the request back. */
export async function tryOnce(ctx: ActionContext, options: TryOptions): Promise<Try> {
  const { call, url, headers, timeoutMs } = options;
  const start = performance.now();
  const ms = (): number => Math.round(performance.now() - start);
  let status = 0;
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(timeoutMs)]);
    // A redirect is no answer of Clerk's API, and must not carry the key anywhere.
    const response = await ctx.fetch(url, { headers, redirect: 'manual', signal });
    status = response.status;
    const { text } = await readBounded(response, MAX_BODY_BYTES);
    const body = parse(text);
    // The whole answer: a body that trickles is slow too.
    const took = ms();
    if (response.ok && body !== undefined && options.isExpected(body)) return { ms: took, status };
    const facts = factsOfBody(body);
    const failure = failureOf(status, facts.clerkCode);
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      failure,
      ms: took,
      status,
      text: [
        `${call} answered ${status}`,
        facts.clerkCode === undefined ? '' : ` ${facts.clerkCode}`,
        failure === 'foreign' ? ' with what is not of Clerk' : '',
        facts.traceId === undefined ? '' : ` [trace ${facts.traceId}]`,
      ].join(''),
      ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1000 } : {}),
    };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof ChangeRefused) throw error;
    const failure: NetworkFault = networkFaultOf(error);
    const what = status === 0 ? 'got no answer' : `answered ${status}, but its body broke off`;
    return { failure, ms: ms(), status, text: `${call} ${what}: ${networkText(error, timeoutMs)}` };
  }
}

/** RFC 6585: answered by what stands between. */
const NETWORK_WANTS_SIGN_IN = 511;

/** With a code of Clerk's it is Clerk that refuses; a 4xx without one may be anybody's between us. */
function failureOf(status: number, clerkCode: string | undefined): TryFailure {
  if (status === NETWORK_WANTS_SIGN_IN) return 'foreign';
  if (status >= 500) return 'server-error';
  if (status === 429) return 'limited';
  if (status < 400 || clerkCode === undefined) return 'foreign';
  return status === 401 ? 'key' : 'rejected';
}

function parse(text: string): Json | undefined {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** GET /jwks answers `{keys: [...]}` (OpenAPI, WellKnown.JWKS); without a key nothing verifies. */
export function isKeySet(body: Json): boolean {
  return isJsonObject(body) && Array.isArray(body.keys) && body.keys.length > 0;
}
