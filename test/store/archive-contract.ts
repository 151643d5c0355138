// What every store must do with whole runs, whichever database is behind it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../../engine/redact.ts';
import { checkRun, isWhole, storedRun } from '../../engine/store/check-run.ts';
import type { Redactor, RestoredRun, Store } from '../../engine/store/journal.ts';
import { collect, contentOf, created, fill, said } from './archive-support.ts';
import { holder, RUN, readAll } from './support.ts';

export interface OpenOptions {
  readonly redactor: Redactor;
  readonly clock: { now(): number };
}
/** Opens the same, at first empty, store each time within one test. */
export type OpenStore = (options: OpenOptions) => Promise<Store>;

/** @param fresh a store, and another one. */
export function archiveContract(name: string, fresh: () => Promise<OpenStore>): void {
  describe(`whole runs on ${name}`, () => {
    let open: OpenStore;
    let store: Store;
    let now: number;
    const opened: Store[] = [];
    const openOne = async (how: OpenStore): Promise<Store> => {
      const one = await how({ redactor: createRedactor(), clock: { now: () => now } });
      opened.push(one);
      return one;
    };

    beforeEach(async () => {
      open = await fresh();
      now = Date.parse('2026-01-02T03:04:05.678Z');
      store = await openOne(open);
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((each) => each.close()));
    });

    const rowOf = async (of: Store): Promise<RestoredRun> => {
      const [row] = await of.runs();
      if (!row) throw new Error('there is no run');
      return row;
    };

    test('rows come as they are stored, in order, from anywhere', async () => {
      await fill(store);
      const rows = await collect(store.rows(RUN.id));
      expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
      expect(rows[0]).toMatchObject({ runId: RUN.id, type: 'run.created', step: null, v: 1 });
      expect(JSON.parse(rows[1]?.data ?? '')).toMatchObject({ text: 'first as it was' });
      for (const { salt } of rows) expect(salt).toMatch(/^[0-9a-f]{32}$/);
      expect(await collect(store.rows(RUN.id, { after: 3, limit: 1 }))).toEqual([rows[3]]);
    });

    test('parts of blobs come in order, the salt with the first one', async () => {
      const { evidence, output } = await fill(store);
      const parts = await collect(store.blobParts(RUN.id));
      expect(parts.map(({ name, part }) => [name, part])).toEqual(
        [...[0, 1, 2].map((part) => [evidence, part]), [output, 0]].sort(([a], [b]) =>
          String(a) < String(b) ? -1 : 1,
        ),
      );
      const mine = parts.filter((part) => part.name === evidence);
      expect(mine.map(({ salt }) => salt !== null)).toEqual([true, false, false]);
      const bytes = Buffer.concat(mine.map(({ data }) => data));
      expect(Buffer.compare(bytes, Buffer.alloc(2_500_000, 'evidence '))).toBe(0);
    });

    test('of a blob that never ended nothing is exported, and the next holder of the lease takes it away', async () => {
      const names = async (): Promise<readonly string[]> =>
        (await collect(store.blobParts(RUN.id))).map(({ name }) => name);
      await fill(store);
      const before = await names();
      const left = await store.openBlob(RUN.id);
      await left.write(new Uint8Array(1_500_000));
      const discarded = await store.openBlob(RUN.id);
      await discarded.write(new Uint8Array(1_500_000));
      await discarded.discard();
      expect(await names()).toEqual(before);
      await store.release(RUN.id, await store.acquire(RUN.id, holder()));
      // Its first part is gone: what is written now makes no blob that anybody could take for whole.
      const { name } = await left.end();
      await expect(store.getBlob(RUN.id, name)).rejects.toMatchObject({ code: 'E_BLOB_CORRUPT' });
    });

    test('a run is written elsewhere as it was here, and goes on there', async () => {
      const { evidence } = await fill(store);
      const [row, events, parts] = [
        await rowOf(store),
        await collect(store.rows(RUN.id)),
        await collect(store.blobParts(RUN.id)),
      ];
      await store.release(RUN.id, await store.acquire(RUN.id, holder()));
      expect(await store.remove(RUN.id, row.headSeq)).toBe(true);
      await store.restore(row, () => contentOf(events, parts));
      expect(await rowOf(store)).toEqual(row);
      expect(await collect(store.rows(RUN.id))).toEqual(events);
      expect(isWhole(await checkRun(await storedRun(store, RUN.id), { seq: row.headSeq, hash: row.headHash }))).toBe(
        true,
      );
      expect(await store.getBlob(RUN.id, evidence)).toHaveLength(2_500_000);
      const fence = await store.acquire(RUN.id, holder());
      await store.append({ runId: RUN.id, since: 5, fence, drafts: [said('goes on')] });
      expect(await store.verify(RUN.id)).toMatchObject({ events: 6 });
    });

    test('a run that is there already, or whose content ends in an error, is not written at all', async () => {
      await fill(store);
      const row = await rowOf(store);
      const events = await collect(store.rows(RUN.id));
      await expect(store.restore(row, () => contentOf(events, []))).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
      const other = { ...row, id: 'run_2' };
      const failing = async function* () {
        for (const event of events.slice(0, 3)) yield { ...event, runId: 'run_2' };
        throw new Error('cut off');
      };
      await expect(store.restore(other, failing)).rejects.toThrow('cut off');
      expect((await store.runs()).map(({ id }) => id)).toEqual([RUN.id]);
      expect(await collect(store.rows('run_2'))).toEqual([]);
      // The store is not left inside a transaction.
      await store.append({ runId: RUN.id, since: 5, fence: null, drafts: [said('after')] });
    });

    test('erasing keeps digests and hashes, erases salts, and the chain goes on', async () => {
      const { fence, output } = await fill(store);
      const before = await collect(store.rows(RUN.id));
      const draft = { type: 'event.redacted', actor: 'person:ana' } as const;
      const proof = { newSalt: '00', newDigest: 'no digest of it', reason: 'r', by: 'ana', paths: ['text'] };
      const events = await store.redact({
        runId: RUN.id,
        fence,
        events: [{ seq: 2, data: '{"text":"gone"}' }],
        removedBlobs: [output],
        drafts: [{ ...draft, data: { seq: 2, ...proof } }],
      });
      expect(events).toMatchObject([{ seq: 6, type: 'event.redacted' }]);
      const after = await collect(store.rows(RUN.id));
      expect(after[1]).toEqual({ ...before[1], data: '{"text":"gone"}', salt: '' });
      expect(after.filter(({ seq }) => seq !== 2).slice(0, 4)).toEqual(before.filter(({ seq }) => seq !== 2));
      await expect(store.getBlob(RUN.id, output)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' });
      expect(await store.verify(RUN.id)).toMatchObject({ brokenAt: 2 });
      expect(await rowOf(store)).toMatchObject({ headSeq: 6 });
    });

    test('erasing needs the lease', async () => {
      const { fence } = await fill(store);
      now += 30_001;
      await store.acquire(RUN.id, holder('there'));
      const before = await collect(store.rows(RUN.id));
      const request = { runId: RUN.id, fence, events: [{ seq: 2, data: '{}' }], removedBlobs: [], drafts: [] };
      await expect(store.redact(request)).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
      expect(await collect(store.rows(RUN.id))).toEqual(before);
    });

    test('a run is deleted with all that belongs to it, unless it is held or has gone on', async () => {
      const { fence } = await fill(store);
      await store.create({ ...RUN, id: 'run_2' }, [created()]);
      await expect(store.remove(RUN.id, 5)).rejects.toMatchObject({ code: 'E_RUN_HELD' });
      await store.release(RUN.id, fence);
      expect(await store.remove(RUN.id, 4)).toBe(false);
      expect(await readAll(store)).toHaveLength(5);
      expect(await store.remove(RUN.id, 5)).toBe(true);
      expect(await store.remove(RUN.id, 5)).toBe(false);
      expect(await collect(store.rows(RUN.id))).toEqual([]);
      expect(await collect(store.blobParts(RUN.id))).toEqual([]);
      expect((await store.runs()).map(({ id }) => id)).toEqual(['run_2']);
      // Its id is free again.
      await fill(store);
    });

    test('it says how large it is, and that it is whole', async () => {
      await fill(store);
      const facts = await store.facts();
      expect(facts).toMatchObject({ runs: 1, problems: [], place: expect.any(String), engine: expect.any(String) });
      // PostgreSQL compresses what can be.
      expect(facts.sizeBytes).toBeGreaterThan(100_000);
      expect(await store.compact()).toBe(true);
      expect(await store.verify(RUN.id)).toMatchObject({ events: 5 });
    });
  });
}
