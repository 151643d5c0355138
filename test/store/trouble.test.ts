// What the machine does to a store: the database's own errors, as it gives them, and what is left afterwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkRun, isWhole, storedRun } from '../../engine/store/check-run.ts';
import type { Store } from '../../engine/store/journal.ts';
import { SqliteConnection } from '../../engine/store/sqlite/connection.ts';
import { SqliteJournal } from '../../engine/store/sqlite/journal.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { collect, contentOf, fill, said } from './archive-support.ts';
import { RUN, readAll, silentRedactor, textOf } from './support.ts';

let folder: string;
let file: string;
let store: Store;
let limit: (pragma: string) => void;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-trouble-'));
  file = join(folder, 'runs.db');
  await (await openSqliteJournal({ file, redactor: silentRedactor })).close();
  const handle = new Database(file);
  handle.pragma('secure_delete = ON');
  limit = (pragma) => void handle.pragma(pragma);
  now = Date.now();
  const connection = new SqliteConnection(file, handle);
  store = new SqliteJournal({ connection, redactor: silentRedactor, clock: { now: () => now } });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const whole = async (): Promise<boolean> => isWhole(await checkRun(await storedRun(store, RUN.id)));

describe('a disk that is full', () => {
  test('refuses what does not fit, says what to do, and keeps what was there', async () => {
    const { fence } = await fill(store, { evidence: Buffer.from('small') });
    limit('max_page_count = 40');
    const full = {
      code: 'E_STORE_FULL',
      message: expect.stringContaining(file),
      hint: expect.stringContaining('resume'),
    };
    const drafts = [said('x'.repeat(500_000))];
    await expect(store.append({ runId: RUN.id, since: 5, fence, drafts })).rejects.toMatchObject(full);
    await expect(store.putBlob(RUN.id, Buffer.alloc(1_000_000))).rejects.toMatchObject(full);
    expect((await readAll(store)).map(textOf)).toHaveLength(5);
    expect(await whole()).toBe(true);
    limit('max_page_count = 100000');
    await store.append({ runId: RUN.id, since: 5, fence, drafts });
    expect(await whole()).toBe(true);
  });

  test('takes no half of an imported run', async () => {
    await fill(store);
    const [row] = await store.runs();
    const [events, parts] = [await collect(store.rows(RUN.id)), await collect(store.blobParts(RUN.id))];
    if (!row) throw new Error('there is no run');
    const other = { ...row, id: 'run_2' };
    limit(`max_page_count = 700`);
    const content = () =>
      contentOf(
        events.map((event) => ({ ...event, runId: 'run_2' })),
        parts,
      );
    await expect(store.restore(other, content)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect((await store.runs()).map(({ id }) => id)).toEqual([RUN.id]);
    expect(await whole()).toBe(true);
  });
});

test('a store that may not be written refuses with what to do, and is read', async () => {
  const { fence } = await fill(store);
  limit('query_only = ON');
  const readonly = { code: 'E_STORE_READONLY', hint: expect.any(String) };
  await expect(store.append({ runId: RUN.id, since: 5, fence, drafts: [said('x')] })).rejects.toMatchObject(readonly);
  await expect(store.compact()).rejects.toMatchObject(readonly);
  expect(await whole()).toBe(true);
});

test('a clock that jumps back an hour changes no order and breaks no chain', async () => {
  const { fence } = await fill(store);
  now -= 3_600_000;
  await store.append({ runId: RUN.id, since: 5, fence, drafts: [said('earlier')] });
  now += 7_200_000;
  await store.append({ runId: RUN.id, since: 6, fence, drafts: [said('later')] });
  expect((await readAll(store)).slice(4).map(textOf)).toEqual(['last', 'earlier', 'later']);
  expect(await whole()).toBe(true);
});

test('another process that reads keeps old bytes in the log, and that is said', async () => {
  await fill(store);
  const reader = new Database(file);
  try {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM events').get();
    limit('busy_timeout = 50');
    expect(await store.compact()).toBe(false);
  } finally {
    reader.close();
  }
  expect(await store.compact()).toBe(true);
});
