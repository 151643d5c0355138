// What a power cut or a torn copy may leave of the write-ahead log: the store opens on a consistent beginning of each run,
// and an anchor noted elsewhere tells that events are missing. No more is claimed.
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkRun, isWhole, storedRun } from '../../engine/store/check-run.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { picker } from '../run/core-model.ts';
import { heldRun, log, RUN, readAll, silentRedactor } from './support.ts';

const CUTS = 25;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook-wal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test(`a log cut off at ${CUTS} places opens on a consistent beginning; with the head at hand the loss is seen`, async () => {
  const file = join(folder, 'runs.db');
  const store = await openSqliteJournal({ file, redactor: silentRedactor });
  const fence = await heldRun(store);
  for (let n = 1; n <= 60; n += 1)
    await store.append({ runId: RUN.id, since: n, fence, drafts: [log(`event ${n} ${'x'.repeat(500)}`)] });
  const whole = await readAll(store);
  const head = whole.at(-1);
  const chance = picker(1);
  let missing = 0;
  for (let cut = 0; cut < CUTS; cut += 1) {
    const torn = join(folder, `torn-${cut}.db`);
    copyFileSync(file, torn);
    copyFileSync(`${file}-wal`, `${torn}-wal`);
    truncateSync(`${torn}-wal`, Math.floor(chance() * statSync(`${file}-wal`).size));
    const opened = await openSqliteJournal({ file: torn, redactor: silentRedactor }).catch((error: unknown) => error);
    // Cut before the first tables, it is as good as new, or empty.
    if (opened instanceof Error) throw opened;
    const store2 = opened as typeof store;
    const runs = await store2.runs();
    if (runs.length === 1) {
      const events = await readAll(store2);
      expect(events).toEqual(whole.slice(0, events.length));
      const source = await storedRun(store2, RUN.id);
      expect(isWhole(await checkRun(source))).toBe(true);
      const anchored = await checkRun(source, { seq: head?.seq ?? 0, hash: head?.hash ?? '' });
      expect(isWhole(anchored)).toBe(events.length === whole.length);
      if (events.length < whole.length) missing += 1;
    }
    await store2.close();
  }
  expect(missing).toBeGreaterThan(5);
  await store.close();
});
