// What a mysql:// or mariadb:// URL says, read here and not by the driver: it would take any of its options from the query.
import { readFileSync } from 'node:fs';
import type { SslOptions } from 'mysql2';
import { RunbookError } from '../../errors.ts';
import { decoded } from '../address.ts';

export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Of a socket file, in the place of host and port. */
  readonly socketPath?: string;
  readonly ssl?: SslOptions;
}

export const USUAL_PORT = 3306;

/** @throws E_DB_URL */
export function readMysqlUrl(url: URL): MysqlAddress {
  const socketPath = url.searchParams.get('socket') ?? url.searchParams.get('socketPath');
  const ssl = sslOf(url.searchParams);
  return {
    host: url.hostname === '' ? 'localhost' : decoded(url.hostname).replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? USUAL_PORT : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    ...(socketPath === null ? {} : { socketPath }),
    ...(ssl === undefined ? {} : { ssl }),
  };
}

const VERIFIED: SslOptions = { rejectUnauthorized: true, verifyIdentity: true };
const UNVERIFIED: SslOptions = { rejectUnauthorized: false };
const WORDS: { readonly [word: string]: SslOptions | undefined } = {
  true: VERIFIED,
  '1': VERIFIED,
  false: undefined,
  '0': undefined,
  disable: undefined,
  disabled: undefined,
  // Whoever wants no check says so, as with PostgreSQL here.
  prefer: VERIFIED,
  preferred: VERIFIED,
  require: VERIFIED,
  required: VERIFIED,
  'verify-ca': VERIFIED,
  verify_ca: VERIFIED,
  'verify-full': VERIFIED,
  verify_identity: VERIFIED,
  'no-verify': UNVERIFIED,
  // Prisma's `sslaccept`.
  strict: VERIFIED,
  accept_invalid_certs: UNVERIFIED,
};

/** `ssl`, `sslmode` or `ssl-mode`, Prisma's `sslaccept`; `sslrootcert`, `ssl-ca` or Prisma's `sslcert` name the authority. */
function sslOf(query: URLSearchParams): SslOptions | undefined {
  const caFile = first(query, ['sslrootcert', 'ssl-ca', 'sslcert']);
  const said = first(query, ['sslmode', 'ssl-mode', 'sslaccept', 'ssl']);
  if (said === undefined) return caFile === undefined ? undefined : { ...VERIFIED, ca: readCa(caFile) };
  const word = said.toLowerCase();
  const ssl = Object.hasOwn(WORDS, word) ? WORDS[word] : jsonForm(said);
  return ssl === undefined || caFile === undefined ? ssl : { ...ssl, ca: readCa(caFile) };
}

/** `ssl={"rejectUnauthorized":true}`, as hosted services print it. */
function jsonForm(said: string): SslOptions {
  try {
    const value: unknown = JSON.parse(said);
    if (typeof value === 'object' && value !== null)
      return 'rejectUnauthorized' in value && value.rejectUnauthorized === false ? UNVERIFIED : VERIFIED;
  } catch {
    // Said below, for both.
  }
  throw new RunbookError({
    code: 'E_DB_URL',
    message: 'The URL of the database says of TLS what is not known here',
    hint: 'sslmode=verify-full checks the server, sslmode=no-verify does not, sslmode=disable does without TLS',
  });
}

function first(query: URLSearchParams, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = query.get(name);
    if (value !== null && value !== '') return value;
  }
  return undefined;
}

function readCa(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_DB_TLS',
      message: `The certificate file ${path}, which the URL of the database names, cannot be read`,
      hint: 'Correct its path: a PEM file with the authority that signed the certificate of the server',
      cause,
    });
  }
}
