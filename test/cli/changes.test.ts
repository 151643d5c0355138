// The ledger of a run as it is printed: large ones line by line, and nothing in them acts on a spreadsheet.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changes } from '../../engine/cli/commands/changes.ts';
import { changeCells, changeJson, csvLine } from '../../engine/cli/runs/change-cells.ts';
import { createRun } from '../../engine/run/create.ts';
import type { Draft } from '../../engine/run/events.ts';
import type { Change } from '../../engine/run/state.ts';
import { planOf, playbook } from '../playbook/helpers.ts';
import { Folder } from './in-process.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

const WINDOW = 500;
const WINDOWS = 200;

/** A run with 100,000 changes, as the engine would have written them. */
async function largeRun(): Promise<void> {
  const journal = await folder.journal();
  const text = playbook('  - { id: ban, title: Ban, manual: Ban. }\n');
  const { runId } = await createRun({
    journal,
    plan: planOf(text),
    inputs: {},
    operator: 'ana',
    env: {},
    random: Math.random,
    version: 'test',
  });
  const fence = await journal.acquire(runId, { id: 'test', host: 'test', pid: process.pid, operator: 'ana' });
  const place = { kind: 'group', title: 'Test', index: 0 } as const;
  const drafts: Draft[] = [
    { type: 'step.opened', actor: 'engine', step: '', data: place },
    { type: 'step.opened', actor: 'engine', step: 'ban', data: { ...place, kind: 'uses' } },
  ];
  const what = { kind: 'user', verb: 'ban', round: 0 } as const;
  for (let window = 0; window < WINDOWS; window += 1) {
    const ids = Array.from({ length: WINDOW }, (_, index) => `u${window * WINDOW + index}`);
    const targets = ids.map((id) => ({ id, before: { banned: false } }));
    const intended = { ...what, attempt: 1, after: { banned: true }, targets };
    drafts.push({ type: 'change.intended', actor: 'engine', step: 'ban', data: intended });
    const results = ids.map((id) => ({ id, outcome: 'done' as const }));
    drafts.push({ type: 'change.settled', actor: 'engine', step: 'ban', data: { ...what, results } });
  }
  await journal.append({ runId, since: 1, fence, drafts });
  await journal.release(runId, fence);
}

it('prints 100,000 changes, a line each, in pieces', async () => {
  await largeRun();
  const csv = await folder.call((app) => changes(app, 'latest', { csv: true }));
  const lines = csv.stdout.split('\n');
  expect(lines).toHaveLength(1 + WINDOW * WINDOWS);
  expect(lines[0]).toBe('step,kind,id,owner,verb,outcome,seq,at,taken back,change');
  expect(lines.at(-1)).toMatch(/^ban,user,u99999,,ban,done,\d+,\d{4}-.*Z,,banned: false → true$/);
}, 60_000);

it('refuses two forms at once', async () => {
  expect(await folder.call((app) => changes(app, 'latest', { csv: true }), { json: true })).toMatchObject({
    exitCode: 2,
  });
});

const change: Change = {
  key: 'k',
  step: 'ban',
  kind: 'user',
  id: '=HYPERLINK("x")',
  verb: 'ban',
  round: 0,
  seq: 7,
  intendedAt: '2026-05-12T03:00:00.123Z',
  owner: { kind: 'org', id: 'o1' },
  before: { banned: false },
  after: { banned: true, by: 'us' },
  outcome: 'failed',
  error: 'said "no",\nagain',
};

it('shows owner, error, time, and every field that it sets', () => {
  expect(changeCells(change).slice(3)).toEqual([
    'org o1',
    'ban',
    'failed: said "no", again',
    '7',
    '2026-05-12T03:00:00Z',
    '',
    'banned: false → true, by: ? → us',
  ]);
  expect(changeJson({ ...change, undone: 2 })).toMatchObject({
    owner: { kind: 'org' },
    undone: 2,
    error: change.error,
  });
});

it('quotes as CSV does, and marks what a spreadsheet would take for a formula as text', () => {
  expect(csvLine(changeCells(change))).toContain(`"'=HYPERLINK(""x"")"`);
  expect(csvLine(changeCells(change))).toContain('"failed: said ""no"", again"');
  expect(csvLine(['-1', '+1', '@a', 'a-b'])).toBe("'-1,'+1,'@a,a-b");
});
