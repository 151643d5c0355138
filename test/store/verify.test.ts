import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Anchor, anchorOfReport, parseAnchor } from '../../engine/store/anchor.ts';
import { digestData, GENESIS_HASH, hashEvent } from '../../engine/store/chain.ts';
import { checkRun, isWhole, type RunCheck, storedRun } from '../../engine/store/check-run.ts';
import type { Store, StoredEvent } from '../../engine/store/journal.ts';
import { applyRedaction, planRedaction } from '../../engine/store/redact.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { collect, type Filled, fill, said } from './archive-support.ts';
import { RUN, silentRedactor } from './support.ts';

let folder: string;
let file: string;
let store: Store;
let filled: Filled;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-verify-'));
  file = join(folder, 'runs.db');
  store = await openSqliteJournal({ file, redactor: silentRedactor });
  filled = await fill(store);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const check = async (anchor?: Anchor): Promise<RunCheck> => checkRun(await storedRun(store, RUN.id), anchor);

/** Changes the store behind the journal's back. */
function tamper(sql: string): void {
  const handle = new Database(file);
  try {
    handle.exec(sql);
  } finally {
    handle.close();
  }
}

/** As somebody would who knows how the chain is made and can write the store: everything fits again. */
async function recompute(change: (event: StoredEvent) => StoredEvent, keep = Number.POSITIVE_INFINITY): Promise<void> {
  const events = (await collect(store.rows(RUN.id))).slice(0, keep).map(change);
  const handle = new Database(file);
  let previous = GENESIS_HASH;
  const last = events.at(-1)?.seq ?? 0;
  for (const event of events) {
    const digest = digestData(event.salt, event.data);
    previous = hashEvent(previous, event, digest);
    handle
      .prepare('UPDATE events SET data = ?, digest = ?, hash = ? WHERE seq = ?')
      .run(event.data, digest, previous, event.seq);
  }
  handle.prepare('DELETE FROM events WHERE seq > ?').run(last);
  handle.prepare('UPDATE runs SET head_seq = ?, head_hash = ?').run(last, previous);
  handle.close();
}

async function eraseFirstNote(): Promise<void> {
  const erasure = { seq: 2, path: ['text'] };
  const plan = await planRedaction(store, RUN.id, erasure);
  const { fence } = filled;
  await applyRedaction(store, {
    runId: RUN.id,
    fence,
    erasure,
    plan,
    reason: 'leaked',
    by: 'ana',
    check: async () => undefined,
  });
}

describe('a run that nobody touched', () => {
  test('is whole, and not anchored unless somebody noted its head', async () => {
    const found = await check();
    expect(isWhole(found)).toBe(true);
    expect(found).toMatchObject({ chain: { events: 5 }, blobs: { whole: 2, problems: [] }, redactions: [] });
    expect(found.anchor).toBeUndefined();
  });

  test('holds any head that was noted on its way', async () => {
    for (const { seq, hash } of await collect(store.rows(RUN.id))) {
      expect(await check({ seq, hash })).toMatchObject({ anchor: { holds: true } });
      expect(await check({ hash })).toMatchObject({ anchor: { holds: true } });
      expect(await check({ seq: seq + 1, hash })).toMatchObject({ anchor: { holds: false } });
    }
  });
});

test('a run that goes on while it is looked at is not called broken', async () => {
  let looks = 0;
  const racing = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'runs') return value.bind(target);
      return async (...given: unknown[]) => {
        const rows = await value.apply(target, given);
        looks += 1;
        // Its holder appends after the head was read, and before the events are.
        const { fence } = filled;
        if (looks === 1) await target.append({ runId: RUN.id, since: 5, fence, drafts: [said('meanwhile')] });
        return rows;
      };
    },
  });
  const found = await checkRun(await storedRun(racing, RUN.id));
  expect(isWhole(found)).toBe(true);
  expect(found.chain.events).toBe(6);
});

describe('what was changed is found, and the first event it broke is named', () => {
  test.each([
    ['an edited event', `UPDATE events SET data = replace(data, 'first', 'never') WHERE seq = 2`, 2, /digested/],
    ['an edited time', `UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 3`, 3, /hash/],
    ['another actor', `UPDATE events SET actor = 'person:eve' WHERE seq = 3`, 3, /hash/],
    ['another step', `UPDATE events SET step = 'ban' WHERE seq = 4`, 4, /hash/],
    ['a removed event', 'DELETE FROM events WHERE seq = 3', 3, /missing/],
    ['a removed end', 'DELETE FROM events WHERE seq >= 4', 4, /missing/],
    [
      'two events in each other’s place',
      'UPDATE events SET seq = seq + 10 WHERE seq IN (2, 3); UPDATE events SET seq = 15 - seq WHERE seq > 10',
      2,
      /hash/,
    ],
    [
      'an added event',
      `INSERT INTO events SELECT run_id, 6, at, actor, type, v, step, data, salt, digest, hash FROM events WHERE seq = 5`,
      6,
      /added/,
    ],
    [
      'a replaced text of the playbook',
      `UPDATE events SET data = replace(data, 'the text that is pinned', 'another one') WHERE seq = 1`,
      1,
      /text of the playbook/,
    ],
    ['a salt that was erased', `UPDATE events SET salt = '' WHERE seq = 2`, 2, /without a trace/],
    ['another head', `UPDATE runs SET head_hash = '${'0'.repeat(64)}'`, 5, /head/],
  ])('%s', async (_what, sql, brokenAt, reason) => {
    tamper(sql);
    const found = await check();
    expect(isWhole(found)).toBe(false);
    expect(found.chain).toMatchObject({ brokenAt, reason: expect.stringMatching(reason) });
  });

  test.each([
    ['changed', `UPDATE blobs SET data = x'00' WHERE digest = (SELECT digest FROM blobs WHERE part = 1)`, /changed/],
    ['cut', 'DELETE FROM blobs WHERE part = 1', /part 1 is missing/],
    ['robbed of its salt', 'UPDATE blobs SET salt = NULL WHERE part = 0', /salt/],
    ['removed', 'DELETE FROM blobs', /missing/],
  ])('a blob that was %s, with the event that refers to it', async (_what, sql, reason) => {
    tamper(sql);
    const found = await check();
    expect(isWhole(found)).toBe(false);
    expect(found.chain.brokenAt).toBeUndefined();
    expect(found.blobs.problems).toContainEqual({
      blob: filled.evidence,
      seq: 3,
      reason: expect.stringMatching(reason),
    });
  });
});

test('property: no single change to the rows of a run stays unseen', async () => {
  const rows = await collect(store.rows(RUN.id));
  const parts = await collect(store.blobParts(RUN.id));
  const [row] = await store.runs();
  const expected = { seq: 5, hash: row?.headHash ?? '', lastSeq: 5 };
  const isSeen = async (changed: readonly StoredEvent[]): Promise<boolean> => {
    const source = {
      rows: () => streamOf(changed),
      blobParts: () => streamOf(parts),
      expected,
    };
    return !isWhole(await checkRun(source, { hash: expected.hash }));
  };
  expect(await isSeen(rows)).toBe(false);
  const texts = ['at', 'actor', 'type', 'data', 'salt', 'digest', 'hash'] as const;
  const edits = fc.record({
    kind: fc.constantFrom('edit', 'renumber', 'version', 'step', 'remove', 'repeat', 'swap'),
    index: fc.nat({ max: rows.length - 1 }),
    other: fc.nat({ max: rows.length - 1 }),
    column: fc.constantFrom(...texts),
    at: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(edits, async ({ kind, index, other, column, at }) => {
      const changed = [...rows];
      const event = rows[index];
      const second = rows[other];
      if (!event || !second) throw new Error('no such row');
      const text = event[column];
      const place = at % text.length;
      const next = text[place] === 'a' ? 'b' : 'a';
      if (kind === 'edit') changed[index] = { ...event, [column]: text.slice(0, place) + next + text.slice(place + 1) };
      if (kind === 'renumber') changed[index] = { ...event, seq: event.seq + 1 + (at % 9) };
      if (kind === 'version') changed[index] = { ...event, v: event.v + 1 };
      if (kind === 'step') changed[index] = { ...event, step: event.step === null ? 'a' : null };
      if (kind === 'remove') changed.splice(index, 1);
      if (kind === 'repeat') changed.splice(index, 0, event);
      fc.pre(kind !== 'swap' || index !== other);
      if (kind === 'swap') [changed[index], changed[other]] = [second, event];
      expect(await isSeen(changed)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('what only a head that was noted elsewhere shows', () => {
  test('events cut off, with the head of the run set back', async () => {
    const [, , , , last] = await collect(store.rows(RUN.id));
    await recompute((event) => event, 3);
    expect(isWhole(await check())).toBe(true);
    const found = await check({ seq: 5, hash: last?.hash ?? '' });
    expect(isWhole(found)).toBe(false);
    expect(found.anchor?.holds).toBe(false);
  });

  test('a whole chain computed anew over other data', async () => {
    const [row] = await store.runs();
    await recompute((event) => (event.seq === 2 ? { ...event, data: event.data.replace('first', 'never') } : event));
    expect(isWhole(await check())).toBe(true);
    for (const anchor of [{ hash: row?.headHash ?? '' }, { seq: 5, hash: row?.headHash ?? '' }])
      expect(isWhole(await check(anchor))).toBe(false);
  });
});

describe('an event that values were erased from', () => {
  test('is named with who did it and why, and the heads that were noted before still hold', async () => {
    const [row] = await store.runs();
    await eraseFirstNote();
    const found = await check({ seq: 5, hash: row?.headHash ?? '' });
    expect(isWhole(found)).toBe(true);
    expect(found.chain.redacted).toEqual([2]);
    expect(found.redactions).toMatchObject([{ seq: 2, saidIn: 6, by: 'ana', reason: 'leaked', paths: ['text'] }]);
    expect(await store.verify(RUN.id)).toMatchObject({ events: 6, redacted: [2] });
  });

  test('may be erased from again: the newest says what is left', async () => {
    await eraseFirstNote();
    const erasure = { seq: 2, path: ['by'] };
    const plan = await planRedaction(store, RUN.id, erasure);
    const rest = { runId: RUN.id, fence: filled.fence, reason: 'too', by: 'ana', check: async () => undefined };
    await applyRedaction(store, { ...rest, erasure, plan });
    const found = await check();
    expect(isWhole(found)).toBe(true);
    expect(found.redactions.map(({ seq, paths }) => [seq, paths])).toEqual([
      [2, ['text']],
      [2, ['by']],
    ]);
  });

  test('is broken where what was left of it is changed', async () => {
    await eraseFirstNote();
    tamper(`UPDATE events SET data = '{"text":"innocent"}' WHERE seq = 2`);
    expect((await check()).chain).toMatchObject({ brokenAt: 2, reason: expect.stringContaining('erased') });
  });
});

describe('a head as people note it', () => {
  test('is read alone, or with the number of its event', () => {
    const hash = 'A'.repeat(64);
    expect(parseAnchor(hash)).toEqual({ hash: 'a'.repeat(64) });
    expect(parseAnchor(` 57:${hash} `)).toEqual({ seq: 57, hash: 'a'.repeat(64) });
    for (const text of ['', '57', hash.slice(1), `x:${hash}`, `${hash}0`]) expect(parseAnchor(text)).toBeNull();
  });

  test('property: whatever else a report says, its last line that names a run and its head is what counts', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 99_999 }), (noise, seq) => {
        const line = (run: string, at: number): string =>
          `Run ${run} of by-hand, led by ana. Journal: ${at} events, head ${'b'.repeat(64)}.`;
        const text = `# Report\n${noise}\n${line('quoted', 1)}\n${noise}\n\n${line('abcd2345', seq)}\n`;
        expect(anchorOfReport(text)).toEqual({ run: 'abcd2345', seq, hash: 'b'.repeat(64) });
      }),
    );
    expect(anchorOfReport('# Report')).toBeNull();
  });
});
