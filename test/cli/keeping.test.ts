// Checking, moving, erasing and deleting whole runs, as commands.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { done } from '../../engine/cli/commands/done.ts';
import { exportOne } from '../../engine/cli/commands/export.ts';
import { importOne } from '../../engine/cli/commands/import.ts';
import { note } from '../../engine/cli/commands/note.ts';
import { prune } from '../../engine/cli/commands/prune.ts';
import { redact } from '../../engine/cli/commands/redact.ts';
import { report } from '../../engine/cli/commands/report.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { verify } from '../../engine/cli/commands/verify.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import type { Draft } from '../../engine/run/events.ts';
import { applyRedaction, planRedaction } from '../../engine/store/redact.ts';
import { created } from '../store/archive-support.ts';
import { holder } from '../store/support.ts';
import { Folder } from './in-process.ts';

const PLAYBOOK = `apiVersion: runbook/v1
name: by-hand
title: By hand
category: data
severity: P3
inputs:
  region: { type: string, default: eu }
steps:
  - id: look
    title: Look
    manual: "Look at \${{ inputs.region }}."
    fields: { seen: { type: string } }
    evidence: optional
`;
const SECRET = 'correct-horse-battery';
const folders: Folder[] = [];
let here: Folder;

const newFolder = (): Folder => {
  const folder = new Folder();
  folders.push(folder);
  return folder;
};
beforeEach(() => {
  here = newFolder();
  here.write('playbooks/by-hand.yaml', PLAYBOOK);
});
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});

/** A run that waits. @returns its id. */
async function start(folder = here, clock: Clock = systemClock): Promise<string> {
  const outcome = await folder.call((app) => run(app, 'by-hand', {}), { clock });
  expect(outcome.exitCode).toBe(3);
  const [row] = await (await folder.journal()).runs({ limit: 1 });
  return row?.id ?? '';
}

async function finish(id: string, seen = 'smoke', folder = here, clock: Clock = systemClock): Promise<void> {
  folder.write('evidence.txt', `a log with ${seen}`);
  const given = { field: [`seen=${seen}`], evidence: ['evidence.txt'] };
  expect((await folder.call((app) => done(app, id, 'look', given), { clock })).exitCode).toBe(0);
  expect((await folder.call((app) => resume(app, id, { plain: true }), { clock })).exitCode).toBe(0);
}

const storeOf = (folder: Folder): string => join(folder.path, '.runbook', 'runs.db');
function tamper(folder: Folder, sql: string): void {
  const handle = new Database(storeOf(folder));
  handle.exec(sql);
  handle.close();
}

describe('runbook verify', () => {
  it('says of a run that it is consistent, and that nothing outside the store proves it', async () => {
    const id = await start();
    await finish(id);
    const { exitCode, stdout } = await here.call((app) => verify(app, id, {}));
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${id}: consistent, not anchored`);
    expect(stdout).toMatch(/head \d+:[0-9a-f]{64}/);
  });

  it('takes as proof the head that was printed, and the report that was kept', async () => {
    const id = await start();
    await here.call((app) => report(app, id, { out: 'report.md' }));
    const [row] = await (await here.journal()).runs();
    await finish(id);
    for (const [given, options] of [
      [id, { head: `${row?.headSeq}:${row?.headHash}` }],
      [id, { head: row?.headHash ?? '' }],
      [id, { report: 'report.md' }],
      ['report.md', {}],
      [undefined, { report: 'report.md' }],
    ] as const) {
      const { exitCode, stdout } = await here.call((app) => verify(app, given, options));
      expect(stdout).toContain('as it was noted up to there');
      expect(exitCode).toBe(0);
    }
    // The end is cut off, and the run's own row says that it ends there.
    tamper(
      here,
      `DELETE FROM events WHERE seq >= ${row?.headSeq};
       UPDATE runs SET head_seq = ${(row?.headSeq ?? 0) - 1}, head_hash = (SELECT hash FROM events WHERE seq = ${(row?.headSeq ?? 0) - 1})`,
    );
    expect((await here.call((app) => verify(app, id, {}))).exitCode).toBe(0);
    const { exitCode, stdout } = await here.call((app) => verify(app, 'report.md', {}));
    expect(exitCode).toBe(1);
    expect(stdout).toContain('events are missing');
  });

  it('names the first event that is not what was written, among all runs, for machines too', async () => {
    const [first, second] = [await start(), await start()];
    tamper(here, `UPDATE events SET data = replace(data, 'eu', 'us') WHERE seq = 1 AND run_id = '${first}'`);
    const { exitCode, stdout } = await here.call((app) => verify(app, undefined, { all: true }));
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${first}: broken`);
    expect(stdout).toContain('event 1: its data is not what was digested (it holds the text of the playbook)');
    expect(stdout).toContain(`${second}: consistent`);
    const { stdout: json } = await here.call((app) => verify(app, first, {}), { json: true });
    expect(JSON.parse(json)).toMatchObject([{ run: first, ok: false, verdict: 'broken', brokenAt: 1, anchor: null }]);
  });

  it('refuses heads and reports that are none, and reports of another run', async () => {
    const id = await start();
    await here.call((app) => report(app, id, { out: 'report.md' }));
    const other = await start();
    here.write('text.md', 'hello');
    for (const [given, options] of [
      [id, { head: 'abc' }],
      [other, { report: 'report.md' }],
      [id, { report: 'text.md' }],
      [id, { report: 'nowhere.md' }],
      [id, { all: true }],
      [id, { report: 'report.md', head: 'a'.repeat(64) }],
    ] as const)
      expect((await here.call((app) => verify(app, given, options))).exitCode).toBe(2);
  });
});

describe('runbook export and import', () => {
  it('move a run to another machine, where it is checked, gone on with and reported', async () => {
    const id = await start();
    await here.call((app) => note(app, id, 'before it moved', {}));
    const { exitCode, stdout } = await here.call((app) => exportOne(app, id, { out: 'run.gz' }));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('runbook verify run.gz');
    const there = newFolder();
    copyFileSync(join(here.path, 'run.gz'), join(there.path, 'run.gz'));
    expect((await there.call((app) => verify(app, 'run.gz', {}))).stdout).toContain('consistent');
    expect(existsSync(storeOf(there))).toBe(false);
    expect(await there.call((app) => importOne(app, 'run.gz', {}))).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`Imported the run ${id} of by-hand`),
    });
    const row = async (folder: Folder) => (await (await folder.journal()).runs())[0];
    expect(await row(there)).toEqual(await row(here));
    await finish(id, 'smoke', there);
    expect((await there.call((app) => report(app, id, {}))).stdout).toContain('before it moved');
    expect((await there.call((app) => status(app, id, {}))).stdout).toContain('done');
    expect((await there.call((app) => verify(app, id, {}))).exitCode).toBe(0);
  });

  it('say that a run is here already, and refuse another one of the same id', async () => {
    const id = await start();
    await here.call((app) => exportOne(app, id, { out: 'run.gz' }));
    expect((await here.call((app) => importOne(app, 'run.gz', {}))).stdout).toContain('here already');
    await here.call((app) => note(app, id, 'gone on', {}));
    const { exitCode, stderr } = await here.call((app) => importOne(app, 'run.gz', {}));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('[E_RUN_EXISTS]');
    expect((await here.call((app) => verify(app, id, {}))).exitCode).toBe(0);
  });

  it('refuse what does not verify, and believe nothing that the chain does not prove', async () => {
    const id = await start();
    await here.call((app) => exportOne(app, id, { out: 'run.gz' }));
    const file = join(here.path, 'run.gz');
    const text = gunzipSync(readFileSync(file)).toString('utf8');
    const there = newFolder();
    const arrive = (changed: string): void => writeFileSync(join(there.path, 'run.gz'), gzipSync(changed));
    arrive(text.replace('Look', 'Loot'));
    const refused = await there.call((app) => importOne(app, 'run.gz', {}));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('[E_VERIFY_BROKEN]') });
    expect(refused.stderr).toContain('event 1');
    expect(await (await there.journal()).runs()).toEqual([]);
    arrive(text.replace(`"run":"${id}"`, '"run":"zzzzzzzz"'));
    expect((await there.call((app) => importOne(app, 'run.gz', {}))).stderr).toContain('[E_VERIFY_BROKEN]');
  });

  it('write over no file, and say so', async () => {
    const id = await start();
    here.write('run.gz', 'mine');
    const { exitCode, stderr } = await here.call((app) => exportOne(app, id, { out: 'run.gz' }));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[E_FILE_EXISTS]');
    expect(readFileSync(join(here.path, 'run.gz'), 'utf8')).toBe('mine');
  });
});

describe('runbook redact', () => {
  const value = { value: SECRET, reason: 'it leaked' };
  const bytes = (): string =>
    readdirSync(join(here.path, '.runbook'))
      .filter((name) => name.startsWith('runs.db'))
      .map((name) => readFileSync(join(here.path, '.runbook', name), 'latin1'))
      .join('');

  it('erases a value from events, evidence and every byte of the store, and the run is as it was otherwise', async () => {
    const id = await start();
    await finish(id, SECRET);
    await here.call((app) => report(app, id, { out: '.runbook/reports/x.md' }));
    expect(bytes()).toContain(SECRET);
    const { exitCode, stdout, stderr } = await here.call((app) => redact(app, id, { ...value, yes: true }));
    expect(exitCode).toBe(0);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stdout).toContain('fields.seen');
    expect(stdout).toContain('file evidence.txt');
    expect(stdout).toContain('No byte of the store’s files holds it.');
    expect(bytes()).not.toContain(SECRET);
    const checked = await here.call((app) => verify(app, id, {}));
    expect(checked.exitCode).toBe(0);
    expect(checked.stdout).toMatch(/values erased from 2 events \(\d+, \d+\) by ana at .*: it leaked/);
    expect(checked.stdout).toContain('it leaked');
    expect((await here.call((app) => status(app, id, {}))).stdout).toContain('done');
    const told = (await here.call((app) => report(app, id, {}))).stdout;
    expect(told.match(/Values erased from 2 events of the journal, by ana: it leaked/g)).toHaveLength(1);
    expect(told).toContain('seen = \\[redacted:erased\\]');
    expect(told).not.toContain(SECRET);
  });

  it('shows first where it stands and erases nothing without a yes', async () => {
    const id = await start();
    await finish(id, SECRET);
    const shown = await here.call((app) => redact(app, id, { value: SECRET, dryRun: true }));
    expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('fields.seen') });
    const asked = await here.call((app) => redact(app, id, value));
    expect(asked).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('[E_NOT_CONFIRMED]') });
    expect(bytes()).toContain(SECRET);
    expect((await here.call((app) => redact(app, id, { value: SECRET, yes: true }))).stderr).toContain(
      'needs a reason',
    );
    expect(await (await here.journal()).lease(id)).toBeNull();
  });

  it('shows an event with the places in it, and erases what stands at one', async () => {
    const id = await start();
    await finish(id, SECRET);
    const rows = [];
    for await (const row of (await here.journal()).rows(id)) rows.push(row);
    const event = rows.find(({ type }) => type === 'manual.answered')?.seq ?? 0;
    const shown = await here.call((app) => redact(app, id, { event }));
    expect(shown.stdout).toContain(`fields.seen = "${SECRET}"`);
    const erased = await here.call((app) =>
      redact(app, id, { event, path: 'fields.seen', reason: 'private', yes: true }),
    );
    expect(erased.exitCode).toBe(0);
    expect((await here.call((app) => redact(app, id, { event }))).stdout).toContain(
      'fields.seen = "[redacted:erased]"',
    );
    expect((await here.call((app) => verify(app, id, {}))).exitCode).toBe(0);
  });

  it('refuses what says how the run stands, and a journal that is broken', async () => {
    const id = await start();
    const refused = await here.call((app) => redact(app, id, { value: 'manual', reason: 'r', yes: true }));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('[E_REDACT_REFUSED]') });
    expect((await here.call((app) => verify(app, id, {}))).stdout).not.toContain('erased');
    tamper(here, 'UPDATE events SET at = at || 0 WHERE seq = 2');
    const broken = await here.call((app) => redact(app, id, { ...value, yes: true }));
    expect(broken.stderr).toContain('[E_VERIFY_BROKEN]');
  });

  it('waits for nobody: a run that is held is left alone', async () => {
    const id = await start();
    await (await here.journal()).acquire(id, holder());
    expect(await here.call((app) => redact(app, id, { ...value, yes: true }))).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('[E_RUN_HELD]'),
    });
  });

  it('ends what an erasure that was killed before it rebuilt the store left behind', async () => {
    const id = await start();
    await finish(id, SECRET);
    const journal = await here.journal();
    const fence = await journal.acquire(id, holder());
    const erasure = { value: SECRET };
    const plan = await planRedaction(journal, id, erasure);
    const rest = { runId: id, fence, reason: 'r', by: 'ana', check: async () => undefined };
    await applyRedaction(journal, { ...rest, erasure, plan });
    await journal.release(id, fence);
    expect(bytes()).toContain(SECRET);
    const { exitCode, stdout } = await here.call((app) => redact(app, id, { ...value, yes: true }));
    expect(stdout).toContain('does not hold it');
    expect(stdout).toContain('Rebuilt the store');
    expect(exitCode).toBe(0);
    expect(bytes()).not.toContain(SECRET);
    const again = await here.call((app) => redact(app, id, { ...value, yes: true }), { json: true });
    expect(JSON.parse(again.stdout)).toEqual({ run: id, found: { events: [], files: [], heads: [] } });
  });

  it('is not done while another process reads older pages, and says so', async () => {
    const id = await start();
    await finish(id, SECRET);
    const reader = new Database(storeOf(here));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM events').get();
    const first = await here.call((app) => redact(app, id, { ...value, yes: true }));
    reader.close();
    expect(first).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('repeat the command') });
    const second = await here.call((app) => redact(app, id, { ...value, yes: true }));
    expect(second.exitCode).toBe(0);
    expect(bytes()).not.toContain(SECRET);
  });

  it('names other runs, and reports, that hold it too', async () => {
    const [id, other] = [await start(), await start()];
    for (const one of [id, other]) await here.call((app) => note(app, one, `the key was ${SECRET}`, {}));
    const text = (await here.call((app) => report(app, id, {}))).stdout;
    here.write(`.runbook/reports/${id}.md`, text);
    const { exitCode, stderr } = await here.call((app) => redact(app, id, { ...value, yes: true }));
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Other runs hold it too: ${other}`);
    expect(stderr).toContain(`${id}.md holds it`);
    expect((await here.call((app) => redact(app, other, { ...value, yes: true }))).exitCode).toBe(0);
    expect(bytes()).not.toContain(SECRET);
  });
});

describe('runbook prune', () => {
  /** The runs are of today: it is the command that comes late. */
  const later: Clock = { ...systemClock, now: () => Date.now() + 200 * 86_400_000 };

  async function oldRuns(): Promise<{ ended: string; open: string; recent: string }> {
    const ended = await start();
    await finish(ended);
    const open = await start();
    const recent = await start();
    await finish(recent);
    return { ended, open, recent };
  }

  it('exports and deletes runs that ended long ago, and never one that is unfinished', async () => {
    const { ended, open, recent } = await oldRuns();
    tamper(here, `UPDATE runs SET created_at = '2099-01-01T00:00:00.000Z' WHERE id = '${recent}'`);
    const call = (options: Partial<Parameters<typeof prune>[1]>) =>
      here.call((app) => prune(app, { olderThan: '180d', ...options }), { clock: later });
    expect((await call({ dryRun: true })).stdout).toContain(`Would go: the run ${ended}`);
    expect((await call({})).exitCode).toBe(3);
    const { exitCode, stdout } = await call({ yes: true });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Deleted the run ${ended} of by-hand`);
    expect((await (await here.journal()).runs()).map(({ id }) => id).sort()).toEqual([open, recent].sort());
    const file = `.runbook/exports/${ended}.runbook.gz`;
    expect((await here.call((app) => verify(app, file, {}))).exitCode).toBe(0);
    expect((await here.call((app) => importOne(app, file, {}))).exitCode).toBe(0);
    expect((await here.call((app) => verify(app, ended, {}))).stdout).toContain('consistent');
  });

  it('takes a drill’s world along, and says so', async () => {
    const journal = await here.journal();
    const drill = { scenario: 'breach', seed: 1, worldFile: 'world.jsonl', isUnattended: true };
    const begun = created();
    const data = { ...begun.data, drill } as typeof begun.data;
    await journal.create({ id: 'drill234', playbook: 'by-hand', isDrill: true }, [
      { ...begun, data } as Draft,
      { type: 'run.ended', actor: 'engine', data: { outcome: 'done', outputs: {} } },
    ]);
    const fence = await journal.acquire('drill234', holder());
    await journal.append({ runId: 'drill234', since: 2, fence, drafts: [], status: 'done' });
    here.write('.runbook/drills/world.jsonl', '{}\n');
    here.write('.runbook/drills/world.home/.config/tool/token', 'x');
    here.write('.runbook/drills/other.jsonl', '{}\n');
    const call = (options: Partial<Parameters<typeof prune>[1]>) =>
      here.call((app) => prune(app, { olderThan: '180d', ...options }), { clock: later });
    await journal.release('drill234', fence);
    const { stdout } = await call({ yes: true });
    expect(stdout).toContain('Deleted the drill drill234 of by-hand (done, ended');
    expect(stdout).toContain('and its world');
    expect(readdirSync(join(here.path, '.runbook', 'drills'))).toEqual(['other.jsonl']);
  });

  it('believes the journal and not the list of runs', async () => {
    const { open } = await oldRuns();
    tamper(here, `UPDATE runs SET status = 'done' WHERE id = '${open}'`);
    await here.call((app) => prune(app, { olderThan: '180d', yes: true }), { clock: later });
    expect((await (await here.journal()).runs()).map(({ id }) => id)).toEqual([open]);
  });

  it('keeps a run whose export does not verify, and says why', async () => {
    const { ended } = await oldRuns();
    tamper(here, `UPDATE events SET at = replace(at, 'T', ' ') WHERE run_id = '${ended}' AND seq = 2`);
    const { exitCode, stderr } = await here.call((app) => prune(app, { olderThan: '180d', yes: true }), {
      clock: later,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Kept ${ended}`);
    expect(stderr).toContain('event 2');
    expect((await (await here.journal()).runs()).map(({ id }) => id)).toContain(ended);
  });

  it('deletes nothing where nothing is that old, and refuses what is no time', async () => {
    await oldRuns();
    expect((await here.call((app) => prune(app, { olderThan: '180d', yes: true }))).stdout).toContain('No run ended');
    expect((await here.call((app) => prune(app, { olderThan: 'long', yes: true }))).exitCode).toBe(2);
  });
});
