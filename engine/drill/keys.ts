// The instance's keys. All but the signing key follow from the seed; that one is made once and kept in the world's file,
// so tokens of before a restart still verify after it.
import { createPrivateKey, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { plainId } from './population/ids.ts';
import { randomWord, STREAM } from './random.ts';

export interface Keys {
  readonly secretKey: string;
  readonly publishableKey: string;
  readonly instanceId: string;
  /** RSA, PKCS #8, PEM. */
  readonly signingKey: string;
}

/** Reserved by RFC 6761: resolves to loopback, if at all. */
export const FRONTEND_HOST = 'clerk.drill.localhost';

export async function makeKeys(seed: number, environment: 'production' | 'development'): Promise<Keys> {
  const kind = environment === 'production' ? 'live' : 'test';
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    secretKey: `sk_${kind}_${randomWord(42, seed, STREAM.instance, 0)}`,
    // `pk_live_` and base64 of the Frontend API's host followed by `$`, as Clerk's are.
    publishableKey: `pk_${kind}_${Buffer.from(`${FRONTEND_HOST}$`).toString('base64')}`,
    instanceId: plainId('ins', seed, STREAM.instance, 1),
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export interface Signer {
  readonly jwk: JsonWebKey;
  readonly publicPem: string;
  /** A signed JWT (RS256) of these claims. */
  sign(claims: { readonly [name: string]: unknown }): string;
}

export function createSigner(keys: Keys): Signer {
  const privateKey: KeyObject = createPrivateKey(keys.signingKey);
  const publicKey = createPublicKey(privateKey);
  const header = encode({ alg: 'RS256', kid: keys.instanceId, typ: 'JWT', cat: 'cl_B7d4PD111AAA' });
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: keys.instanceId },
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (claims) => {
      const text = `${header}.${encode(claims)}`;
      return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`;
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
