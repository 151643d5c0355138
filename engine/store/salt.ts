// Fresh salts, drawn from the system's generator many at a time: one call for each was a fifth of an append's time.
import { randomFillSync } from 'node:crypto';
import { SALT_BYTES } from './chain.ts';

const POOL_SALTS = 256;

export type SaltSource = () => string;

/** @returns a function that gives 16 random bytes, as hex, never the same twice. */
export function createSaltSource(): SaltSource {
  const pool = Buffer.alloc(POOL_SALTS * SALT_BYTES);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    const salt = pool.toString('hex', next, next + SALT_BYTES);
    next += SALT_BYTES;
    return salt;
  };
}
