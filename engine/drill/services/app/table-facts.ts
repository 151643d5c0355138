// How far the app's table is from Clerk's users: every row against the world. Asked for when the facts are, and counted
// again only where the table or the users changed since.
import type { WorldContext } from '../../context.ts';
import * as view from '../../state/view.ts';
import type { TableFacts } from '../facts.ts';
import type { AppTable, StoredRow } from './table.ts';
import { rowOf } from './table-plan.ts';

/** Mutations of users' own data start with one of these. */
const ABOUT_USERS = /^(user|credential)\./;

export function createTableFacts(context: WorldContext, table: AppTable): () => TableFacts {
  let changes = 0;
  context.onCommit(({ type }) => {
    if (ABOUT_USERS.test(type)) changes += 1;
  });
  let known: { readonly version: string; readonly facts: TableFacts } | undefined;
  return () => {
    const version = `${changes}/${table.version()}`;
    if (known?.version !== version) known = { version, facts: compare(context, table) };
    return known.facts;
  };
}

function compare(world: WorldContext, table: AppTable): TableFacts {
  let [matched, stale, orphans] = [0, 0, 0];
  for (const row of table.rows()) {
    if (row.deleted_at !== null) continue;
    const user = view.findUser(world, row.clerk_id);
    if (user === undefined) orphans += 1;
    else {
      matched += 1;
      if (differs(row, rowOf(world, user))) stale += 1;
    }
  }
  return { missing: view.countUsers(world) - matched, stale, orphans };
}

/** By what it says, not by its time: what moves Clerk's `updated_at` is silent. */
function differs(row: StoredRow, right: ReturnType<typeof rowOf>): boolean {
  return row.email !== right.email || row.first_name !== right.first_name || row.last_name !== right.last_name;
}
