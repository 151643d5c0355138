// Connections that break, and news that must come all the same.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Store } from '../../engine/store/journal.ts';
import { openPostgresJournal, type PostgresJournalOptions } from '../../engine/store/postgres/open.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { PASSWORD, PostgresServer, withClient } from './postgres-server.ts';
import { heldRun, holder, log, note, RUN, readAll, silentRedactor, textOf } from './support.ts';

/** The whole message, with the byte that ends it: the name of a setting has the word in it too. */
const COMMIT = 'commit\0';

let server: PostgresServer;
let url: string;
let proxy: FaultProxy;
const opened: Store[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(async () => {
  await server.stop();
});
beforeEach(async () => {
  url = await server.database();
  proxy = await startFaultProxy(server.port);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  await proxy.close();
});

async function open(options: Partial<PostgresJournalOptions> = {}): Promise<Store> {
  const journal = await openPostgresJournal({ url, redactor: silentRedactor, ...options });
  opened.push(journal);
  return journal;
}
const throughProxy = (options: Partial<PostgresJournalOptions> = {}): Promise<Store> =>
  open({ url: url.replace(`:${server.port}/`, `:${proxy.port}/`), ...options });

const endSessions = (where: string): Promise<unknown> =>
  withClient(url, (client) =>
    client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and ${where}`),
  );

describe('a connection that is lost in the middle of an append', () => {
  test.each(['before', 'after'] as const)(
    'the commit was sent, and the connection lost %s the server saw it: each event is there once',
    async (when) => {
      const journal = await throughProxy();
      const fence = await heldRun(journal);
      proxy.cutAt(COMMIT, when);
      const appended = await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('a'), log('b')] });
      expect(proxy.cuts()).toBe(1);
      expect(appended.map(textOf)).toEqual(['a', 'b']);
      expect(await readAll(await open())).toEqual([expect.objectContaining({ seq: 1 }), ...appended]);
      expect((await journal.verify(RUN.id)).brokenAt).toBeUndefined();
      expect(await journal.append({ runId: RUN.id, since: 3, fence, drafts: [log('c')] })).toMatchObject([{ seq: 4 }]);
    },
  );

  test('what others said in between comes with it, and a refusal is still this call’s alone', async () => {
    const journal = await throughProxy();
    const fence = await heldRun(journal);
    const check = vi.fn(() => {
      throw new Error('overtaken');
    });
    proxy.cutAt(COMMIT, 'after');
    const results = await Promise.allSettled([
      journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('a')] }),
      journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('never')], check }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { message: 'overtaken' } });
    expect((await readAll(await open())).map(textOf)).toEqual(['created', 'a']);
  });

  test.each(['before', 'after'] as const)(
    'a run, a blob and a lease whose commit was lost %s the server saw it are made once',
    async (when) => {
      const journal = await throughProxy();
      proxy.cutAt(COMMIT, when);
      const created = await journal.create(RUN, [log('created')]);
      expect(await readAll(journal)).toEqual(created);
      proxy.cutAt(COMMIT, when);
      const name = await journal.putBlob(RUN.id, Buffer.alloc(1_200_000, 'x'));
      expect(await journal.getBlob(RUN.id, name)).toHaveLength(1_200_000);
      proxy.cutAt(COMMIT, when);
      const fence = await journal.acquire(RUN.id, holder());
      expect(await journal.lease(RUN.id)).toMatchObject({ token: fence.token });
      proxy.cutAt(COMMIT, when);
      await journal.renew(RUN.id, fence);
      expect(await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] })).toHaveLength(1);
      expect(proxy.cuts()).toBe(4);
      await expect(journal.create(RUN, [log('created')])).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
    },
  );

  test('sessions that the server ends are replaced unseen, while writing goes on', async () => {
    const journal = await open();
    const fence = await heldRun(journal);
    let since = 1;
    for (let index = 0; index < 30; index += 1) {
      if (index % 10 === 5) void endSessions(`application_name = 'runbook'`);
      const events = await journal.append({ runId: RUN.id, since, fence, drafts: [log(String(index))] });
      since = events.at(-1)?.seq ?? since;
    }
    const texts = (await readAll(journal)).map(textOf);
    expect(texts).toEqual(['created', ...Array.from({ length: 30 }, (_, index) => String(index))]);
  });

  test('a server that is started anew within the time is waited for', async () => {
    const journal = await open();
    const fence = await heldRun(journal);
    let appending: Promise<unknown> = Promise.resolve();
    await server.restart(async () => {
      appending = journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('patience')] });
      await sleep(300);
    });
    await appending;
    expect((await readAll(journal)).map(textOf)).toEqual(['created', 'patience']);
  });

  test('a server that stays away is told, with what to do and without the password', async () => {
    const journal = await throughProxy({ reconnectForMs: 200 });
    const fence = await heldRun(journal);
    proxy.refuse('begin');
    const append = journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] });
    await expect(append).rejects.toMatchObject({
      code: 'E_STORE_UNREACHABLE',
      hint: expect.stringContaining('resume'),
    });
    await expect(append).rejects.not.toThrow(PASSWORD);
  });

  test('a laptop that dies in the middle of one keeps its run locked for some seconds only', async () => {
    const laptop = await throughProxy({ reconnectForMs: 0 });
    await heldRun(laptop);
    const fence = await laptop.acquire(RUN.id, { ...holder('laptop'), host: 'laptop' }).catch(() => null);
    expect(fence).toBeNull();
    await withClient(url, (client) => client.query(`update runbook.leases set host = 'laptop', expires_at = '2020'`));
    proxy.cutAt('insert into', 'silent');
    const token = await withClient(
      url,
      async (client) => (await client.query('select token from runbook.leases')).rows,
    );
    await laptop
      .append({ runId: RUN.id, since: 1, fence: { holder: 'here', token: token[0].token }, drafts: [log('never')] })
      .catch(() => undefined);
    expect(proxy.cuts()).toBe(1);
    // The row of the run is locked until the server ends the session that has gone silent.
    const other = await open();
    await other.acquire(RUN.id, { ...holder('other'), host: 'other' });
    expect((await readAll(other)).map(textOf)).toEqual(['created']);
  });
});

describe('how far a commit reaches', () => {
  test('only facts that may ride along are not waited for on the disk of the server', async () => {
    await withClient(url, (client) => client.query(`alter role postgres set synchronous_commit = on`));
    const journal = await throughProxy();
    const fence = await heldRun(journal);
    const begun = () => proxy.sent().split('set local synchronous_commit = off').length - 1;
    const before = begun();
    await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('a log')] });
    expect(begun()).toBe(before + 1);
    await journal.append({ runId: RUN.id, since: 2, fence, drafts: [log('a log'), note('said')] });
    await journal.putBlob(RUN.id, new Uint8Array(3));
    await journal.renew(RUN.id, fence);
    expect(begun()).toBe(before + 1);
  });
});

describe('news', () => {
  // A second is long, and yet a machine may be busier than that once.
  test('wakes a watcher of another connection within a second', { retry: 2 }, async () => {
    const [waiting, approver] = [await open(), await open()];
    await heldRun(waiting);
    const onNews = vi.fn();
    waiting.watch(RUN.id, onNews);
    const say = (text: string) => approver.append({ runId: RUN.id, since: 0, fence: null, drafts: [note(text)] });
    await say('until it listens');
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    await say('approved');
    // Without notifications it would take up to five.
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(2), { timeout: 1_000, interval: 10 });
  });

  test('comes although the connection that listens was lost', async () => {
    const [waiting, approver] = [await open(), await open()];
    await heldRun(waiting);
    const onNews = vi.fn();
    waiting.watch(RUN.id, onNews);
    const say = (text: string) => approver.append({ runId: RUN.id, since: 0, fence: null, drafts: [note(text)] });
    await say('one');
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    await endSessions(`application_name = 'runbook watch'`);
    await say('two');
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(2), { timeout: 10_000 });
    await say('three');
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(3), { timeout: 10_000 });
  });

  test('comes where no notification does, as behind a pooler', async () => {
    proxy.refuse('listen runbook_news');
    const [waiting, approver] = [await throughProxy(), await open()];
    await heldRun(waiting);
    const onNews = vi.fn();
    waiting.watch(RUN.id, onNews);
    await approver.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('x')] });
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    expect(proxy.cuts()).toBeGreaterThan(0);
  });

  test('what came before anybody watched is told too', async () => {
    const [late, approver] = [await open(), await open()];
    await heldRun(approver);
    for await (const event of late.read(RUN.id)) expect(event.seq).toBe(1);
    await approver.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('in between')] });
    const onNews = vi.fn();
    late.watch(RUN.id, onNews);
    await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(1), { timeout: 10_000 });
  });
});
