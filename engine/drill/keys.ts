// The instance's keys. All but the signing key follow from the seed; that one is made once and kept in the world's file,
// so tokens of before a restart still verify after it.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { plainId } from './population/ids.ts';
import { randomWord, STREAM } from './random.ts';
import type { KeyState } from './state/keys.ts';

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

/**
 * The instance's secret key after so many rotations; 0 is the first one. Nobody can tell the next from the last without
 * the seed, which is all that a drill asks of a key.
 */
export function secretKeyAt(keys: Keys, seed: number, rotations: number): string {
  if (rotations === 0) return keys.secretKey;
  const prefix = keys.secretKey.slice(0, 'sk_live_'.length);
  return `${prefix}${randomWord(42, seed, STREAM.rotatedKey, rotations)}`;
}

interface KeyHolder {
  readonly keys: Keys;
  readonly seed: number;
  readonly state: { readonly keys: Pick<KeyState, 'secretKeys'> };
}

/** The key to use now: what the operator's secret store holds. */
export function currentSecretKey({ keys, seed, state }: KeyHolder): string {
  return secretKeyAt(keys, seed, state.keys.secretKeys.length);
}

/** When the first key is refused, or was: milliseconds since 1970; null while nobody rotated it. */
export function firstKeyRefusedAt({ secretKeys }: Pick<KeyState, 'secretKeys'>): number | null {
  return secretKeys.length === 0 ? null : Math.min(...secretKeys.map((rotation) => rotation.oldKeysUntil));
}

/**
 * Tells whether a request's Authorization header holds a secret key that is good at that time. Compares in constant time;
 * what it compares with is made anew only after a rotation.
 */
export function secretKeyCheck(holder: KeyHolder): (header: string, now: number) => boolean {
  let known: readonly { readonly header: Buffer; readonly until: number }[] = [];
  const refresh = (): void => {
    const { secretKeys } = holder.state.keys;
    if (known.length === secretKeys.length + 1) return;
    known = Array.from({ length: secretKeys.length + 1 }, (_, rotations) => ({
      header: Buffer.from(`Bearer ${secretKeyAt(holder.keys, holder.seed, rotations)}`),
      // A key is old from the first rotation after it on.
      until: Math.min(Number.POSITIVE_INFINITY, ...secretKeys.slice(rotations).map((one) => one.oldKeysUntil)),
    }));
  };
  return (header, now) => {
    refresh();
    const given = Buffer.from(header);
    return known.some(
      (key) => now < key.until && given.length === key.header.length && timingSafeEqual(given, key.header),
    );
  };
}

/** The Platform API's own token: of the workspace, not of the instance. What real ones look like is stated nowhere. */
export function platformTokenOf(seed: number): string {
  return `plat_${randomWord(40, seed, STREAM.rotatedKey, 0, 1)}`;
}

export function applicationIdOf(seed: number): string {
  return plainId('app', seed, STREAM.rotatedKey, 0, 2);
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
