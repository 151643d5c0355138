// Signatures by which a receiver knows that a message is ours and whole.
import { createHmac } from 'node:crypto';
import { PermanentFailure } from '../../../engine/action.ts';

export interface Signature {
  readonly secret: string;
  /** If absent `standard-webhooks`. */
  readonly scheme?: 'standard-webhooks' | 'hmac-sha256';
  /** Of hmac-sha256. */
  readonly header?: string;
}

export interface SignedContent {
  /** The same whenever this message is sent. */
  readonly id: string;
  readonly body: string;
  readonly nowMs: number;
}

const DEFAULT_HEADER = 'X-Signature-256';

/**
 * `standard-webhooks`: the headers webhook-id, webhook-timestamp and webhook-signature, `v1,` and base64 of HMAC-SHA256 over
 * `id.timestamp.body`, the key being base64 after `whsec_` (https://www.standardwebhooks.com, specification 1.0).
 * `hmac-sha256`: one header, `sha256=` and hexadecimal HMAC-SHA256 over the body, as GitHub's webhooks have it.
 * @throws PermanentFailure where the secret is no key of that scheme
 */
export function signatureHeaders(
  { secret, scheme = 'standard-webhooks', header = DEFAULT_HEADER }: Signature,
  { id, body, nowMs }: SignedContent,
): { readonly [name: string]: string } {
  if (scheme === 'hmac-sha256') {
    return { [header]: `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
  }
  const timestamp = String(Math.floor(nowMs / 1000));
  const digest = createHmac('sha256', standardKey(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}

function standardKey(secret: string): Buffer {
  const encoded = secret.replace(/^whsec_/, '');
  const key = Buffer.from(encoded, 'base64');
  const isBase64 = key.toString('base64').replaceAll('=', '') === encoded.replaceAll('=', '');
  if (isBase64 && key.length > 0) return key;
  throw new PermanentFailure(
    'The signing secret is no base64 (after `whsec_`), as Standard Webhooks wants it. With `scheme: hmac-sha256` any text is a secret',
  );
}
