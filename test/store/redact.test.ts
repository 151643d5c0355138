import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../engine/json.ts';
import { isRedactionMarker } from '../../engine/redact.ts';
import { checkRun, isWhole, storedRun } from '../../engine/store/check-run.ts';
import { createEraser, eraseAt, parsePath, pathText, TOMBSTONE } from '../../engine/store/erase.ts';
import type { Store } from '../../engine/store/journal.ts';
import { applyRedaction, type Erasure, planRedaction, type RedactionPlan } from '../../engine/store/redact.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { collect, created, type Filled, fill, said } from './archive-support.ts';
import { RUN, silentRedactor } from './support.ts';

const SECRET = 'correct horse/battery+staple';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-redact-'));
  file = join(folder, 'runs.db');
  store = await openSqliteJournal({ file, redactor: silentRedactor });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function erase({ fence }: Pick<Filled, 'fence'>, erasure: Erasure): Promise<RedactionPlan> {
  const plan = await planRedaction(store, RUN.id, erasure);
  const rest = { runId: RUN.id, fence, reason: `it has ${SECRET} in it`, by: 'ana', check: async () => undefined };
  await applyRedaction(store, { ...rest, erasure, plan });
  return plan;
}

/** Every byte that the store has on the disk. */
async function bytesOnDisk(): Promise<Buffer> {
  const read = async (name: string): Promise<Buffer> => readFile(name).catch(() => Buffer.alloc(0));
  return Buffer.concat(await Promise.all([file, `${file}-wal`, `${file}-shm`].map(read)));
}

/** How a value looks in the ways it travels. */
const FORMS = [
  SECRET,
  encodeURIComponent(SECRET),
  Buffer.from(SECRET).toString('base64'),
  Buffer.from(SECRET).toString('base64url'),
];

describe('a value that is erased from a run', () => {
  test('is in no byte of the store’s files any more, in none of its forms', async () => {
    const filled = await fill(store, {
      text: SECRET,
      evidence: Buffer.from(`a log with ${SECRET} and ${encodeURIComponent(SECRET)} in it, ${'x'.repeat(1_500_000)}`),
      output: { [SECRET]: [FORMS[2], { deep: FORMS[1] }], users: ['u1'] },
    });
    // Much around it, so that rows lie on many pages and are moved between them.
    for (let round = 0; round < 20; round += 1) {
      const since = round === 0 ? 5 : 5 + round * 20;
      const drafts = Array.from({ length: 20 }, (_, index) =>
        said(index % 3 === 0 ? `${'y'.repeat(round * 37)} ${SECRET}` : 'z'.repeat(index * 91)),
      );
      await store.append({ runId: RUN.id, since, fence: filled.fence, drafts });
    }
    const before = await bytesOnDisk();
    expect(FORMS.every((form) => before.includes(form))).toBe(true);
    const plan = await erase(filled, { value: SECRET });
    expect(await store.compact()).toBe(true);
    const after = await bytesOnDisk();
    for (const form of FORMS) expect(after.includes(form)).toBe(false);
    expect(plan.events.length).toBeGreaterThan(100);
    expect(isWhole(await checkRun(await storedRun(store, RUN.id)))).toBe(true);
  });

  test('leaves a marker in its place, and everything else as it was', async () => {
    const filled = await fill(store, { text: SECRET });
    await erase(filled, { value: SECRET });
    const rows = (await collect(store.rows(RUN.id))).map(({ data }) => JSON.parse(data));
    expect(rows[0]).toMatchObject({ operator: 'ana', inputs: { text: TOMBSTONE }, engine: '0.1.0' });
    expect(rows[1]).toEqual({ text: `first ${TOMBSTONE}`, kind: 'note', by: 'ana' });
    expect(rows[4]).toEqual({ text: 'last', kind: 'note', by: 'ana' });
    expect(isRedactionMarker(TOMBSTONE)).toBe(true);
  });

  test('is no longer in the reason that is kept, nor in the places that are named', async () => {
    const filled = await fill(store, { text: SECRET });
    await store.append({
      runId: RUN.id,
      since: 5,
      fence: filled.fence,
      drafts: [{ type: 'run.ended', actor: 'engine', data: { outcome: 'done', outputs: { [SECRET]: 1 } } }],
    });
    await erase(filled, { value: SECRET });
    const said = (await collect(store.rows(RUN.id))).slice(6).map(({ data }) => data);
    expect(said.join('\n')).toContain(`it has ${TOMBSTONE} in it`);
    expect(said.join('\n')).not.toContain(SECRET);
  });

  test('is gone from files and large outputs, whose events refer to what is left', async () => {
    const filled = await fill(store, {
      text: 'harmless',
      evidence: Buffer.from(`log: ${SECRET}.`),
      output: { key: SECRET, n: 1 },
    });
    const plan = await erase(filled, { value: SECRET });
    expect(plan.blobs.map(({ seqs }) => seqs).sort()).toEqual([[3], [4]]);
    const [, , answer, done] = (await collect(store.rows(RUN.id))).map(({ data }) => JSON.parse(data));
    const evidence = answer.evidence[0];
    expect(evidence).toMatchObject({ name: 'seen.txt', mediaType: 'text/plain', sizeBytes: 6 + SECRET.length });
    expect(Buffer.from(await store.getBlob(RUN.id, evidence.blob)).toString()).toBe(
      `log: ${'*'.repeat(SECRET.length)}.`,
    );
    const output = Buffer.from(await store.getBlob(RUN.id, done.output.ref.blob));
    expect(JSON.parse(output.toString())).toEqual({ key: TOMBSTONE, n: 1 });
    expect(done.output.ref.sizeBytes).toBe(output.length);
    for (const old of [filled.evidence, filled.output])
      await expect(store.getBlob(RUN.id, old)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' });
  });

  test('takes with it the plain digests that a guess could be tried on', async () => {
    const filled = await fill(store);
    const inputs = { password: SECRET };
    await store.append({
      runId: RUN.id,
      since: 5,
      fence: filled.fence,
      drafts: [
        {
          type: 'attempt.started',
          actor: 'engine',
          step: 'x',
          data: { attempt: 1, round: 0, uses: 'x.y', inputs, inputsDigest: 'e'.repeat(64), idempotent: true },
        },
      ],
    });
    await erase(filled, { value: SECRET });
    const data = JSON.parse((await collect(store.rows(RUN.id)))[5]?.data ?? '');
    expect(data).toMatchObject({ inputs: { password: TOMBSTONE }, attempt: 1 });
    expect(isRedactionMarker(data.inputsDigest)).toBe(true);
  });

  test('stays where the chain itself is made of it, and that is said', async () => {
    const filled = await fill(store);
    const by = 'ana@shop.example';
    await store.append({
      runId: RUN.id,
      since: 5,
      fence: filled.fence,
      drafts: [{ type: 'note.added', actor: `person:${by}`, data: { text: 'x', kind: 'note', by } }],
    });
    const plan = await planRedaction(store, RUN.id, { value: by });
    expect(plan).toMatchObject({ heads: [6], events: [{ seq: 6, paths: ['by'] }] });
  });

  test('is not erased where what would be left is refused', async () => {
    const filled = await fill(store, { text: SECRET });
    const before = await collect(store.rows(RUN.id));
    const plan = await planRedaction(store, RUN.id, { value: SECRET });
    const seen: string[] = [];
    const applying = applyRedaction(store, {
      runId: RUN.id,
      fence: filled.fence,
      erasure: { value: SECRET },
      plan,
      reason: 'r',
      by: 'ana',
      check: async (events) => {
        for await (const { data } of events) seen.push(data);
        throw new Error('not so');
      },
    });
    await expect(applying).rejects.toThrow('not so');
    expect(seen.join('')).not.toContain(SECRET);
    expect(await collect(store.rows(RUN.id))).toEqual(before);
  });
});

describe('what is erased by its place', () => {
  test('is that value alone', async () => {
    const filled = await fill(store, { text: SECRET });
    await erase(filled, { seq: 3, path: ['fields', 'seen'] });
    const rows = (await collect(store.rows(RUN.id))).map(({ data }) => JSON.parse(data));
    expect(rows[2]).toMatchObject({ fields: { seen: TOMBSTONE }, evidence: [{ name: 'seen.txt' }] });
    expect(rows[0].inputs.text).toBe(SECRET);
    expect(isWhole(await checkRun(await storedRun(store, RUN.id)))).toBe(true);
  });

  test('may be a whole file: its bytes and its name', async () => {
    const filled = await fill(store);
    await erase(filled, { seq: 3, path: ['evidence', 0] });
    const data = JSON.parse((await collect(store.rows(RUN.id)))[2]?.data ?? '');
    const ref = data.evidence[0];
    expect(ref).toMatchObject({ name: TOMBSTONE, sizeBytes: TOMBSTONE.length });
    expect(Buffer.from(await store.getBlob(RUN.id, ref.blob)).toString()).toBe(TOMBSTONE);
    await expect(store.getBlob(RUN.id, filled.evidence)).rejects.toMatchObject({ code: 'E_BLOB_MISSING' });
    expect(isWhole(await checkRun(await storedRun(store, RUN.id)))).toBe(true);
  });

  test('must be there, and must not be what proves another erasure', async () => {
    const filled = await fill(store);
    const nowhere = planRedaction(store, RUN.id, { seq: 3, path: ['fields', 'other'] });
    await expect(nowhere).rejects.toMatchObject({ code: 'E_REDACT_PLACE', hint: expect.any(String) });
    await erase(filled, { seq: 2, path: ['text'] });
    const proof = planRedaction(store, RUN.id, { seq: 6, path: ['newDigest'] });
    await expect(proof).rejects.toMatchObject({ code: 'E_REDACT_REFUSED' });
  });
});

test('another run of the same store is left as it is', async () => {
  const filled = await fill(store, { text: SECRET });
  await store.create({ ...RUN, id: 'run_2' }, [created({ text: SECRET })]);
  const before = await collect(store.rows('run_2'));
  await erase(filled, { value: SECRET });
  expect(await collect(store.rows('run_2'))).toEqual(before);
});

describe('property: erasing', () => {
  const secrets = fc
    .string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
    .filter((text) => text.trim().length >= 8);
  /** A value that hides the secret somewhere, in one of the forms it travels in. */
  const hiding = (secret: string): fc.Arbitrary<Json> => {
    const forms = fc.constantFrom(
      secret,
      `before ${secret} after`,
      encodeURIComponent(secret.toWellFormed()),
      Buffer.from(secret).toString('base64'),
    );
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        forms,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.string(), forms), tie('tree'), { maxKeys: 3 }),
        fc.constantFrom<Json>(null, true, 1),
      ),
    }));
    return tree;
  };

  test('leaves no form of the value in JSON, and nothing where it was not', () => {
    fc.assert(
      fc.property(
        secrets.chain((secret) => fc.tuple(fc.constant(secret), hiding(secret))),
        ([secret, value]) => {
          const eraser = createEraser(secret);
          const { value: left, paths } = eraser.json(value);
          const text = JSON.stringify(left);
          // A secret that is a part of the marker cannot be told from it.
          fc.pre(!TOMBSTONE.includes(secret));
          for (const form of [JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())])
            expect(text.includes(form)).toBe(false);
          expect(paths.length === 0).toBe(JSON.stringify(value) === text);
          expect(eraser.json(left).paths).toEqual([]);
        },
      ),
    );
  });

  test('keeps bytes as long as they were', () => {
    fc.assert(
      fc.property(secrets, fc.uint8Array(), fc.uint8Array(), (secret, before, after) => {
        const bytes = Buffer.concat([before, Buffer.from(secret), after]);
        const left = createEraser(secret).bytes(bytes);
        expect(left?.length).toBe(bytes.length);
        expect(left?.includes(secret)).toBe(false);
      }),
    );
  });

  test('finds a place by what is printed of it', () => {
    const key = fc.oneof(fc.string({ minLength: 1 }), fc.nat({ max: 9 }));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (path) => {
        expect(parsePath(pathText(path))).toEqual(path);
      }),
    );
    expect(parsePath('')).toBeNull();
    expect(parsePath('a..b')).toBeNull();
    expect(eraseAt({ a: [{ b: 1, c: null }] }, ['a', 0]).value).toEqual({ a: [{ b: TOMBSTONE, c: null }] });
    expect(eraseAt({ a: 1 }, ['b']).paths).toEqual([]);
  });
});
