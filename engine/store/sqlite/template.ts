// A statement that Kysely compiles once and that is then bound by name: for the few that run at every append.
import type Database from 'better-sqlite3';
import type { Compilable } from 'kysely';
import type { SqliteConnection } from './connection.ts';

/**
 * @param build gets a value whose every property stands for a parameter of that name.
 * @returns the prepared statement and the names in the order they are bound.
 */
export function prepareTemplate<P extends object>(
  connection: SqliteConnection,
  names: readonly (keyof P & string)[],
  build: (parameters: P) => Compilable<unknown>,
): { readonly statement: Database.Statement; readonly bind: (values: P) => P[keyof P & string][] } {
  const markers = Object.fromEntries(names.map((name) => [name, `\0${name}`]));
  // Safe: the builder only passes the values on; Kysely never looks into a parameter.
  const { sql, parameters } = build(markers as unknown as P).compile();
  const order = parameters.map((parameter) => {
    const name = names.find((candidate) => parameter === `\0${candidate}`);
    if (name === undefined) throw new TypeError(`Not a template parameter: ${String(parameter)}`);
    return name;
  });
  return { statement: connection.handle.prepare(sql), bind: (values: P) => order.map((name) => values[name]) };
}
