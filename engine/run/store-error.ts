// Errors after which nothing more can be recorded.
import { RunbookError } from '../errors.ts';

/** The store or the lease is gone: nothing more can be recorded. A value that is no JSON is the step's own fault. */
export function isStoreError(thrown: unknown): boolean {
  if (!(thrown instanceof RunbookError) || thrown.code === 'E_STORE_NOT_JSON') return false;
  return thrown.code.startsWith('E_STORE') || thrown.code === 'E_LEASE_LOST';
}
