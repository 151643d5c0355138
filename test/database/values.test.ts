// Values come back in one form, whatever the zone of this machine and of the server.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utcDate, wholeNumber } from '../../engine/database/values.ts';
import { databaseServers, stopServers } from './servers.ts';
import { behind, type Opened, open, rows } from './support.ts';

// Far from UTC, and with a change of the clocks in it.
process.env.TZ = 'America/New_York';
const servers = await databaseServers();
afterAll(() => stopServers(servers));

const AT = new Date('2026-03-08T07:30:15.123Z');

describe.each(servers.filter(({ dialect }) => dialect !== 'sqlite'))('$title', ({ dialect, database }) => {
  const isPostgres = dialect === 'postgres';
  let db: Opened;
  beforeAll(async () => {
    const url = await database();
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (isPostgres)
      await behind(
        url,
        `alter database ${name} set timezone = 'Asia/Tokyo'`,
        `alter database ${name} set datestyle = 'German'`,
      );
    await behind(
      url,
      isPostgres
        ? `create table kinds (id int, big bigint, plain timestamp(3), zoned timestamptz(3), day date, price numeric(12,2), doc json, docb jsonb, is_on boolean, bytes bytea, note text)`
        : `create table kinds (id int, big bigint, plain datetime(3), zoned timestamp(3) null, day date, price decimal(12,2), doc json, docb json, is_on boolean, bytes blob, note text)`,
    );
    db = await open(url);
    return () => db.connections.close();
  });

  it('takes back what it gave', async () => {
    const row = {
      id: 1,
      big: 1_772_955_015_123,
      plain: AT,
      zoned: AT,
      day: '2026-03-08',
      price: '1234567890.10',
      doc: { a: [1, 'ü', null] },
      docb: { b: { c: true } },
      is_on: true,
      bytes: Buffer.from([0, 1, 255]),
      note: `it's "quoted" \\ and 日本 🎈\u0001\n`,
    };
    await db.write((q) => q.insertInto('kinds').values(row).execute());
    const [found] = await db.read((q) => q.selectFrom('kinds').selectAll().where('id', '=', 1).execute());
    expect(found).toEqual({ ...row, is_on: isPostgres ? true : 1 });
    const [streamed] = await db.read(async (q) => {
      const all: unknown[] = [];
      for await (const one of q.selectFrom('kinds').selectAll().where('id', '=', 1).stream(10)) all.push(one);
      return all;
    });
    expect(streamed).toEqual(found);
  });

  it('means UTC by a time without a zone', async () => {
    const text = isPostgres ? sql`plain::text` : sql`cast(plain as char)`;
    await db.write((q) => q.insertInto('kinds').values({ id: 2, plain: AT, zoned: AT }).execute());
    const found = await db.read((q) => rows(q, sql`select ${text} as plain from kinds where id = 2`));
    expect(found).toEqual([{ plain: '2026-03-08 07:30:15.123' }]);
  });

  it('means the same moment by a time that the server keeps in its own zone', async () => {
    const set = isPostgres ? `set timezone = 'UTC'` : `set time_zone = '+00:00'`;
    await behind(db.url, set, `insert into kinds (id, zoned) values (3, '2026-03-08 07:30:15.123')`);
    const [found] = await db.read((q) => q.selectFrom('kinds').select('zoned').where('id', '=', 3).execute());
    expect(found).toEqual({ zoned: AT });
  });

  it('gives a whole number as text where a number would not be exact', async () => {
    await behind(db.url, `insert into kinds (id, big) values (4, 9007199254740993), (5, -9007199254740991)`);
    const found = await db.read((q) =>
      q.selectFrom('kinds').select('big').where('id', 'in', [4, 5]).orderBy('id').execute(),
    );
    expect(found).toEqual([{ big: '9007199254740993' }, { big: -9007199254740991 }]);
  });

  it('keeps null apart from empty text, and takes undefined for null', async () => {
    await db.write((q) => q.insertInto('kinds').values({ id: 6, note: '', price: null }).execute());
    await db.write((q) => q.executeQuery(sql`update kinds set big = ${undefined} where id = 6`.compile(q)));
    const [found] = await db.read((q) =>
      q.selectFrom('kinds').select(['note', 'price', 'big']).where('id', '=', 6).execute(),
    );
    expect(found).toEqual({ note: '', price: null, big: null });
  });

  it('gives a time that no calendar has as text', async () => {
    await behind(
      db.url,
      ...(isPostgres
        ? [`insert into kinds (id, plain, zoned) values (7, 'infinity', '-infinity')`]
        : [`set sql_mode = ''`, `insert into kinds (id, plain, zoned) values (7, '0000-00-00', null)`]),
    );
    const [found] = await db.read((q) =>
      q.selectFrom('kinds').select(['plain', 'zoned']).where('id', '=', 7).execute(),
    );
    expect(found).toEqual(
      isPostgres ? { plain: 'infinity', zoned: '-infinity' } : { plain: '0000-00-00 00:00:00.000', zoned: null },
    );
  });

  it('refuses a value that does not fit, and cuts nothing off', async () => {
    const attempt = db.write((q) => q.insertInto('kinds').values({ id: 8, price: '99999999999999' }).execute());
    await expect(attempt).rejects.toMatchObject({ code: 'E_DB_CONSTRAINT' });
  });
});

describe.each(servers.filter(({ dialect }) => dialect === 'sqlite'))('SQLite', ({ database }) => {
  it('gives what is stored: whole numbers, text and bytes', async () => {
    const url = await database();
    await behind(
      url,
      'create table kinds (id integer, big integer, at datetime, is_on boolean, bytes blob, ratio real, loose)',
    );
    const db = await open(url);
    const bytes = Buffer.from([0, 1, 255]);
    await db.write((q) =>
      q
        .insertInto('kinds')
        .values({ id: 1, big: 9_007_199_254_740_993n, at: AT, is_on: true, bytes, ratio: 3, loose: 1_772_955_015_123 })
        .execute(),
    );
    expect(await db.read((q) => q.selectFrom('kinds').selectAll().execute())).toEqual([
      {
        id: 1,
        big: '9007199254740993',
        at: '2026-03-08T07:30:15.123Z',
        is_on: 1,
        bytes,
        ratio: 3,
        loose: 1_772_955_015_123,
      },
    ]);
    expect(await db.read((q) => rows(q, sql`select typeof(loose) as kind, typeof(ratio) as other from kinds`))).toEqual(
      [{ kind: 'integer', other: 'real' }],
    );
    await expect(
      db.write((q) =>
        q
          .insertInto('kinds')
          .values({ loose: { a: 1 } })
          .execute(),
      ),
    ).rejects.toMatchObject({
      code: 'E_DB_VALUE',
    });
    await db.connections.close();
  });
});

describe('a text of a server', () => {
  it.each([
    ['12', 12],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', '9007199254740992'],
  ])('%s is a whole number', (text, expected) => {
    expect(wholeNumber(text)).toBe(expected);
  });

  it.each([
    ['2026-11-03 14:05:09', '2026-11-03T14:05:09.000Z'],
    ['2026-11-03 14:05:09.1', '2026-11-03T14:05:09.100Z'],
    ['2026-11-03 14:05:09.123999', '2026-11-03T14:05:09.123Z'],
    ['0099-01-01 00:00:00', '0099-01-01T00:00:00.000Z'],
  ])('%s is a time in UTC', (text, expected) => {
    expect(utcDate(text)).toEqual(new Date(expected));
  });

  it.each(['infinity', '2026-02-30x', '0044-03-15 12:00:00 BC', '2026-13-01 00:00:00'])('%s stays text', (text) => {
    expect(utcDate(text)).toBe(text);
  });
});
