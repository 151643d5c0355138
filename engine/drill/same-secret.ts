import { timingSafeEqual } from 'node:crypto';

/** Whether a text is the secret that was wanted, in a time that does not tell how much of it fits. */
export function isSameSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
