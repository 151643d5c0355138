// The endpoint's signing secrets and what is signed with them: header `svix-signature` is `v1,` and base64 of HMAC-SHA256
// over `id.timestamp.body` with the bytes that follow `whsec_` in base64, as `verifyWebhook` of @clerk/backend checks it.

import { createHmac } from 'node:crypto';
import { randomWord, STREAM } from '../../random.ts';
import { isSameSecret } from '../../same-secret.ts';

const SECRET_BYTES = 24;
/** What verifiers of such messages allow between the sender's clock and theirs. */
const TOLERANCE_MS = 5 * 60_000;

/** The secret after so many rotations; 0 is the first. */
export function secretAt(seed: number, rotations: number): string {
  const bytes = Buffer.from(randomWord(SECRET_BYTES, seed, STREAM.webhookSecret, rotations), 'latin1');
  return `whsec_${bytes.toString('base64')}`;
}

export interface Signed {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  readonly body: string;
}

/** The value of `svix-signature`: one signature a secret. */
export function signatureOf(secrets: readonly string[], signed: Signed): string {
  return secrets.map((secret) => `v1,${signatureBy(secret, signed)}`).join(' ');
}

/** Whether one of the signatures is this secret's and the time is near one of the `clocks` (milliseconds). */
export function isSignedBy(secret: string, signed: Signed, signature: string, clocks: readonly number[]): boolean {
  const at = Number(signed.timestamp) * 1000;
  if (!clocks.some((now) => Math.abs(now - at) <= TOLERANCE_MS)) return false;
  const expected = signatureBy(secret, signed);
  return signature.split(' ').some((one) => isSameSecret(one.startsWith('v1,') ? one.slice(3) : '', expected));
}

function signatureBy(secret: string, { id, timestamp, body }: Signed): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
}
