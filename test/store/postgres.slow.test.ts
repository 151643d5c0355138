// The contract of every store on a real PostgreSQL, and what only a database that machines share can get wrong.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { GENESIS_HASH } from '../../engine/store/chain.ts';
import type { Store } from '../../engine/store/journal.ts';
import { parseAddress } from '../../engine/store/postgres/address.ts';
import { ConnectionFailure, storeError } from '../../engine/store/postgres/errors.ts';
import { openPostgresJournal, type PostgresJournalOptions } from '../../engine/store/postgres/open.ts';
import { placeDraft, prepareDraft } from '../../engine/store/row.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { archiveContract } from './archive-contract.ts';
import { journalContract } from './contract.ts';
import { PASSWORD, PostgresServer, withClient } from './postgres-server.ts';
import { heldRun, holder, log, note, RUN, readAll, silentRedactor, textOf } from './support.ts';

let server: PostgresServer;
let url: string;
const opened: Store[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(async () => {
  await server.stop();
});

journalContract('PostgreSQL', async () => {
  const address = await server.database();
  return (options) => openPostgresJournal({ url: address, ...options });
});

archiveContract('PostgreSQL', async () => {
  const address = await server.database();
  return (options) => openPostgresJournal({ url: address, ...options });
});

async function open(options: Partial<PostgresJournalOptions> = {}): Promise<Store> {
  const journal = await openPostgresJournal({ url, redactor: silentRedactor, ...options });
  opened.push(journal);
  return journal;
}

/** Changes the store behind the journal's back. */
const raw = (sql: string, address = url): Promise<unknown> => withClient(address, (client) => client.query(sql));

describe('a PostgreSQL store', () => {
  beforeEach(async () => {
    url = await server.database();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  function writer(name: string, seed: number, count: number): ChildProcess {
    const script = join(import.meta.dirname, 'writer.ts');
    return spawn(process.execPath, [script, '-', name, String(seed), String(count)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, STORE_URL: url },
    });
  }
  const exitOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0];

  describe('shared by several processes', () => {
    test('that start at once on an empty database is made once', async () => {
      const codes = await Promise.all([1, 2, 3, 4].map((seed) => exitOf(writer('a', seed, 0))));
      expect(codes).toEqual([0, 0, 0, 0]);
      const journals = await Promise.all([1, 2, 3, 4, 5, 6].map(() => open()));
      expect(await Promise.all(journals.map((journal) => journal.runs()))).toEqual([[], [], [], [], [], []]);
    });

    test('has every event of each once, in order, and its chain whole', async () => {
      const journal = await open();
      const fence = await heldRun(journal);
      let isOver = false;
      const codes = Promise.all([writer('a', 7, 40), writer('b', 8, 40)].map(exitOf)).finally(() => {
        isOver = true;
      });
      let since = 1;
      const seen = [1];
      for (let index = 0; !isOver; index += 1) {
        const events = await journal.append({ runId: RUN.id, since, fence, drafts: [log(`c ${index}`)] });
        seen.push(...events.map(({ seq }) => seq));
        since = seen.at(-1) ?? since;
      }
      expect(await codes).toEqual([0, 0]);
      seen.push(...(await journal.append({ runId: RUN.id, since, fence, drafts: [] })).map(({ seq }) => seq));
      const events = await readAll(journal);
      expect(seen).toEqual(events.map((_, index) => index + 1));
      for (const name of ['a', 'b']) {
        const own = events.map(textOf).filter((text) => text.startsWith(`${name} `));
        expect(own).toEqual(Array.from({ length: 40 }, (_, index) => `${name} ${index}`));
      }
      expect(await journal.verify(RUN.id)).toEqual({ events: events.length, head: events.at(-1)?.hash });
    });

    test('loses nothing that was said to be durable when one of them is killed in the middle', async () => {
      const journal = await open();
      await heldRun(journal);
      const child = writer('a', 5, 100_000);
      const exit = exitOf(child);
      while ((await journal.runs())[0]?.headSeq === 1) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
      await exit;
      const events = await readAll(journal);
      expect(events.slice(1).map(textOf)).toEqual(events.slice(1).map((_, index) => `a ${index}`));
      expect((await journal.verify(RUN.id)).events).toBeGreaterThanOrEqual(events.length);
    });

    test('that cannot have a lock say so in time, and write nothing', async () => {
      const journal = await open({ lockTimeoutMs: 100 });
      const fence = await heldRun(journal);
      const request = { runId: RUN.id, since: 1, fence, drafts: [log('x')] };
      await withClient(url, async (other) => {
        await other.query('begin; select * from runbook.runs for update');
        await expect(journal.append(request)).rejects.toMatchObject({
          code: 'E_STORE_BUSY',
          hint: expect.stringContaining('pg_locks'),
        });
      });
      expect(await journal.append(request)).toMatchObject([{ seq: 2 }]);
    });

    test('takes an append while a large blob is on its way in', async () => {
      const journal = await open();
      const fence = await heldRun(journal);
      await withClient(url, async (other) => {
        await other.query(`begin; insert into runbook.blobs values ('${RUN.id}', 'd', 0, 's', '')`);
        const appended = await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] });
        expect(appended).toHaveLength(1);
      });
    });
  });

  describe('shared by several machines', () => {
    const laptop = { ...holder('laptop'), host: 'laptop', operator: 'Ada' };
    const server = { ...holder('server'), host: 'server', operator: 'Bob' };
    const expire = () => raw(`update runbook.leases set expires_at = '2020-01-01T00:00:00.000Z'`);

    test('gives a run to another one only when its lease has run out, by the clock of the server', async () => {
      const [mine, theirs] = [await open(), await open()];
      await mine.create(RUN, [log('created')]);
      const old = await mine.acquire(RUN.id, laptop);
      await expect(theirs.acquire(RUN.id, server)).rejects.toMatchObject({
        code: 'E_RUN_HELD',
        message: expect.stringContaining('Ada on laptop'),
      });
      await expire();
      const fence = await theirs.acquire(RUN.id, server);
      expect(fence.token).toBe(old.token + 1);
      const late = mine.append({ runId: RUN.id, since: 1, fence: old, drafts: [log('too late')] });
      await expect(late).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
      await expect(mine.renew(RUN.id, old)).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
      const { rows } = await withClient(url, (client) =>
        client.query(
          `select extract(epoch from expires_at::timestamptz - clock_timestamp())::float8 as left from runbook.leases`,
        ),
      );
      expect(rows[0].left).toBeGreaterThan(0);
      expect(rows[0].left).toBeLessThanOrEqual(30);
    });

    test('lets one of many have it', async () => {
      const journals = await Promise.all([1, 2, 3, 4].map(() => open()));
      await journals[0]?.create(RUN, []);
      const results = await Promise.allSettled(
        journals.map((journal, index) => journal.acquire(RUN.id, { ...laptop, id: `p${index}`, host: `h${index}` })),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'E_RUN_HELD' });
    });

    test('does not take the run of a namesake for one whose process is gone', async () => {
      const journal = await open();
      await journal.create(RUN, []);
      // No process of this machine has this number; the other machine is called the same.
      await journal.acquire(RUN.id, { ...holder('namesake', 4_194_303), host: hostname() });
      await raw(`update runbook.leases set boot_id = 'of-another-machine'`);
      await expect(journal.acquire(RUN.id, holder())).rejects.toMatchObject({ code: 'E_RUN_HELD' });
      expect(await journal.lease(RUN.id)).toMatchObject({ isHolderDead: false });
      await expire();
      await expect(journal.acquire(RUN.id, holder())).resolves.toMatchObject({ holder: 'here' });
    });

    test('does not take over a lease that is being renewed at that moment', async () => {
      const [mine, theirs] = [await open(), await open()];
      await mine.create(RUN, []);
      const fence = await mine.acquire(RUN.id, laptop);
      await expire();
      await withClient(url, async (renewing) => {
        await renewing.query(`begin; update runbook.leases set expires_at = '2999-01-01T00:00:00.000Z'`);
        // Listened to from the start: it may be refused before the commit's own answer is here.
        const refused = expect(theirs.acquire(RUN.id, server)).rejects.toMatchObject({ code: 'E_RUN_HELD' });
        await expect.poll(() => isWaitingForLock()).toBe(true);
        await renewing.query('commit');
        await refused;
      });
      await mine.renew(RUN.id, fence);
    });

    async function isWaitingForLock(): Promise<boolean> {
      const { rows } = await withClient(url, (client) =>
        client.query(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
      );
      return rows.length > 0;
    }
  });

  describe('keeps the same chain as SQLite', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'runbook-store-'));
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    const NOW = Date.parse('2026-01-02T03:04:05.678Z');
    const drafts = [log('ünïcode \u{1F525} \0 \ud800', 'each[3]/stép'), note('said'), log('three')];

    test('the same events under the same salts and time have the same hashes in both', async () => {
      const clock = { now: () => NOW };
      const sqlite = await openSqliteJournal({ file: join(folder, 'runs.db'), redactor: silentRedactor, clock });
      opened.push(sqlite);
      for (const store of [sqlite, await open({ clock })]) {
        await store.create(RUN, drafts);
        let last = { seq: 0, hash: GENESIS_HASH };
        for await (const { runId: run_id, ...row } of store.rows(RUN.id)) {
          const draft = drafts[row.seq - 1];
          if (!draft) throw new Error('more than was written');
          const at = new Date(NOW).toISOString();
          const expected = placeDraft(prepareDraft(draft, silentRedactor, row.salt), RUN.id, at, last);
          expect({ run_id, ...row }).toEqual(expected);
          last = row;
        }
        expect(last.seq).toBe(3);
      }
    });

    test('a run moves from one to the other and back, and is the same', async () => {
      const sqlite = await openSqliteJournal({ file: join(folder, 'runs.db'), redactor: silentRedactor });
      const again = await openSqliteJournal({ file: join(folder, 'again.db'), redactor: silentRedactor });
      const postgres = await open();
      opened.push(sqlite, again);
      await sqlite.create(RUN, drafts);
      const blob = await sqlite.putBlob(RUN.id, Buffer.alloc(2_500_000, 'evidence'));
      const move = async (from: Store, to: Store): Promise<void> => {
        const [run] = await from.runs();
        if (!run) throw new Error('no run');
        await to.restore(run, async function* () {
          yield* from.rows(RUN.id);
          yield* from.blobParts(RUN.id);
        });
      };
      await move(sqlite, postgres);
      await move(postgres, again);
      const head = await sqlite.verify(RUN.id);
      for (const store of [postgres, again]) {
        expect(await store.verify(RUN.id)).toEqual(head);
        expect(await readAll(store)).toEqual(await readAll(sqlite));
        expect(await store.getBlob(RUN.id, blob)).toHaveLength(2_500_000);
      }
      await expect(move(sqlite, postgres)).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
    });

    test.each([
      ['edited data', `update runbook.events set data = '{"text":"innocent"}' where seq = 2`, 2],
      ['a removed event', 'delete from runbook.events where seq = 2', 2],
      ['a removed end', 'delete from runbook.events where seq = 3', 3],
    ])('%s is found, and the first event it broke is named', async (_name, sql, brokenAt) => {
      const journal = await open();
      await journal.create(RUN, drafts);
      await raw(sql);
      expect(await journal.verify(RUN.id)).toMatchObject({ brokenAt, reason: expect.any(String) });
    });
  });

  describe('that is not as it should be', () => {
    const refusal = async (options: Partial<PostgresJournalOptions> = {}): Promise<Error & { code?: string }> => {
      const error = await openPostgresJournal({ url, redactor: silentRedactor, ...options }).then(
        () => new Error('it opened'),
        (thrown: unknown) => thrown as Error,
      );
      // Neither as it is typed nor as it is encoded, in whatever a person is ever shown.
      const shown = [error.message, error.stack, String(error.cause), (error as { hint?: string }).hint].join('\n');
      expect(shown).not.toContain(PASSWORD);
      expect(shown).not.toContain(encodeURIComponent(PASSWORD));
      return error;
    };

    test('of a newer version is refused, with the version it needs', async () => {
      await (await open()).create(RUN, []);
      await raw(`update runbook.store set schema = 99, needs = '9.9.0'`);
      expect(await refusal()).toMatchObject({ code: 'E_STORE_NEWER', message: expect.stringContaining('9.9.0') });
    });

    test("another program's schema of that name is left alone", async () => {
      await raw('create schema runbook; create table runbook.things (id int)');
      expect(await refusal()).toMatchObject({ code: 'E_STORE_FOREIGN' });
      await raw('drop table runbook.things; create table runbook.store (id int, schema int, needs text)');
      expect(await refusal()).toMatchObject({ code: 'E_STORE_FOREIGN' });
    });

    test('is not made by a command that only looks', async () => {
      expect(await refusal({ mustExist: true })).toMatchObject({ code: 'E_STORE_MISSING' });
      const { rows } = await withClient(url, (client) =>
        client.query(`select from pg_namespace where nspname = 'runbook'`),
      );
      expect(rows).toEqual([]);
    });

    test('says what is wrong with the address', async () => {
      const nothing = { code: 'E_STORE_MISSING', hint: expect.stringContaining('createdb') };
      expect(await refusal({ url: server.url('absent') })).toMatchObject(nothing);
      const wrong = { code: 'E_STORE_UNREADABLE', message: expect.not.stringContaining('wrong-password') };
      expect(await refusal({ url: server.url('postgres', { password: 'wrong-password' }) })).toMatchObject(wrong);
      const silent = new URL(url);
      silent.password = '';
      expect(await refusal({ url: silent.href })).toMatchObject({ code: 'E_STORE_UNREADABLE' });
      const nobody = server.url('postgres', { port: 1 });
      expect(await refusal({ url: nobody })).toMatchObject({ code: 'E_STORE_UNREACHABLE' });
      for (const bad of [
        `postgres://u:${PASSWORD}@h/db`,
        'postgres://u:a#b@h/db',
        'mysql://h/db',
        'postgres://u:p@h:port/db',
      ])
        expect(await refusal({ url: bad })).toMatchObject({ code: 'E_STORE_ADDRESS' });
    });

    test('shows a certificate that nobody vouches for', async () => {
      const thrown = new ConnectionFailure(Object.assign(new Error('why'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }));
      expect(storeError(thrown, 'postgres://h/db')).toMatchObject({
        code: 'E_STORE_UNREADABLE',
        hint: expect.stringContaining('sslrootcert'),
      });
    });

    test.each(['require', 'prefer', 'verify-ca', 'verify-full'])(
      'sslmode=%s in its address checks the certificate, without a warning at each start',
      async (mode) => {
        const warned = vi.spyOn(process, 'emitWarning');
        const address = parseAddress(`postgres://u:p%23@h:5433/db?sslmode=${mode}`);
        expect(address.url).toBe('postgres://u:p%23@h:5433/db?sslmode=verify-full');
        expect(address.shown).toBe('postgres://u@h:5433/db');
        expect(address.passwords).toEqual(['p%23', 'p#']);
        // The server of these tests speaks no TLS.
        expect(await refusal({ url: `${url}?sslmode=${mode}` })).toMatchObject({ code: 'E_STORE_UNREACHABLE' });
        expect(warned).not.toHaveBeenCalled();
        warned.mockRestore();
      },
    );

    test('keeps text in an encoding that cannot hold every character', async () => {
      await raw(`create database latin encoding 'LATIN1' locale 'C' template template0`);
      expect(await refusal({ url: server.url('latin') })).toMatchObject({
        code: 'E_STORE_UNREADABLE',
        hint: expect.stringContaining('UTF8'),
      });
    });

    test('is opened by a role that may make no tables, and read by one that may not write', async () => {
      const fence = await heldRun(await open());
      await raw(`drop role if exists worker; drop role if exists reader;
        create role worker login password 'w'; create role reader login password 'r';
        grant usage on schema runbook to worker, reader; grant select on all tables in schema runbook to reader;
        grant select, insert, update, delete on all tables in schema runbook to worker`);
      const as = (user: string, password: string) => {
        const address = new URL(url);
        address.username = user;
        address.password = password;
        return open({ url: address.href });
      };
      const worker = await as('worker', 'w');
      await worker.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] });
      await worker.putBlob(RUN.id, new Uint8Array(3));
      await worker.release(RUN.id, fence);
      const reader = await as('reader', 'r');
      expect(await readAll(reader)).toHaveLength(2);
      const append = reader.append({ runId: RUN.id, since: 2, fence: null, drafts: [note('x')] });
      await expect(append).rejects.toMatchObject({ code: 'E_STORE_READONLY', hint: expect.stringContaining('USAGE') });
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await raw('drop owned by worker, reader; drop role worker; drop role reader');
    });

    test('is read-only', async () => {
      const fence = await heldRun(await open());
      await raw(
        `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
      );
      const journal = await open();
      expect(await readAll(journal)).toHaveLength(1);
      const append = journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] });
      await expect(append).rejects.toMatchObject({ code: 'E_STORE_READONLY', hint: expect.any(String) });
    });

    test.each([
      ['53100', 'E_STORE_FULL'],
      ['58030', 'E_STORE_IO'],
      ['XX001', 'E_STORE_CORRUPT'],
      ['57014', 'E_STORE_BUSY'],
      ['53300', 'E_STORE_BUSY'],
      ['08006', 'E_STORE_UNREACHABLE'],
      ['57P03', 'E_STORE_UNREACHABLE'],
      ['ZZ999', 'E_STORE'],
    ])('SQLSTATE %s is told as %s', async (state, code) => {
      const { DatabaseError } = (await import('pg')).default;
      const thrown = Object.assign(new DatabaseError('why', 3, 'error'), { code: state });
      expect(storeError(thrown, 'postgres://db.example/runs')).toMatchObject({
        code,
        message: expect.stringContaining('postgres://db.example/runs'),
      });
    });
  });

  test('holds evidence of 100 MB, and says what it holds', async () => {
    const journal = await open();
    await heldRun(journal);
    const bytes = Buffer.alloc(100 * 1024 * 1024, 'evidence of what happened; ');
    const name = await journal.putBlob(RUN.id, bytes);
    expect(bytes.equals(await journal.getBlob(RUN.id, name))).toBe(true);
    const facts = await journal.facts();
    expect(facts).toMatchObject({
      kind: 'postgres',
      runs: 1,
      problems: [],
      engine: expect.stringMatching(/^PostgreSQL \d/),
    });
    expect(facts.place).toBe(`postgres://postgres@127.0.0.1:${server.port}${new URL(url).pathname}`);
    expect(facts.sizeBytes).toBeGreaterThan(1_000_000);
  });
});
