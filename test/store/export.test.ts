import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkRun, isWhole } from '../../engine/store/check-run.ts';
import { openExport, writeExport } from '../../engine/store/export.ts';
import { exportSource } from '../../engine/store/export-source.ts';
import type { Store } from '../../engine/store/journal.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { collect, fill, said } from './archive-support.ts';
import { RUN, silentRedactor } from './support.ts';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-export-'));
  file = join(folder, 'run.runbook.gz');
  store = await openSqliteJournal({ file: join(folder, 'runs.db'), redactor: silentRedactor });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function write(): Promise<void> {
  const [row] = await store.runs();
  const head = { seq: row?.headSeq ?? 0, hash: row?.headHash ?? '' };
  await writeExport(store, { runId: RUN.id, head, report: '# Report\n', engine: '0.1.0', now: 0 }, file);
}
const check = async () => checkRun(exportSource(await openExport(file)));
const lines = async (): Promise<string[]> =>
  gunzipSync(await readFile(file))
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
const rewrite = async (all: readonly string[]): Promise<void> => writeFile(file, gzipSync(`${all.join('\n')}\n`));

describe('an exported run', () => {
  test('is one file for its owner alone, which is checked without any store', async () => {
    await fill(store);
    await write();
    await store.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.includes('part'))).toEqual([]);
    const found = await check();
    expect(isWhole(found)).toBe(true);
    expect(found).toMatchObject({ chain: { events: 5 }, blobs: { whole: 2 } });
  });

  test('can be read by any program that knows gzip and JSON', async () => {
    await fill(store);
    await write();
    const [header, ...rest] = (await lines()).map((line) => JSON.parse(line));
    expect(header).toMatchObject({ format: 'runbook-export-1', run: RUN.id, head: { seq: 5 }, engine: '0.1.0' });
    expect(rest.map((line) => Object.keys(line)[0])).toEqual([
      ...Array(5).fill('event'),
      'report',
      ...Array(4).fill('blob'),
      'end',
    ]);
    expect(JSON.parse(rest[0].event.data).playbook.text).toContain('the text that is pinned');
    expect(rest.at(-1)).toEqual({ end: { events: 5, parts: 4 } });
  });

  test('holds large evidence in parts: no line needs more than a few megabytes', async () => {
    await fill(store, { evidence: Buffer.alloc(20_000_000, 'evidence that is long') });
    await write();
    expect(Math.max(...(await lines()).map((line) => line.length))).toBeLessThan(1_500_000);
    expect(isWhole(await check())).toBe(true);
  });

  test('holds what was there when it began, and not what came meanwhile', async () => {
    const { fence } = await fill(store);
    const [row] = await store.runs();
    await store.append({ runId: RUN.id, since: 5, fence, drafts: [said('later')] });
    const head = { seq: row?.headSeq ?? 0, hash: row?.headHash ?? '' };
    await writeExport(store, { runId: RUN.id, head, report: '', engine: '', now: 0 }, file);
    expect(await check()).toMatchObject({ chain: { events: 5, head: head.hash } });
  });

  test('comes back as it was', async () => {
    await fill(store);
    await write();
    const exported = await openExport(file);
    expect(await collect(exported.rows())).toEqual(await collect(store.rows(RUN.id)));
    const [theirs, ours] = [await collect(exported.blobParts()), await collect(store.blobParts(RUN.id))];
    expect(theirs.map(({ name, part, salt }) => [name, part, salt])).toEqual(
      ours.map(({ name, part, salt }) => [name, part, salt]),
    );
    for (const [index, { data }] of theirs.entries())
      expect(Buffer.compare(data, ours[index]?.data ?? Buffer.alloc(0))).toBe(0);
  });
});

describe('a file that is not what was exported', () => {
  const inEvent = (all: readonly string[], change: (line: string) => string): string[] =>
    all.map((line, index) => (index === 2 ? change(line) : line));

  test.each([
    ['an edited event', (all: string[]) => inEvent(all, (line) => line.replace('first', 'never')), 2],
    ['a removed event', (all: string[]) => all.filter((_, index) => index !== 2), 2],
    ['two events in each other’s place', ([a = '', b = '', c = '', ...rest]: string[]) => [a, c, b, ...rest], 1],
  ])('is found broken: %s', async (_what, change, brokenAt) => {
    await fill(store);
    await write();
    const changed = change(await lines());
    const end = changed.findIndex((line) => line.startsWith('{"end"'));
    const events = changed.filter((line) => line.startsWith('{"event"')).length;
    changed[end] = JSON.stringify({ end: { events, parts: 4 } });
    await rewrite(changed);
    const found = await check();
    expect(isWhole(found)).toBe(false);
    expect(found.chain).toMatchObject({ brokenAt });
  });

  test('is found broken: a changed or a missing file of evidence', async () => {
    await fill(store);
    await write();
    const all = await lines();
    const first = all.findIndex((line) => line.startsWith('{"blob"'));
    await rewrite(all.map((line, index) => (index === first ? line.replace(/"data":"..../, '"data":"AAAA') : line)));
    expect((await check()).blobs.problems).toMatchObject([{ reason: 'its bytes were changed' }]);
    const without = all.filter((line) => !line.startsWith('{"blob"') && !line.startsWith('{"end"'));
    await rewrite([...without, JSON.stringify({ end: { events: 5, parts: 0 } })]);
    expect((await check()).blobs.problems).toHaveLength(2);
  });

  test.each([
    ['cut off', async () => writeFile(file, (await readFile(file)).subarray(0, 500)), /cut off/],
    ['without its end', async () => rewrite((await lines()).slice(0, -1)), /cut off/],
    ['with a part too few', async () => rewrite((await lines()).filter((_, index) => index !== 8)), /cut off/],
    ['no gzip', async () => writeFile(file, 'hello'), /gzip/],
    ['empty', async () => writeFile(file, gzipSync('')), /cut off/],
    ['of something else', async () => writeFile(file, gzipSync('{"a":1}\n')), /no export/],
    ['of a newer format', async () => writeFile(file, gzipSync('{"format":"runbook-export-2"}\n')), /runbook-export-2/],
    ['with half an event', async () => rewrite((await lines()).map((line) => line.replace('"actor"', '"a"'))), /whole/],
  ])('is refused: one that is %s', async (_what, damage, message) => {
    await fill(store);
    await write();
    await damage();
    const refused = { code: 'E_EXPORT_INVALID', message: expect.stringMatching(message), hint: expect.any(String) };
    await expect(check()).rejects.toMatchObject(refused);
  });

  test('is refused: one that is not there', async () => {
    await expect(openExport(join(folder, 'nowhere.gz'))).rejects.toMatchObject({ code: 'E_EXPORT_READ' });
  });
});

test('an export that cannot be written leaves nothing behind', async () => {
  await fill(store);
  const [row] = await store.runs();
  const head = { seq: 5, hash: row?.headHash ?? '' };
  await writeFile(join(folder, 'taken'), '');
  const request = { runId: RUN.id, head, report: '', engine: '', now: 0 };
  const writing = writeExport(store, request, join(folder, 'taken', 'run.gz'));
  await expect(writing).rejects.toMatchObject({ code: 'E_EXPORT_WRITE', hint: expect.any(String) });
});
