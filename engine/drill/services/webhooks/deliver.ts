// One attempt to deliver a message, over real HTTP. node:http, so that no wrapped fetch is asked: the sender is not part of
// any run.
import { request } from 'node:http';
import { ANSWER_TIMEOUT_MS } from './schedule.ts';
import { type Signed, signatureOf } from './secret.ts';

export interface Delivery {
  /** 0 where there was no answer in time. */
  readonly status: number;
  readonly durationMs: number;
}

export interface DeliverOptions {
  readonly url: string;
  readonly signed: Signed;
  readonly secrets: readonly string[];
  /** The drill's clock: an answer that took longer than the sender waits counts as none. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Redirects are not followed: a 3xx is a failure. */
export function deliver({ url, signed, secrets, now, signal }: DeliverOptions): Promise<Delivery> {
  const startedAt = now();
  return new Promise((resolve) => {
    const finish = (status: number): void => {
      const durationMs = Math.max(0, now() - startedAt);
      resolve({ status: durationMs > ANSWER_TIMEOUT_MS ? 0 : status, durationMs });
    };
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(signed.body),
          'User-Agent': 'Svix-Webhooks (drill)',
          'svix-id': signed.id,
          'svix-timestamp': signed.timestamp,
          'svix-signature': signatureOf(secrets, signed),
        },
        // Of the machine's clock: the world's may run faster, and then `finish` decides.
        timeout: ANSWER_TIMEOUT_MS,
        signal,
      },
      (response) => {
        response.resume();
        response.once('end', () => finish(response.statusCode ?? 0));
        response.once('error', () => finish(0));
      },
    );
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => finish(0));
    outgoing.end(signed.body);
  });
}
