import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../../engine/redact.ts';
import type { Journal } from '../../engine/store/journal.ts';
import { storeError } from '../../engine/store/sqlite/errors.ts';
import { openSqliteJournal, type SqliteJournalOptions } from '../../engine/store/sqlite/open.ts';
import { journalContract } from './contract.ts';
import { heldRun, log, note, RUN, readAll, silentRedactor, textOf } from './support.ts';

let folder: string;
let file: string;
const opened: Journal[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-store-'));
  file = join(folder, '.runbook', 'runs.db');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()));
  await rm(folder, { recursive: true, force: true });
});

async function open(options: Partial<SqliteJournalOptions> = {}): Promise<Journal> {
  const journal = await openSqliteJournal({ file, redactor: silentRedactor, ...options });
  opened.push(journal);
  return journal;
}

/** Changes the store behind the journal's back. */
function withRawStore<T>(work: (handle: Database.Database) => T): T {
  const handle = new Database(file);
  try {
    return work(handle);
  } finally {
    handle.close();
  }
}

function writer(name: string, seed: number, count: number): ChildProcess {
  const script = join(import.meta.dirname, 'writer.ts');
  return spawn(process.execPath, [script, file, name, String(seed), String(count)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

journalContract('SQLite', async () => (options) => openSqliteJournal({ file, ...options }));

describe('several processes on one file', () => {
  test('property: two writers interleave at random, and the chain is whole, complete and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 20, max: 60 }), async (seed, count) => {
        await rm(join(folder, '.runbook'), { recursive: true, force: true });
        const journal = await open();
        const fence = await heldRun(journal);
        const writers = [writer('a', seed, count), writer('b', seed + 1, count)];
        const exits = writers.map(async (child) => (await once(child, 'exit'))[0] as number);
        const over = Promise.all(exits);
        let since = 1;
        const seen = [1];
        let isOver = false;
        void over.then(() => {
          isOver = true;
        });
        for (let index = 0; !isOver; index += 1) {
          const events = await journal.append({ runId: RUN.id, since, fence, drafts: [log(`c ${index}`)] });
          seen.push(...events.map(({ seq }) => seq));
          since = seen.at(-1) ?? since;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(await over).toEqual([0, 0]);
        seen.push(...(await journal.append({ runId: RUN.id, since, fence, drafts: [] })).map(({ seq }) => seq));
        const events = await readAll(journal);
        expect(seen).toEqual(events.map(({ seq }) => seq));
        expect(seen).toEqual(events.map((_, index) => index + 1));
        for (const name of ['a', 'b']) {
          const own = events.map(textOf).filter((text) => text.startsWith(`${name} `));
          expect(own).toEqual(Array.from({ length: count }, (_, index) => `${name} ${index}`));
        }
        expect(await journal.verify(RUN.id)).toEqual({ events: events.length, head: events.at(-1)?.hash });
        await journal.close();
      }),
      { numRuns: 5 },
    );
  });

  test('four that start at once on no store make one store', async () => {
    const writers = [1, 2, 3, 4].map((seed) => writer('a', seed, 0));
    const codes = await Promise.all(writers.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(await (await open()).runs()).toEqual([]);
  });

  test('a writer killed in the middle loses nothing that was said to be durable', async () => {
    const journal = await open();
    await heldRun(journal);
    const child = writer('a', 5, 100_000);
    while ((await journal.runs())[0]?.headSeq === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const events = await readAll(journal);
    expect((await journal.verify(RUN.id)).events).toBe(events.length);
    expect(events.slice(1).map(textOf)).toEqual(events.slice(1).map((_, index) => `a ${index}`));
  });

  test('a lock that lasts is told, and nothing was written', async () => {
    const journal = await open({ busyTimeoutMs: 50 });
    const fence = await heldRun(journal);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const request = { runId: RUN.id, since: 1, fence, drafts: [log('x')] };
    await expect(journal.append(request)).rejects.toMatchObject({ code: 'E_STORE_BUSY', hint: expect.any(String) });
    other.close();
    expect(await journal.append(request)).toMatchObject([{ seq: 2 }]);
  });
});

describe('the file', () => {
  test('and what lies beside it are for their owner alone', async () => {
    await heldRun(await open());
    for (const name of ['', '-wal', '-shm']) expect((await stat(`${file}${name}`)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, '.runbook'))).mode & 0o777).toBe(0o700);
  });

  test('holds no byte of a secret', async () => {
    const redactor = createRedactor();
    redactor.add('API_KEY', 'correct-horse-battery');
    const journal = await open({ redactor });
    const fence = await heldRun(journal);
    const key = 'sk_live_Zm9vYmFyYmF6cXV4';
    const texts = ['correct-horse-battery', `key ${key}`, Buffer.from('u:correct-horse-battery').toString('base64')];
    await journal.append({ runId: RUN.id, since: 1, fence, drafts: texts.map((text) => log(text)) });
    await expect(journal.append({ runId: RUN.id, since: 4, fence: null, drafts: [log(key)] })).rejects.toMatchObject({
      code: 'E_STORE_NEEDS_LEASE',
    });
    const bytes = Buffer.concat(await Promise.all(['', '-wal'].map((name) => readFile(`${file}${name}`))));
    for (const secret of ['correct-horse', key.slice(8), 'Y29ycmVjdC1ob3JzZS', 'b3JyZWN0LWhvcnNl']) {
      expect(bytes.includes(secret)).toBe(false);
    }
    expect(bytes.includes('[redacted:API_KEY]')).toBe(true);
  });

  test('of a newer version is refused, with the version it needs, and stays as it was', async () => {
    const journal = await open();
    await heldRun(journal);
    await journal.close();
    withRawStore((handle) => handle.exec(`UPDATE store SET schema = 99, needs = '9.9.0'; PRAGMA user_version = 99`));
    const before = await readFile(file);
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_NEWER', message: expect.stringContaining('9.9.0') });
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
  });

  test("of another program's, or no database at all, is refused and left alone", async () => {
    file = join(folder, 'other.db');
    withRawStore((handle) => handle.exec('CREATE TABLE things (id)'));
    const before = await readFile(file);
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_FOREIGN' });
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
    await writeFile(file, 'not a database, but long enough to be taken for one'.repeat(100));
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
  });

  test('opened for reading only is read and not written', async () => {
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: 'E_STORE_MISSING' });
    const fence = await heldRun(await open());
    const reader = await open({ readOnly: true });
    expect((await readAll(reader)).map(textOf)).toEqual(['created']);
    const append = reader.append({ runId: RUN.id, since: 1, fence, drafts: [note('x')] });
    await expect(append).rejects.toMatchObject({ code: 'E_STORE_READONLY', hint: expect.any(String) });
  });

  test.each([
    ['SQLITE_FULL', 'E_STORE_FULL'],
    ['SQLITE_IOERR_FSYNC', 'E_STORE_IO'],
    ['SQLITE_READONLY_DBMOVED', 'E_STORE_READONLY'],
    ['SQLITE_BUSY_SNAPSHOT', 'E_STORE_BUSY'],
    ['SQLITE_CORRUPT_INDEX', 'E_STORE_CORRUPT'],
  ])('%s is told as %s with a hint', (sqliteCode, code) => {
    const error = storeError(new Database.SqliteError('why', sqliteCode), '/x/runs.db');
    expect(error).toMatchObject({ code, message: expect.stringContaining('/x/runs.db'), hint: expect.any(String) });
  });
});

describe('tampering behind the store', () => {
  test.each([
    ['edited data', `UPDATE events SET data = '{"text":"innocent"}' WHERE seq = 3`, 3],
    ['edited data with a new digest', `UPDATE events SET data = 'x', digest = 'y' WHERE seq = 3`, 3],
    ['an edited time', `UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 2`, 2],
    ['an edited actor', `UPDATE events SET actor = 'person:eve' WHERE seq = 4`, 4],
    ['a removed event', 'DELETE FROM events WHERE seq = 3', 3],
    ['a removed end', 'DELETE FROM events WHERE seq >= 5', 5],
    [
      'an added end',
      `INSERT INTO events SELECT run_id, 6, at, actor, type, v, step, data, salt, digest, hash FROM events WHERE seq = 5`,
      6,
    ],
    [
      'two events in each other’s place',
      'UPDATE events SET seq = seq + 10 WHERE seq IN (2, 3); UPDATE events SET seq = 15 - seq WHERE seq > 10',
      2,
    ],
  ])('%s is found, and the first event it broke is named', async (_name, sql, brokenAt) => {
    const journal = await open();
    const fence = await heldRun(journal);
    await journal.append({ runId: RUN.id, since: 1, fence, drafts: ['b', 'c', 'd', 'e'].map((text) => log(text)) });
    withRawStore((handle) => handle.exec(sql));
    expect(await journal.verify(RUN.id)).toMatchObject({ brokenAt, events: brokenAt - 1, reason: expect.any(String) });
  });

  test.each([
    ['changed', `UPDATE blobs SET data = x'00'`],
    ['given another salt', `UPDATE blobs SET salt = '${'0'.repeat(32)}'`],
    ['robbed of its salt', 'UPDATE blobs SET salt = NULL'],
    ['robbed of its first part', 'DELETE FROM blobs WHERE part = 0'],
  ])('a blob that was %s is not given out', async (_what, sql) => {
    const journal = await open();
    await heldRun(journal);
    const name = await journal.putBlob(RUN.id, Buffer.alloc(1_500_000, 'evidence'));
    withRawStore((handle) => handle.exec(sql));
    await expect(journal.getBlob(RUN.id, name)).rejects.toMatchObject({ code: 'E_BLOB_CORRUPT' });
  });

  test('the name of a blob is SHA-256 over its salt and its bytes, as another program can check', async () => {
    const journal = await open();
    await heldRun(journal);
    const bytes = Buffer.alloc(1_500_000, 'evidence');
    const name = await journal.putBlob(RUN.id, bytes);
    const salts = withRawStore((handle) => handle.prepare('SELECT salt FROM blobs ORDER BY part').pluck().all());
    expect(salts).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), null]);
    const digest = createHash('sha256').update(String(salts[0]), 'hex').update(bytes).digest('hex');
    expect(name).toBe(digest);
  });
});
