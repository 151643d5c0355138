// Which database a URL names, and what of the URL may be shown: never a user's name or a password. Pure.
import { isAbsolute, resolve } from 'node:path';
import { RunbookError } from '../errors.ts';

export type DatabaseAddress =
  | { readonly dialect: 'postgres'; readonly url: URL; readonly passwords: readonly string[] }
  | { readonly dialect: 'mysql'; readonly url: URL; readonly passwords: readonly string[] }
  | { readonly dialect: 'sqlite'; readonly file: string; readonly passwords: readonly [] };

const FORMS =
  'postgres://USER:PASSWORD@HOST/DATABASE, mysql://…, mariadb://…, sqlite:PATH or file:PATH, with the special characters of ' +
  'the password percent-encoded (@ is %40, / is %2F, # is %23, ? is %3F)';

/** PostgreSQL documentation, 32.1.1.2; MySQL 8.4 Reference Manual, 4.2.5; `mariadb:` as its own connectors write it. */
const SERVERS: { readonly [scheme: string]: 'postgres' | 'mysql' } = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
};

/**
 * @param root what a relative path of a SQLite file is relative to.
 * @throws E_DB_URL, which repeats nothing of the text but its scheme: the rest may be a password that is not encoded.
 */
export function parseDatabaseUrl(text: string, root: string): DatabaseAddress {
  const trimmed = text.trim();
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*:)/.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme === 'sqlite:' || scheme === 'file:') return sqliteAddress(trimmed.slice(scheme.length), root);
  const dialect = scheme === undefined ? undefined : SERVERS[scheme];
  if (dialect === undefined) {
    const isKnownForm = scheme !== undefined && trimmed.startsWith('//', scheme.length);
    throw notUsable(
      isKnownForm ? `has the scheme \`${scheme?.slice(0, -1)}\`, which is not spoken here` : 'is no URL of a database',
    );
  }
  const url = URL.parse(trimmed);
  // An unencoded '/', '?' or '#' in the password ends the authority too early: the '@' then stands in what follows.
  if (url === null || `${url.pathname}${url.search}${url.hash}`.includes('@')) throw notUsable('cannot be read');
  if (dialect === 'mysql' && url.pathname.length < 2) throw notUsable('names no database');
  const inQuery = url.searchParams.get('password');
  return { dialect, url, passwords: [...passwordForms(url.password), ...(inQuery === null ? [] : [inQuery])] };
}

/** `sqlite:/a`, `sqlite:a`, `sqlite:///a`; Prisma's `file:./a?connection_limit=1`. */
function sqliteAddress(rest: string, root: string): DatabaseAddress {
  const path = rest.replace(/^\/\/(?=\/)/, '').replace(/\?[\w-]+=.*$/, '');
  if (path === '' || path.startsWith('//')) throw notUsable('names no file');
  if (path === ':memory:') throw notUsable('names a database in memory, which no other program can see');
  return { dialect: 'sqlite', file: isAbsolute(path) ? path : resolve(root, path), passwords: [] };
}

/** What of a URL must never be printed, whether or not it can be used. */
export function passwordsIn(text: string): readonly string[] {
  try {
    return parseDatabaseUrl(text, '.').passwords;
  } catch {
    return [];
  }
}

/** As it is typed and as it is meant. */
function passwordForms(encoded: string): readonly string[] {
  return encoded === '' ? [] : [...new Set([encoded, decoded(encoded)])];
}

/** What is not percent-encoded properly is taken as it stands. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function notUsable(why: string): RunbookError {
  return new RunbookError({ code: 'E_DB_URL', message: `The URL of the database ${why}`, hint: `It is ${FORMS}` });
}

/** `host:port/database`, the port only where it is another than usual. */
export function serverName(host: string, port: number, usualPort: number, database: string): string {
  return `${host.includes(':') && !host.startsWith('/') ? `[${host}]` : host}${port === usualPort ? '' : `:${port}`}/${database}`;
}
