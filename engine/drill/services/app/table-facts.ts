// How far the app's table is from Clerk's users: every row against the world. Asked for when the facts are, and counted
// again only where the table or the users changed since.

import { isJsonObject } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import * as view from '../../state/view.ts';
import type { TableFacts } from '../facts.ts';
import type { AppTable, StoredRow } from './table.ts';
import { rowOf } from './table-plan.ts';

/** Mutations of users' own data start with one of these. */
const ABOUT_USERS = /^(user|credential)\./;

export interface TableReading {
  readonly table: TableFacts;
  /** How many of these rows are wrong although no message is under way that mends them. */
  readonly wrong: number;
}

export function createTableFacts(context: WorldContext, table: AppTable): () => TableReading {
  let changes = 0;
  context.onCommit(({ type }) => {
    if (ABOUT_USERS.test(type)) changes += 1;
  });
  let known: { readonly version: string; readonly reading: TableReading } | undefined;
  return () => {
    const { pending, counts } = context.state.services.webhooks;
    const version = `${changes}/${table.version()}/${pending.size}/${counts.created}`;
    if (known?.version !== version) known = { version, reading: compare(context, table) };
    return known.reading;
  };
}

function compare(world: WorldContext, table: AppTable): TableReading {
  const waiting = usersUnderWay(world);
  let [matched, stale, orphans, late] = [0, 0, 0, 0];
  for (const row of table.rows()) {
    if (row.deleted_at !== null) continue;
    const user = view.findUser(world, row.clerk_id);
    const isRight = user !== undefined && !differs(row, rowOf(world, user));
    if (user === undefined) orphans += 1;
    else {
      matched += 1;
      if (!isRight) stale += 1;
    }
    if (waiting.delete(row.clerk_id) && !isRight) late += 1;
  }
  // Those that are left have no row yet; who is gone from Clerk needs none.
  for (const id of waiting) if (view.findUser(world, id) !== undefined) late += 1;
  const missing = view.countUsers(world) - matched;
  return { table: { missing, stale, orphans }, wrong: missing + stale + orphans - late };
}

/** Ids of users whom a message is about that the sender still brings. */
function usersUnderWay({ state }: WorldContext): Set<string> {
  const { pending, messages } = state.services.webhooks;
  const ids = new Set<string>();
  for (const id of pending) {
    const message = messages.get(id);
    if (message === undefined || !message.event.startsWith('user.')) continue;
    const event: unknown = JSON.parse(message.body);
    const data: unknown = isJsonObject(event) ? event.data : undefined;
    if (isJsonObject(data) && typeof data.id === 'string') ids.add(data.id);
  }
  return ids;
}

/** By what it says, not by its time: what moves Clerk's `updated_at` is silent. */
function differs(row: StoredRow, right: ReturnType<typeof rowOf>): boolean {
  return row.email !== right.email || row.first_name !== right.first_name || row.last_name !== right.last_name;
}
