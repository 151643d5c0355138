// Who asks: the session token of a request, checked by the provider's own library. Without the network by the public key of
// the environment, or with a key set that is fetched for each request (always cold, as after a deployment).
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { messageOf } from '../../../errors.ts';
import { isJsonObject } from '../../../json.ts';
import type { Variables } from '../../state/services/deployments.ts';
import { askClerk } from './ask-clerk.ts';

export type Visitor =
  | { readonly kind: 'user'; readonly userId: string; readonly sessionId: string | null }
  /** No token, or one that is not good: the visitor's own matter. */
  | { readonly kind: 'nobody'; readonly why: string }
  /** The app cannot tell: its key is missing or wrong, or Clerk does not answer. */
  | { readonly kind: 'cannot-tell'; readonly why: string };

export interface TokenOptions {
  readonly how: 'jwt-key' | 'jwks';
  readonly variables: Variables;
  readonly apiUrl: string;
}

export async function whoAsks(headers: IncomingHttpHeaders, options: TokenOptions): Promise<Visitor> {
  const token = tokenIn(headers);
  if (token === undefined) return { kind: 'nobody', why: 'no session token' };
  const key = await publicKey(options);
  if (key.pem === undefined) return { kind: 'cannot-tell', why: key.why };
  const { verifyToken } = await import('@clerk/backend'); // Heavy, and few drills ask for a page.
  try {
    const claims = await verifyToken(token, { jwtKey: key.pem });
    return { kind: 'user', userId: claims.sub, sessionId: claims.sid ?? null };
  } catch (error) {
    return { kind: 'nobody', why: messageOf(error) };
  }
}

/** `Authorization: Bearer …` of an API client, or the cookie `__session` of a browser. */
function tokenIn({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  return bearer ?? /(?:^|;\s*)__session=([^;\s]+)/.exec(cookie ?? '')?.[1];
}

type PublicKey = { readonly pem: string } | { readonly pem?: never; readonly why: string };

async function publicKey({ how, variables, apiUrl }: TokenOptions): Promise<PublicKey> {
  if (how === 'jwt-key') {
    const pem = variables.CLERK_JWT_KEY;
    return pem === undefined || pem === '' ? { why: 'CLERK_JWT_KEY is not set' } : { pem };
  }
  const secretKey = variables.CLERK_SECRET_KEY;
  if (secretKey === undefined || secretKey === '') return { why: 'CLERK_SECRET_KEY is not set' };
  const answer = await askClerk(`${apiUrl}/v1/jwks`, secretKey);
  if (answer?.status !== 200) return { why: `the key set answered ${answer?.status ?? 'nothing'}` };
  try {
    const set: unknown = JSON.parse(answer.body);
    const first: unknown = isJsonObject(set) && Array.isArray(set.keys) ? set.keys[0] : undefined;
    // A key set's entry; what is no key is refused by createPublicKey.
    const key = createPublicKey({ key: first as JsonWebKey, format: 'jwk' });
    return { pem: key.export({ type: 'spki', format: 'pem' }).toString() };
  } catch (error) {
    return { why: `the key set cannot be read: ${messageOf(error)}` };
  }
}
