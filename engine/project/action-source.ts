// What the text of an action's file tells without running it: which names it may define, and what it imports that passes
// by the gate. Pure. A scan, not a parser: what it finds too much of costs a load or a warning, and what an import hides
// from it is seen when the module is resolved (cli/action-hooks.ts).

/** `family.verb-object`; a family of one action may do without the second part. */
const ACTION_NAME = String.raw`[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*`;
const IS_ACTION_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+$/;
const DEFINED = new RegExp(String.raw`\bname['"]?\s*:\s*(['"\`])(${ACTION_NAME})\1`, 'g');

export function isActionName(name: string): boolean {
  return IS_ACTION_NAME.test(name);
}

/** Names of actions that the file may define; empty where only running it can tell. */
export function definedNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(DEFINED)].map((match) => match[2] ?? ''))];
}

/** A file without a default export is a helper of others. */
export function mayBeAction(text: string): boolean {
  return /\bexport\s+default\b|\bas\s+default\b|\bexport\s*\{\s*default\b/.test(text);
}

/** Modules of Node that start processes, open sockets or databases, or run code where the gate does not reach. */
const NODE_MODULES = new Set([
  'child_process',
  'cluster',
  'dgram',
  'http',
  'http2',
  'https',
  'net',
  'sqlite',
  'tls',
  'worker_threads',
]);

/** Packages that do not go through the global fetch: HTTP clients of their own, database and mail drivers, processes. */
const PACKAGES = new Set([
  'axios',
  'better-sqlite3',
  'cassandra-driver',
  'cross-spawn',
  'drizzle-orm',
  'execa',
  'got',
  'ioredis',
  'knex',
  'kysely',
  'mariadb',
  'mongodb',
  'mongoose',
  'mssql',
  'mysql',
  'mysql2',
  'needle',
  'node-fetch',
  'nodemailer',
  'oracledb',
  'pg',
  'postgres',
  'redis',
  'request',
  'sequelize',
  'shelljs',
  'sqlite3',
  'ssh2',
  'superagent',
  'tedious',
  'typeorm',
  'undici',
  'ws',
  'zx',
  '@prisma/client',
  '@clickhouse/client',
]);

/** What passes by the gate, named as it is imported; undefined for everything else. */
export function bypassOf(specifier: string): string | undefined {
  const bare = specifier.replace(/^node:/, '');
  const [first = '', second = ''] = bare.split('/');
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  if (NODE_MODULES.has(first)) return `node:${first}`;
  return !specifier.startsWith('node:') && PACKAGES.has(name) ? name : undefined;
}

/** `import type` is gone before anything runs. */
const STATIC = /(?:^|[;\n])[ \t]*(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s*)?(['"])([^'"\n]+)\1/g;
const CALLED = /\b(?:import|require|getBuiltinModule)\s*\(\s*(?:\/\*[\s\S]*?\*\/\s*)?(['"`])([^'"`\n]+)\1/g;
/** Ways to native code or to a module whose name stands nowhere. A call with a plain name is told by that name instead. */
const HIDDEN = /\bprocess\s*\.\s*(binding|dlopen)\b|\b(getBuiltinModule)\b(?!\s*\(\s*(['"`])[^'"`$\n]+\3\s*\))/g;
const COMMENT_LINE = /^[ \t]*(?:\/\/|\*|\/\*).*$/gm;

/** What a file imports or requires by name, or may load by none, that passes by the gate, sorted; lines that are comments do not count. */
export function bypassesIn(text: string): readonly string[] {
  const code = text.replace(COMMENT_LINE, '');
  const specifiers = [STATIC, CALLED].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[2] ?? ''));
  const hidden = [...code.matchAll(HIDDEN)].map((match) => `process.${match[1] ?? match[2] ?? ''}`);
  return [...new Set([...specifiers.flatMap((specifier) => bypassOf(specifier) ?? []), ...hidden])].sort();
}
