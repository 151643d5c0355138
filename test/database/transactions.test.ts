// What holds for a team's database whichever of the three it is.
import { sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseFailure } from '../../engine/database/errors.ts';
import { databaseServers, stopServers } from './servers.ts';
import { behind, endless, NEVER, type Opened, open, rows, until } from './support.ts';

const servers = await databaseServers();
afterAll(() => stopServers(servers));

describe.each(servers)('$title', ({ dialect, database }) => {
  let db: Opened;
  beforeEach(async () => {
    const url = await database();
    await behind(
      url,
      `create table users (clerk_id varchar(64) primary key, email varchar(200), points bigint)`,
      `insert into users values ('user_1', 'a@x.example', 1)`,
      `insert into users values ('user_2', 'b@x.example', 2)`,
    );
    db = await open(url);
    return () => db.connections.close();
  });
  const count = async (): Promise<number> => (await behind(db.url, 'select clerk_id from users')).length;

  it('reads with quoted names and values as parameters', async () => {
    const found = await db.read((q) =>
      q.selectFrom('users').select(['clerk_id', 'email']).where('email', '=', 'a@x.example').execute(),
    );
    expect(found).toEqual([{ clerk_id: 'user_1', email: 'a@x.example' }]);
    const none = await db.read((q) =>
      q.selectFrom('users').selectAll().where('email', '=', "' or 1=1 -- \\'").execute(),
    );
    expect(none).toEqual([]);
  });

  it.each([
    ['insert', sql`insert into users values ('user_3', 'c@x.example', 3)`],
    ['update', sql`update users set email = 'gone'`],
    ['delete', sql`delete from users`],
    ['create table', sql`create table more (a int)`],
    ['drop table', sql`drop table users`],
  ])('refuses a raw %s in a transaction that reads, by the database itself', async (_what, statement) => {
    await expect(db.read((q) => statement.execute(q))).rejects.toMatchObject({
      code: 'E_DB_READONLY',
      hint: expect.stringContaining('ctx.change'),
    });
    expect(await behind(db.url, 'select email from users order by clerk_id')).toEqual([
      { email: 'a@x.example' },
      { email: 'b@x.example' },
    ]);
  });

  it.each([
    'commit',
    'ROLLBACK',
    '/* x */ commit',
    '-- x\n  Commit',
    'set autocommit = 1',
    'begin',
    '; end',
    '(commit)',
  ])('does not send %j, after which nothing would keep it from writing', async (statement) => {
    const attempt = db.read(async (q) => {
      await sql.raw(statement).execute(q);
      await sql`delete from users`.execute(q);
    });
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_CONTROL' });
    expect(await count()).toBe(2);
  });

  it('sees one snapshot in a transaction, whatever others write meanwhile', async () => {
    const seen = await db.read(async (q) => {
      const before = await q.selectFrom('users').selectAll().execute();
      await behind(db.url, `insert into users values ('user_9', 'z@x.example', 9)`);
      return [before.length, (await q.selectFrom('users').selectAll().execute()).length];
    });
    expect(seen).toEqual([2, 2]);
    expect(await count()).toBe(3);
  });

  it('keeps what a transaction wrote, and takes it back where its callback throws', async () => {
    await db.write((q) =>
      q.insertInto('users').values({ clerk_id: 'user_3', email: 'c@x.example', points: 3 }).execute(),
    );
    expect(await count()).toBe(3);
    const thrown = new Error('moved');
    await expect(
      db.write(async (q) => {
        await q.deleteFrom('users').execute();
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    expect(await count()).toBe(3);
  });

  it('counts the rows that a statement was about', async () => {
    const results = await db.write(async (q) => [
      (await q.updateTable('users').set({ email: 'a@x.example' }).where('clerk_id', '=', 'user_1').executeTakeFirst())
        .numUpdatedRows,
      (await q.deleteFrom('users').executeTakeFirst()).numDeletedRows,
    ]);
    expect(results).toEqual([1n, 2n]);
  });

  it('rolls back where what is asked right before COMMIT refuses', async () => {
    const refusal = new Error('the lease is gone');
    const attempt = db.connections.run('write', (q) => q.deleteFrom('users').execute(), {
      signal: NEVER,
      beforeCommit: () => {
        throw refusal;
      },
    });
    await expect(attempt).rejects.toBe(refusal);
    expect(await count()).toBe(2);
  });

  it('names a constraint that a value breaks, and goes on afterwards', async () => {
    const again = db.write((q) =>
      q.insertInto('users').values({ clerk_id: 'user_1', email: null, points: 1 }).execute(),
    );
    await expect(again).rejects.toMatchObject({ code: 'E_DB_CONSTRAINT', isLost: false });
    expect(await db.read((q) => q.selectFrom('users').selectAll().execute())).toHaveLength(2);
  });

  it('names a table that is not there in the words of the database', async () => {
    const attempt = db.read((q) => q.selectFrom('members').selectAll().execute());
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_STATEMENT', message: expect.stringMatching(/members/) });
  });

  it('streams a large table in chunks, and leaves it early', async () => {
    await db.write(async (q) => {
      const many = Array.from({ length: 1_500 }, (_, at) => ({ clerk_id: `many_${at}`, email: null, points: at }));
      await q.insertInto('users').values(many).execute();
    });
    const seen = await db.read(async (q) => {
      let all = 0;
      for await (const _row of q.selectFrom('users').selectAll().where('clerk_id', 'like', 'many%').stream(200))
        all += 1;
      return all;
    });
    expect(seen).toBe(1_500);
    const first = await db.read(async (q) => {
      for await (const row of q.selectFrom('users').select('clerk_id').orderBy('clerk_id').stream(100)) return row;
      return undefined;
    });
    expect(first).toEqual({ clerk_id: 'many_0' });
    expect(await db.read((q) => rows(q, sql`select 1 as one`))).toEqual([{ one: 1 }]);
  });

  it('refuses another query while one is streamed', async () => {
    const attempt = db.read(async (q) => {
      for await (const _row of q.selectFrom('users').selectAll().stream(1))
        await q.selectFrom('users').selectAll().execute();
    });
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_STREAMING' });
  });

  it('ends a statement at its limit of time, and goes on afterwards', async () => {
    const quick = await open(db.url, { statementTimeoutMs: 300 });
    await expect(quick.read((q) => endless(dialect).execute(q))).rejects.toMatchObject({ code: 'E_DB_TIMEOUT' });
    expect(await quick.read((q) => rows(q, sql`select 1 as one`))).toEqual([{ one: 1 }]);
    await quick.connections.close();
  });

  it('ends a running statement when the signal comes, on the server too', async () => {
    const abort = new AbortController();
    const attempt = db.read(async (q) => {
      const running = endless(dialect).execute(q);
      running.catch(() => undefined);
      setTimeout(() => abort.abort(new Error('paused')), 100);
      return running;
    }, abort.signal);
    await expect(attempt).rejects.toThrow();
    if (dialect === 'postgres')
      await until('the statement to end', async () => {
        const found = await behind(
          db.url,
          `select 1 from pg_stat_activity where state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
        );
        return found.length === 0;
      });
    if (dialect === 'mysql')
      await until('the statement to end', async () => {
        const found = await behind(
          db.url,
          `select 1 from information_schema.processlist where info like 'select sleep(60)%'`,
        );
        return found.length === 0;
      });
  });

  it('refuses a query after its transaction, and a transaction after the end', async () => {
    const kept = await db.read(async (q) => q);
    await expect(kept.selectFrom('users').selectAll().execute()).rejects.toMatchObject({ code: 'E_DB_CLOSED' });
    await db.connections.close();
    await expect(db.read((q) => rows(q, sql`select 1`))).rejects.toMatchObject({ code: 'E_DB_CLOSED' });
  });

  it('refuses a transaction in a transaction of the same connection', async () => {
    const attempt = db.write((q) => q.transaction().execute((inner) => inner.deleteFrom('users').execute()));
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_CONTROL' });
    expect(await count()).toBe(2);
  });

  it('reads while it writes over a second connection, and says where a third is wanted', async () => {
    const few = await open(db.url, { statementTimeoutMs: 300 });
    const attempt = few.read(() => few.read(() => few.read(async () => 'three')));
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_BUSY' });
    const seen = await few.read(async (q) => {
      await few.write((w) => w.deleteFrom('users').where('clerk_id', '=', 'user_1').execute());
      return q.selectFrom('users').selectAll().execute();
    });
    // The snapshot was taken before.
    expect(seen).toHaveLength(2);
    expect(await count()).toBe(1);
    await few.connections.close();
  });

  it('uses a connection again, and makes another where the server ended it', async () => {
    if (dialect === 'sqlite') return;
    const id = dialect === 'postgres' ? sql`select pg_backend_pid() as id` : sql`select connection_id() as id`;
    const first = await db.read((q) => rows(q, id));
    expect(await db.read((q) => rows(q, id))).toEqual(first);
    const [{ id: number }] = first as [{ id: number }];
    await behind(db.url, dialect === 'postgres' ? `select pg_terminate_backend(${number})` : `kill ${number}`);
    const second = await db.read((q) => rows(q, id));
    expect(second).not.toEqual(first);
  });

  it('tells a statement that the server cut off from one it refused', async () => {
    if (dialect === 'sqlite') return;
    const id = dialect === 'postgres' ? sql`select pg_backend_pid() as id` : sql`select connection_id() as id`;
    const attempt = db.write(async (q) => {
      const [{ id: number }] = (await rows(q, id)) as [{ id: number }];
      await q.deleteFrom('users').execute();
      await behind(db.url, dialect === 'postgres' ? `select pg_terminate_backend(${number})` : `kill ${number}`);
      await q.selectFrom('users').selectAll().execute();
    });
    const failure = await attempt.catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(DatabaseFailure);
    expect(failure).toMatchObject({ isLost: true });
    expect(await count()).toBe(2);
  });
});
