// The first schema: runs, their events, leases and blobs.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { SqlFlavour } from './flavour.ts';

export function initial(flavour: SqlFlavour): Migration {
  const suffix = sql.raw(flavour.tableSuffix);
  const id = sql.raw(`text ${flavour.binaryText}`.trim());
  const up = async (db: Kysely<unknown>): Promise<void> => {
    await db.schema
      .createTable('store')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('schema', 'integer', (column) => column.notNull())
      .addColumn('needs', 'text', (column) => column.notNull())
      .modifyEnd(suffix)
      .execute();
    await db.schema
      .createTable('runs')
      .addColumn('id', id, (column) => column.primaryKey().notNull())
      .addColumn('playbook', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('is_drill', 'integer', (column) => column.notNull().check(sql`is_drill in (0, 1)`))
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('head_seq', 'integer', (column) => column.notNull())
      .addColumn('head_hash', 'text', (column) => column.notNull())
      .addColumn('lease_token', 'integer', (column) => column.notNull())
      .modifyEnd(suffix)
      .execute();
    await db.schema.createIndex('runs_newest').on('runs').columns(['created_at', 'id']).execute();
    await db.schema
      .createTable('events')
      .addColumn('run_id', id, (column) => column.notNull().references('runs.id'))
      .addColumn('seq', 'integer', (column) => column.notNull())
      .addColumn('at', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('v', 'integer', (column) => column.notNull())
      .addColumn('step', 'text')
      .addColumn('data', 'text', (column) => column.notNull())
      .addColumn('salt', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('events_key', ['run_id', 'seq'])
      .modifyEnd(suffix)
      .execute();
    await db.schema
      .createTable('leases')
      .addColumn('run_id', id, (column) => column.primaryKey().notNull().references('runs.id'))
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('token', 'integer', (column) => column.notNull())
      .addColumn('operator', 'text', (column) => column.notNull())
      .addColumn('host', 'text', (column) => column.notNull())
      .addColumn('pid', 'integer', (column) => column.notNull())
      .addColumn('process_start', 'text')
      .addColumn('boot_id', 'text')
      .addColumn('pid_namespace', 'text')
      .addColumn('acquired_at', 'text', (column) => column.notNull())
      .addColumn('renewed_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .modifyEnd(suffix)
      .execute();
    await db.schema
      .createTable('blobs')
      .addColumn('run_id', id, (column) => column.notNull().references('runs.id'))
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('part', 'integer', (column) => column.notNull())
      .addColumn('salt', 'text')
      .addColumn('data', sql.raw(flavour.bytesType), (column) => column.notNull())
      .addPrimaryKeyConstraint('blobs_key', ['run_id', 'digest', 'part'])
      .modifyEnd(suffix)
      .execute();
  };
  return { up };
}
