// What PostgreSQL and its driver say, in the product's words. Whenever one of these is thrown, nothing was written,
// except where the message says that this is not known.
import pg from 'pg';
import { messageOf, RunbookError } from '../../errors.ts';

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly hint: string;
}

const BUSY_HINT =
  'Nothing was written. Try again; if it lasts, look for what holds the locks (pg_stat_activity, pg_locks)';
const GRANT_HINT =
  'The role needs USAGE on the schema runbook and SELECT, INSERT, UPDATE and DELETE on its tables; to make or upgrade them, CREATE on the database';

const UNREACHABLE: Meaning = {
  code: 'E_STORE_UNREACHABLE',
  what: 'cannot be reached',
  hint: 'Look at the network, the address and whether the server runs. What was stored is safe there: go on with runbook resume',
};

const LOGIN: Meaning = {
  code: 'E_STORE_UNREADABLE',
  what: 'refuses this user or password',
  hint: 'The password comes from the address, PGPASSWORD or ~/.pgpass',
};

const UNTRUSTED: Meaning = {
  code: 'E_STORE_UNREADABLE',
  what: 'shows a certificate that is not trusted',
  hint: '?sslrootcert=FILE in the address names the authority that signed it; ?sslmode=no-verify takes any, and so any server',
};

/** Of Node: https://nodejs.org/api/tls.html#x509-certificate-error-codes and ERR_TLS_CERT_ALTNAME_INVALID. */
const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/;

/** By SQLSTATE. Source: PostgreSQL documentation, appendix A. */
const MEANINGS: { readonly [state: string]: Meaning } = {
  '53100': {
    code: 'E_STORE_FULL',
    what: "cannot grow: the server's disk is full",
    hint: 'Nothing was written and nothing is lost. Free some space there, then runbook resume',
  },
  '25006': {
    code: 'E_STORE_READONLY',
    what: 'is read-only',
    hint: 'Nothing was written. Name the primary server, not a standby of it, or a role that may write',
  },
  '42501': { code: 'E_STORE_READONLY', what: 'gives this role too few rights', hint: GRANT_HINT },
  '55P03': { code: 'E_STORE_BUSY', what: 'is locked by another process', hint: BUSY_HINT },
  '57014': { code: 'E_STORE_BUSY', what: 'took too long to answer', hint: BUSY_HINT },
  '40P01': { code: 'E_STORE_BUSY', what: 'is locked by another process', hint: BUSY_HINT },
  '40001': { code: 'E_STORE_BUSY', what: 'is locked by another process', hint: BUSY_HINT },
  '53300': {
    code: 'E_STORE_BUSY',
    what: 'has no connection left to give',
    hint: 'Try again, or raise max_connections of the server',
  },
  XX001: {
    code: 'E_STORE_CORRUPT',
    what: 'is damaged',
    hint: 'Keep a copy of the database as it is, then restore it from a backup or an export',
  },
  XX002: {
    code: 'E_STORE_CORRUPT',
    what: 'has a damaged index',
    hint: 'Keep a copy of the database as it is, then REINDEX, and runbook verify --all',
  },
  '58030': {
    code: 'E_STORE_IO',
    what: "cannot be read or written: the server's disk reports an error",
    hint: 'Nothing was written. Look at the log of the server, then runbook resume',
  },
  '28P01': LOGIN,
  '28000': {
    code: 'E_STORE_UNREADABLE',
    what: 'lets this user not in from here',
    hint: 'Look at pg_hba.conf of the server, and whether it demands TLS (?sslmode=verify-full)',
  },
  '3D000': {
    code: 'E_STORE_MISSING',
    what: 'does not exist: the server has no such database',
    hint: 'Correct its name, or make it: createdb NAME. runbook makes its own schema inside',
  },
  '08': UNREACHABLE,
  '57P01': UNREACHABLE,
  '57P02': UNREACHABLE,
  '57P03': { ...UNREACHABLE, what: 'is starting up or shutting down' },
  '25P03': UNREACHABLE,
  '25P04': UNREACHABLE,
  '57P05': UNREACHABLE,
};

/** The server ended or refused the session, rather than the statement. */
const LOST_STATES: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300']);
/** The server took the transaction back so that others could go on. */
const RETRIED_STATES: ReadonlySet<string> = new Set(['40P01', '40001']);

/** Thrown in the place of whatever the driver throws that the server did not say. */
export class ConnectionFailure extends Error {
  readonly meaning: Meaning;

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'ConnectionFailure';
    const code = String((cause as { readonly code?: unknown } | null)?.code ?? '');
    // SASL: the driver itself gives up the log-in, for want of a password.
    this.meaning = this.message.startsWith('SASL') ? LOGIN : CERTIFICATE.test(code) ? UNTRUSTED : UNREACHABLE;
  }
}

/** @param thrown of the driver. */
export function driverError(thrown: unknown): Error {
  return thrown instanceof pg.DatabaseError ? thrown : new ConnectionFailure(thrown);
}

/** Whether the session is over, so that only another connection can tell what became of its transaction. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ConnectionFailure) return true;
  if (!(error instanceof pg.DatabaseError)) return false;
  return LOST_STATES.has(error.code ?? '') || error.code?.startsWith('08') === true;
}

/** Whether the same work may well succeed when it is done again from its start. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionFailure) return error.meaning === UNREACHABLE;
  return isConnectionLost(error) || (error instanceof pg.DatabaseError && RETRIED_STATES.has(error.code ?? ''));
}

/** Whether the database itself failed, rather than refused what it was asked. */
export function isDatabaseFailure(error: unknown): boolean {
  return error instanceof pg.DatabaseError || error instanceof ConnectionFailure;
}

/**
 * @param shown the store's address without a password.
 * @returns the error to throw instead; what is not the database's comes back as it is.
 */
export function storeError(thrown: unknown, shown: string): unknown {
  if (thrown instanceof ConnectionFailure) return wrapped(thrown.meaning, shown, thrown.message, thrown);
  if (!(thrown instanceof pg.DatabaseError)) return thrown;
  const state = thrown.code ?? '';
  const meaning = MEANINGS[state] ?? MEANINGS[state.slice(0, 2)];
  return wrapped(meaning, shown, `${state}: ${thrown.message}`, thrown);
}

function wrapped(meaning: Meaning | undefined, shown: string, detail: string, cause: unknown): RunbookError {
  return new RunbookError({
    code: meaning?.code ?? 'E_STORE',
    message: `The store ${shown} ${meaning?.what ?? 'refused'} (${detail})`,
    hint: meaning?.hint,
    cause,
  });
}
