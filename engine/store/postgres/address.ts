// Where a PostgreSQL store is, as its URL says it, and what of that may be shown: never a password.
import { RunbookError } from '../../errors.ts';

export interface PostgresAddress {
  /** For the driver. Holds the password where the URL does. */
  readonly url: string;
  /** For messages: user, host and database. */
  readonly shown: string;
  /** Whatever of it must never be printed. */
  readonly passwords: readonly string[];
}

/** Both names are in use. Source: PostgreSQL documentation, 32.1.1.2 Connection URIs. */
export function isPostgresUrl(store: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(store);
}

/** @throws E_STORE_ADDRESS, which repeats nothing of the text: it may be a password that is not encoded. */
export function parseAddress(url: string): PostgresAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // An unencoded '/', '?' or '#' in the password ends the authority too early: the '@' then stands in what follows.
  const isCutShort = parsed !== null && `${parsed.pathname}${parsed.search}${parsed.hash}`.includes('@');
  if (parsed === null || isCutShort || !isPostgresUrl(url)) {
    throw new RunbookError({
      code: 'E_STORE_ADDRESS',
      message: 'The address of the PostgreSQL store cannot be read',
      hint:
        'It is postgres://USER:PASSWORD@HOST:PORT/DATABASE, with the special characters of the password percent-encoded ' +
        '(/ is %2F, # is %23, ? is %3F). The password may also come from PGPASSWORD or ~/.pgpass',
    });
  }
  sayTlsPlainly(parsed);
  const user = parsed.username === '' ? '' : `${parsed.username}@`;
  const inQuery = parsed.searchParams.get('password');
  return {
    url: parsed.href,
    shown: `postgres://${user}${parsed.host}${parsed.pathname}`,
    passwords: [...passwordForms(parsed.password), ...(inQuery === null ? [] : [inQuery])],
  };
}

/** As it is typed and as it is meant. */
function passwordForms(encoded: string): readonly string[] {
  if (encoded === '') return [];
  try {
    return [...new Set([encoded, decodeURIComponent(encoded)])];
  } catch {
    return [encoded];
  }
}

/**
 * The driver checks certificates under `prefer`, `require` and `verify-ca` too, and says at each start that this will change.
 * Here it does not: whoever wants no check says `no-verify`.
 */
function sayTlsPlainly({ searchParams }: URL): void {
  const mode = searchParams.get('sslmode') ?? '';
  if (['prefer', 'require', 'verify-ca'].includes(mode) && !searchParams.has('uselibpqcompat'))
    searchParams.set('sslmode', 'verify-full');
}
