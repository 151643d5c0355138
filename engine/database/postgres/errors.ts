// What PostgreSQL and its driver say, by SQLSTATE. Source: PostgreSQL documentation, appendix A.
import pg from 'pg';
import { messageOf } from '../../errors.ts';
import {
  BUSY,
  CONSTRAINT,
  DatabaseFailure,
  FULL,
  LOGIN,
  LOST,
  type Meaning,
  MISSING,
  NO_RIGHT,
  READONLY,
  REFUSED,
  TIMEOUT,
  UNREACHABLE,
  UNTRUSTED,
} from '../errors.ts';

const MEANINGS: { readonly [state: string]: Meaning } = {
  '25006': READONLY,
  '57014': TIMEOUT,
  '55P03': BUSY,
  '40P01': BUSY,
  '40001': BUSY,
  '53300': FULL,
  '28P01': LOGIN,
  '28000': {
    ...LOGIN,
    what: 'lets this user not in from here',
    hint: 'Look at pg_hba.conf of the server, and whether it demands TLS (?sslmode=verify-full)',
  },
  '3D000': MISSING,
  '42501': NO_RIGHT,
  '23': CONSTRAINT,
  '22': CONSTRAINT,
  '08': LOST,
  '57P01': LOST,
  '57P02': LOST,
  '57P03': { ...UNREACHABLE, what: 'is starting up or shutting down' },
  '57P05': LOST,
  '25P03': LOST,
  '25P04': LOST,
};

/** Of Node: https://nodejs.org/api/tls.html#x509-certificate-error-codes and ERR_TLS_CERT_ALTNAME_INVALID. */
export const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|ERR_SSL/;

/** @param isConnected false while it connects: nothing was asked of it yet. */
export function explainPostgres(thrown: unknown, name: string, isConnected: boolean): unknown {
  if (thrown instanceof DatabaseFailure || !(thrown instanceof Error)) return thrown;
  if (thrown instanceof pg.DatabaseError) {
    const state = thrown.code ?? '';
    const meaning = MEANINGS[state] ?? MEANINGS[state.slice(0, 2)] ?? REFUSED;
    return new DatabaseFailure(meaning, { name, detail: `${state}: ${thrown.message}`, cause: thrown });
  }
  const meaning = driverMeaning(thrown, isConnected);
  return meaning === undefined
    ? thrown
    : new DatabaseFailure(meaning, { name, detail: messageOf(thrown), cause: thrown });
}

/** What the server did not say: the driver, the network, or whoever calls. */
function driverMeaning(thrown: Error, isConnected: boolean): Meaning | undefined {
  const code = String('code' in thrown ? thrown.code : '');
  if (thrown.message === 'Query read timeout') return { ...TIMEOUT, isLost: true };
  // The driver gives up the log-in by itself, for want of a password.
  if (thrown.message.startsWith('SASL')) return LOGIN;
  if (CERTIFICATE.test(code) || /does not support SSL/.test(thrown.message)) return UNTRUSTED;
  if (!isConnected) return UNREACHABLE;
  const isNetwork =
    /^(E[A-Z]{3,}|ERR_STREAM|ERR_SOCKET)/.test(code) ||
    /[Cc]onnection (terminated|ended)|not queryable|Client was closed/.test(thrown.message);
  return isNetwork ? LOST : undefined;
}

export const CERTIFICATE_FILE: Meaning = {
  code: 'E_DB_TLS',
  what: 'cannot be reached: a certificate that its URL names cannot be read, or the URL itself cannot',
  hint: 'Correct sslrootcert, sslcert and sslkey of the URL: paths of PEM files',
};
