// What every store must do, whichever database is behind it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRedactor, type LearningRedactor } from '../../engine/redact.ts';
import type { Draft } from '../../engine/run/events.ts';
import { GENESIS_HASH, hashEvent } from '../../engine/store/chain.ts';
import type { Journal, Redactor } from '../../engine/store/journal.ts';
import { heldRun, holder, log, note, RUN, readAll, textOf } from './support.ts';

export interface OpenOptions {
  readonly redactor: Redactor;
  readonly clock: { now(): number };
}
/** Opens the same, at first empty, store each time within one test. */
export type OpenStore = (options: OpenOptions) => Promise<Journal>;

export function journalContract(name: string, fresh: () => Promise<OpenStore>): void {
  describe(`the journal on ${name}`, () => {
    let open: OpenStore;
    let journal: Journal;
    let redactor: LearningRedactor;
    let now: number;
    const opened: Journal[] = [];
    const openAnother = async (): Promise<Journal> => {
      const another = await open({ redactor, clock: { now: () => now } });
      opened.push(another);
      return another;
    };

    beforeEach(async () => {
      open = await fresh();
      redactor = createRedactor();
      now = Date.parse('2026-01-02T03:04:05.678Z');
      journal = await openAnother();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((each) => each.close()));
    });

    test('gives each event its place, time and hash, and says so to the writer as to the reader', async () => {
      const created = await journal.create(RUN, [log('one'), log('two')]);
      const fence = await journal.acquire(RUN.id, holder());
      const appended = await journal.append({ runId: RUN.id, since: 2, fence, drafts: [log('three')] });
      expect([...created, ...appended].map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(created[0]?.at).toBe('2026-01-02T03:04:05.678Z');
      expect(await readAll(journal)).toEqual([...created, ...appended]);
      expect(await journal.verify(RUN.id)).toEqual({ events: 3, head: appended[0]?.hash });
    });

    test('keeps time as it was though the clock goes back: order is by seq', async () => {
      const fence = await heldRun(journal);
      now -= 3_600_000;
      const [event] = await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('earlier')] });
      expect(event).toMatchObject({ seq: 2, at: '2026-01-02T02:04:05.678Z' });
      expect((await readAll(journal)).map(textOf)).toEqual(['created', 'earlier']);
    });

    test('brings any JSON back as it was', async () => {
      const fence = await heldRun(journal);
      const inputs = {
        z: 'ünïcode \u{1F525} \0 \u2028 \ud800',
        a: [Number.MAX_SAFE_INTEGER, 1e21, 0.1, -1.5e-7, null, true],
        ['__proto__']: { nested: '"quoted"\\' },
        '': {},
      };
      const draft: Draft = {
        type: 'attempt.started',
        actor: 'person:Zoë \u{1F525}',
        step: 'each[3]/stép',
        data: { attempt: 1, round: 0, uses: 'x', inputs, inputsDigest: '', idempotent: true },
      };
      const [event] = await journal.append({ runId: RUN.id, since: 1, fence, drafts: [draft] });
      expect(event).toMatchObject({ actor: draft.actor, step: draft.step });
      expect(JSON.stringify(event?.data)).toBe(JSON.stringify(draft.data));
      expect((await readAll(journal))[1]).toEqual(event);
      expect((await journal.verify(RUN.id)).brokenAt).toBeUndefined();
    });

    test('keeps minus zero as zero, for the writer as for the reader', async () => {
      const fence = await heldRun(journal);
      const drafts: Draft[] = [{ type: 'step.progress', actor: 'engine', step: 's', data: { done: -0 } }];
      const [event] = await journal.append({ runId: RUN.id, since: 1, fence, drafts });
      expect(event).toMatchObject({ data: { done: 0 } });
      expect((await readAll(journal))[1]).toEqual(event);
    });

    test('refuses what is not JSON, and only that call', async () => {
      const fence = await heldRun(journal);
      const bad = (value: unknown): Draft => ({ ...log('x'), data: { text: value } }) as Draft;
      const results = await Promise.allSettled(
        [bad(1n), log('good'), bad(Number.NaN)].map((draft) =>
          journal.append({ runId: RUN.id, since: 1, fence, drafts: [draft] }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
      expect(results[0]).toMatchObject({ reason: { code: 'E_STORE_NOT_JSON' } });
      expect(await readAll(journal)).toHaveLength(2);
    });

    test('calls of one turn share a commit, and each gets all since its own last event', async () => {
      const fence = await heldRun(journal);
      const [a, b, c] = await Promise.all([
        journal.append({ runId: RUN.id, since: 0, fence, drafts: [log('a')] }),
        journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('b'), log('c')] }),
        journal.append({ runId: RUN.id, since: 3, fence, drafts: [] }),
      ]);
      expect(a.map(textOf)).toEqual(['created', 'a']);
      expect(b.map(textOf)).toEqual(['a', 'b', 'c']);
      expect(c.map(textOf)).toEqual(['c']);
    });

    test('a check sees what was said meanwhile and refuses its own call alone', async () => {
      const fence = await heldRun(journal);
      const other = await openAnother();
      await other.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('wait!')] });
      const check = vi.fn((events: readonly unknown[]) => {
        if (events.length > 0) throw new Error('overtaken');
      });
      const results = await Promise.allSettled([
        journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('first')] }),
        journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('never')], check }),
        journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('last')] }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { message: 'overtaken' } });
      expect(check.mock.calls[0]?.[0]).toMatchObject([{ seq: 2 }, { seq: 3 }]);
      expect((await readAll(journal)).map(textOf)).toEqual(['created', 'wait!', 'first', 'last']);
      expect((await journal.verify(RUN.id)).events).toBe(4);
    });

    test('foreign events come back with the next append, in order', async () => {
      const fence = await heldRun(journal);
      const other = await openAnother();
      await other.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('n1'), note('n2')] });
      const events = await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('mine')] });
      expect(events.map(({ seq }) => seq)).toEqual([2, 3, 4]);
      expect(events.map(textOf)).toEqual(['n1', 'n2', 'mine']);
    });

    test('a journal that ends before what was read from it is not appended to', async () => {
      const fence = await heldRun(journal);
      const append = journal.append({ runId: RUN.id, since: 7, fence, drafts: [log('x')] });
      await expect(append).rejects.toMatchObject({ code: 'E_STORE_BEHIND' });
    });

    test('runs that are not there, or there already, are named', async () => {
      await journal.create(RUN, []);
      await expect(journal.create(RUN, [])).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
      const unknown = { code: 'E_RUN_UNKNOWN' };
      await expect(journal.append({ runId: 'x', since: 0, fence: null, drafts: [] })).rejects.toMatchObject(unknown);
      await expect(journal.acquire('x', holder())).rejects.toMatchObject(unknown);
      await expect(journal.verify('x')).rejects.toMatchObject(unknown);
      await expect(journal.putBlob('x', new Uint8Array(1))).rejects.toMatchObject(unknown);
      expect(await readAll(journal, 'x')).toEqual([]);
    });

    test('without the lease only what people say is accepted', async () => {
      await heldRun(journal);
      const request = { runId: RUN.id, since: 1, fence: null };
      await expect(journal.append({ ...request, drafts: [note('a'), log('b')] })).rejects.toMatchObject({
        code: 'E_STORE_NEEDS_LEASE',
      });
      expect(await journal.append({ ...request, drafts: [note('c')] })).toHaveLength(1);
    });

    test('an older fence is refused, whoever has the lease now', async () => {
      const old = await heldRun(journal);
      now += 30_001;
      const fence = await journal.acquire(RUN.id, holder('there'));
      expect(fence.token).toBeGreaterThan(old.token);
      const lost = { code: 'E_LEASE_LOST' };
      await expect(journal.append({ runId: RUN.id, since: 1, fence: old, drafts: [log('x')] })).rejects.toMatchObject(
        lost,
      );
      await expect(journal.append({ runId: RUN.id, since: 1, fence: old, drafts: [note('x')] })).rejects.toMatchObject(
        lost,
      );
      await expect(journal.renew(RUN.id, old)).rejects.toMatchObject(lost);
      await journal.release(RUN.id, old);
      await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('y')] });
      expect((await readAll(journal)).map(textOf)).toEqual(['created', 'y']);
    });

    test('an expired lease that nobody took still holds, and is renewed', async () => {
      const fence = await heldRun(journal);
      now += 120_000;
      await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('slow')] });
      await journal.renew(RUN.id, fence);
      await expect(journal.acquire(RUN.id, holder('there'))).rejects.toMatchObject({ code: 'E_RUN_HELD' });
    });

    test('a held run names its holder; a released one is free, under a greater token', async () => {
      const fence = await heldRun(journal);
      const taking = journal.acquire(RUN.id, { ...holder('there'), operator: 'Bob' });
      await expect(taking).rejects.toMatchObject({ code: 'E_RUN_HELD', message: expect.stringContaining('Ada') });
      await expect(taking).rejects.toThrow(`${hostname()}, process ${process.pid}, since 2026-01-02T03:04:05.678Z`);
      expect(await journal.lease(RUN.id)).toMatchObject({ operator: 'Ada', isHolderDead: false, token: fence.token });
      await journal.release(RUN.id, fence);
      expect(await journal.lease(RUN.id)).toBeNull();
      const append = journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')] });
      await expect(append).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
      expect((await journal.acquire(RUN.id, holder('there'))).token).toBe(fence.token + 1);
    });

    test('a holder of another host counts as alive until its lease has run out', async () => {
      await journal.create(RUN, []);
      await journal.acquire(RUN.id, { ...holder('far', 1), host: 'another-host' });
      await expect(journal.acquire(RUN.id, holder())).rejects.toMatchObject({ code: 'E_RUN_HELD' });
      now += 30_000;
      await expect(journal.acquire(RUN.id, holder())).resolves.toMatchObject({ holder: 'here' });
    });

    test('a holder that was killed on this host is replaced at once', async () => {
      await journal.create(RUN, []);
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
      await once(child, 'spawn');
      const fence = await journal.acquire(RUN.id, holder('child', child.pid));
      await expect(journal.acquire(RUN.id, holder())).rejects.toMatchObject({ code: 'E_RUN_HELD' });
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await journal.lease(RUN.id)).toMatchObject({ isHolderDead: true });
      await expect(journal.acquire(RUN.id, holder())).resolves.toMatchObject({ token: fence.token + 1 });
    });

    test('secrets are replaced before anything is digested, in data, step, actor and operator', async () => {
      redactor.add('API_KEY', 'hunter2-hunter2');
      const draft: Draft = {
        ...log('token hunter2-hunter2 and sk_live_abcdefgh12', 'a/hunter2-hunter2'),
        actor: 'person:hunter2-hunter2',
      };
      const [event] = await journal.create(RUN, [draft]);
      expect(event).toMatchObject({
        actor: 'person:[redacted:API_KEY]',
        step: 'a/[redacted:API_KEY]',
        data: { text: 'token [redacted:API_KEY] and [redacted:sk]' },
      });
      await journal.acquire(RUN.id, { ...holder(), operator: 'hunter2-hunter2' });
      expect(await journal.lease(RUN.id)).toMatchObject({ operator: '[redacted:API_KEY]' });
      expect(await readAll(journal)).toEqual([event]);
    });

    test('another program can recompute the chain from what is documented', async () => {
      const [first, second] = await journal.create(RUN, [log('one'), note('two')]);
      expect(first?.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(first?.hash).not.toBe(second?.hash);
      const head = { runId: 'r', seq: 1, at: '2026-01-01T00:00:00.000Z', actor: 'engine', type: 'x', v: 1, step: null };
      expect(hashEvent(GENESIS_HASH, head, 'd')).toBe(
        '1a904e754b1713910a92dd7fede4baeefc1d02dde14251d43cae2c81a5b1a433',
      );
    });

    test('blobs come back whole, in parts or empty', async () => {
      await journal.create(RUN, []);
      const bytes = new Uint8Array(2_500_000).map((_, index) => index * 7);
      const name = await journal.putBlob(RUN.id, bytes);
      expect(Buffer.compare(await journal.getBlob(RUN.id, name), bytes)).toBe(0);
      const empty = await journal.putBlob(RUN.id, new Uint8Array());
      expect(await journal.getBlob(RUN.id, empty)).toHaveLength(0);
      await expect(journal.getBlob(RUN.id, 'absent')).rejects.toMatchObject({ code: 'E_BLOB_MISSING' });
    });

    test('a blob written piece by piece has the bytes of its pieces, and is read a part at a time', async () => {
      await journal.create(RUN, []);
      const writer = await journal.openBlob(RUN.id);
      const piece = new Uint8Array(700_000).map((_, index) => index * 11);
      for (const fill of [1, 2, 3]) await writer.write(piece.fill(fill, 0, 100));
      const { name, sizeBytes } = await writer.end();
      expect(sizeBytes).toBe(2_100_000);
      const whole = await journal.getBlob(RUN.id, name);
      // The writer's buffer was used again meanwhile.
      expect([whole[0], whole[700_000], whole[1_400_000]]).toEqual([1, 2, 3]);
      const read: Uint8Array[] = [];
      for await (const part of journal.readBlob(RUN.id, name)) read.push(part);
      expect(read.length).toBeGreaterThan(1);
      expect(Buffer.compare(Buffer.concat(read), whole)).toBe(0);
      const none = await (await journal.openBlob(RUN.id)).end();
      expect(await journal.getBlob(RUN.id, none.name)).toHaveLength(0);
      await expect(async () => {
        for await (const _ of journal.readBlob(RUN.id, 'absent'));
      }).rejects.toMatchObject({ code: 'E_BLOB_MISSING' });
    });

    test('the name of a blob does not tell its bytes to who can guess them, and so the same bytes have two', async () => {
      await journal.create(RUN, []);
      const bytes = Buffer.from('sk_live_guessable');
      const [first, second] = [await journal.putBlob(RUN.id, bytes), await journal.putBlob(RUN.id, bytes)];
      expect(first).toMatch(/^[0-9a-f]{64}$/);
      expect(first).not.toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(second).not.toBe(first);
      for (const name of [first, second]) {
        expect(Buffer.from(await journal.getBlob(RUN.id, name)).toString()).toBe('sk_live_guessable');
      }
    });

    test('a long journal is read in pages, from anywhere, while others write', async () => {
      const fence = await heldRun(journal);
      const drafts = Array.from({ length: 1_200 }, (_, index) => log(String(index)));
      await journal.append({ runId: RUN.id, since: 1, fence, drafts });
      const seqs: number[] = [];
      for await (const { seq } of journal.read(RUN.id, { after: 100 })) {
        if (seq === 101) await journal.append({ runId: RUN.id, since: 1_201, fence, drafts: [log('late')] });
        seqs.push(seq);
      }
      expect(seqs).toEqual(Array.from({ length: 1_102 }, (_, index) => index + 101));
      const some: number[] = [];
      for await (const { seq } of journal.read(RUN.id, { after: 10, limit: 3 })) some.push(seq);
      expect(some).toEqual([11, 12, 13]);
    });

    test('runs are listed newest first, by playbook and by prefix of the id', async () => {
      for (const id of ['ab1', 'ab2', 'b%1']) {
        await journal.create({ id, playbook: id === 'ab2' ? 'other' : 'breach', isDrill: true }, [log(id)]);
        now += 1_000;
      }
      const ids = async (filter?: Parameters<Journal['runs']>[0]) => (await journal.runs(filter)).map(({ id }) => id);
      expect(await ids()).toEqual(['b%1', 'ab2', 'ab1']);
      expect(await ids({ limit: 1 })).toEqual(['b%1']);
      expect(await ids({ playbook: 'breach' })).toEqual(['b%1', 'ab1']);
      expect(await ids({ idPrefix: 'ab' })).toEqual(['ab2', 'ab1']);
      expect(await ids({ idPrefix: '%' })).toEqual([]);
      expect((await journal.runs({ idPrefix: 'ab1' }))[0]).toMatchObject({
        isDrill: true,
        status: 'running',
        headSeq: 1,
      });
    });

    test("a run's status is what its last append said", async () => {
      const fence = await heldRun(journal);
      await journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('x')], status: 'waiting' });
      await journal.append({ runId: RUN.id, since: 2, fence, drafts: [log('y')] });
      expect((await journal.runs())[0]).toMatchObject({ status: 'waiting', headSeq: 3 });
      await journal.append({ runId: RUN.id, since: 3, fence, drafts: [], status: 'done' });
      expect((await journal.runs())[0]).toMatchObject({ status: 'done', headSeq: 3 });
    });

    test('who watches a run hears of it, from here and from elsewhere, and of no other run', async () => {
      const fence = await heldRun(journal);
      await heldRun(journal, 'run_2');
      const other = await openAnother();
      const onNews = vi.fn();
      const onOther = vi.fn();
      const stop = journal.watch(RUN.id, onNews);
      journal.watch('run_2', onOther);
      await other.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('from elsewhere')] });
      await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(1));
      await journal.append({ runId: RUN.id, since: 0, fence: null, drafts: [note('from here')] });
      await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(2));
      await journal.append({ runId: RUN.id, since: 0, fence, drafts: [log('by the holder')] });
      await vi.waitFor(() => expect(onNews).toHaveBeenCalledTimes(3));
      stop();
      await journal.append({ runId: 'run_2', since: 0, fence: null, drafts: [note('x')] });
      await vi.waitFor(() => expect(onOther).toHaveBeenCalledTimes(1));
      expect(onNews).toHaveBeenCalledTimes(3);
    });

    test('closing writes what is queued, and refuses what comes after', async () => {
      const fence = await heldRun(journal);
      const appending = journal.append({ runId: RUN.id, since: 1, fence, drafts: [log('last')] });
      await journal.close();
      expect(await appending).toHaveLength(1);
      await expect(journal.runs()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
      expect((await readAll(await openAnother())).map(textOf)).toEqual(['created', 'last']);
    });
  });
}
