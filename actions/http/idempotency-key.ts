// Idempotency keys: by one a server knows a request that it has already taken.
// IETF draft-ietf-httpapi-idempotency-key-header: a header `Idempotency-Key`, a value unique to the operation.
import { createHash } from 'node:crypto';
import type { ActionContext } from '../../engine/action.ts';
import type { PreparedRequest } from './prepare.ts';

export const DEFAULT_KEY_HEADER = 'Idempotency-Key';

/**
 * Of this request of this step in this run, the same in each attempt. Another in each round of `until`, after an undo, and where
 * somebody edited what is sent: by the same key a server would answer without doing it. In the form of a UUID (RFC 9562,
 * version 8), which servers take.
 */
export function stepIdempotencyKey(
  run: Pick<ActionContext['run'], 'id' | 'step' | 'round' | 'redo'>,
  { method, url, body }: Pick<PreparedRequest, 'method' | 'url' | 'body'>,
): string {
  const hex = createHash('sha256')
    .update(JSON.stringify(['http.request', run.id, run.step, run.round, run.redo, method, url, body ?? null]))
    .digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}
