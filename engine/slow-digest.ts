// A digest of what may hold a secret: it tells two values apart, and is slow to guess from where it is stored.
import { scrypt } from 'node:crypto';
import { canonicalJson, type Json } from './json.ts';

const BYTES = 16;

/** Hexadecimal, equal for equal values under one salt. Takes tens of milliseconds, off the main thread (scrypt, RFC 7914). */
export function slowDigest(value: Json, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(canonicalJson(value), salt, BYTES, (error, key) => (error ? reject(error) : resolve(key.toString('hex'))));
  });
}
