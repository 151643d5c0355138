// What databases and their drivers say, in the product's words. The tables by code are the dialects'; this is what they share.
import { RunbookError } from '../errors.ts';

export interface Meaning {
  readonly code: string;
  /** After `The database NAME `. */
  readonly what: string;
  readonly hint?: string;
  /** The session is gone: whether its last statement happened is not known. */
  readonly isLost?: true;
}

export const UNREACHABLE: Meaning = {
  code: 'E_DB_UNREACHABLE',
  what: 'cannot be reached',
  hint: 'Look at the network, the address and whether the server runs, then resume',
};
/** The server answers, and has as many connections as it takes. */
export const FULL: Meaning = { ...UNREACHABLE, what: 'has no connection left to give' };
export const MISSING: Meaning = {
  code: 'E_DB_MISSING',
  what: 'does not exist: the server has no such database',
  hint: 'Correct its name in the secret',
};
export const LOST: Meaning = {
  code: 'E_DB_UNREACHABLE',
  what: 'ended the connection',
  hint: 'Look at the network and at the log of the server, then resume',
  isLost: true,
};
export const LOGIN: Meaning = {
  code: 'E_DB_LOGIN',
  what: 'refuses this user or password',
  hint: 'Correct the secret that holds its URL (special characters percent-encoded: @ is %40, / is %2F), then resume',
};
export const UNTRUSTED: Meaning = {
  code: 'E_DB_TLS',
  what: 'shows a certificate that is not trusted, or speaks no TLS',
  hint: 'Name the authority that signed it with ?sslrootcert=FILE; ?sslmode=no-verify takes any, and so any server',
};
export const READONLY: Meaning = {
  code: 'E_DB_READONLY',
  what: 'refused a write: this transaction only reads',
  hint: 'Effects go inside ctx.change, by db.write',
};
export const NO_RIGHT: Meaning = {
  code: 'E_DB_RIGHTS',
  what: 'gives this user too few rights',
  hint: 'Grant what the statement needs, or name another user in the secret',
};
export const TIMEOUT: Meaning = {
  code: 'E_DB_TIMEOUT',
  what: 'took too long to answer',
  hint: 'Look for a missing index and for what holds locks there',
};
export const BUSY: Meaning = {
  code: 'E_DB_BUSY',
  what: 'is locked by somebody else',
  hint: 'Nothing was written. Try again; if it lasts, look for what holds the locks',
};
export const CONSTRAINT: Meaning = { code: 'E_DB_CONSTRAINT', what: 'refused a value' };
export const REFUSED: Meaning = { code: 'E_DB_STATEMENT', what: 'refused a statement' };

/** A failure of the database, or of the way to it. */
export class DatabaseFailure extends RunbookError {
  /** True where what was sent last may have happened. */
  readonly isLost: boolean;
  /** True where something of a transaction stays although it was rolled back. */
  readonly isPartly: boolean;

  constructor(
    meaning: Meaning,
    {
      name,
      detail,
      cause,
      isPartly = false,
    }: { readonly name: string; readonly detail?: string; readonly cause?: unknown; readonly isPartly?: boolean },
  ) {
    super({
      code: meaning.code,
      message: `The database ${name} ${meaning.what}${detail === undefined ? '' : ` (${detail})`}`,
      hint: meaning.hint,
      cause,
    });
    this.name = 'DatabaseFailure';
    this.isLost = meaning.isLost === true;
    this.isPartly = isPartly;
  }
}
