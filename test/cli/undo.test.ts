// Taking back, as it is typed: the plan first, a yes, what came of it; and what is still in effect.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abort } from '../../engine/cli/commands/abort.ts';
import { changes } from '../../engine/cli/commands/changes.ts';
import { retry } from '../../engine/cli/commands/decide-step.ts';
import { done } from '../../engine/cli/commands/done.ts';
import { overview } from '../../engine/cli/commands/overview.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { settle } from '../../engine/cli/commands/settle.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { undo } from '../../engine/cli/commands/undo.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { Folder, jsonLines } from './in-process.ts';

/** Makes a file for a time, another for good, and one that nothing takes away; then it waits. */
const flags = (at: string): string => `apiVersion: runbook/v1
name: flags
title: Flags
category: data
severity: P3
steps:
  - id: bypass
    title: Open the bypass
    uses: shell.run
    effect: change
    target: { kind: file, id: bypass }
    with: { command: [touch, ${at}/bypass] }
    approval: { none: a test }
    undo: { uses: shell.run, with: { command: [rm, ${at}/bypass] } }
    temporary: 1h
  - id: notice
    title: Put up the notice
    uses: shell.run
    effect: change
    target: { kind: file, id: notice }
    with: { command: [touch, ${at}/notice] }
    undo: { uses: shell.run, with: { command: [rm, ${at}/notice] } }
  - id: mail
    title: Send the mail
    uses: shell.run
    effect: change
    target: { kind: mail, id: all }
    with: { command: [touch, ${at}/mail] }
  - { id: look, title: Look, manual: Look. }
`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('playbooks/flags.yaml', flags(folder.path));
});
afterEach(() => folder.remove());

const has = (file: string): boolean => existsSync(join(folder.path, file));
const start = () => folder.call((app) => run(app, 'flags', {}));
const takeBack = (steps: readonly string[] = [], options: object = { yes: true, unchecked: true }) =>
  folder.call((app) => undo(app, 'latest', steps, options));

describe('undo', () => {
  it('shows what it would take back and what it cannot, and without a terminal does nothing before a --yes', async () => {
    expect((await start()).exitCode).toBe(3);
    const { exitCode, stdout, stderr } = await takeBack([], {});
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /taken back only with --unchecked:\n {2}run 1 file +bypass, Open the bypass\n {2}run 1 file +notice/,
    );
    expect(stdout).toMatch(/Cannot be taken back:\n {2}run 1 mail +mail, Send the mail/);
    expect(stderr).toContain('Take back 2 changes of the run');
    expect(stderr).toContain('[E_NOT_CONFIRMED]');
    expect(has('bypass') && has('notice')).toBe(true);
  });

  it('takes back what nothing can look at first only with a yes of its own', async () => {
    await start();
    const { exitCode, stdout, stderr } = await takeBack([], { yes: true });
    expect(exitCode).toBe(3);
    expect(stdout).not.toContain('Each is looked at first');
    expect(stderr).toContain('[E_NOT_CONFIRMED]');
    expect(stderr).toContain('--yes --unchecked');
    expect(has('bypass') && has('notice')).toBe(true);
  });

  it('takes back what can be, says what cannot, exits 0 and leaves the run as it stands; again there is nothing left', async () => {
    await start();
    const { exitCode, stdout } = await takeBack();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /Taken back:\n {2}run 1 file +bypass.*\n {2}run 1 file +notice.*\nCannot be taken back:\n {2}run 1 mail/,
    );
    expect([has('bypass'), has('notice'), has('mail')]).toEqual([false, false, true]);
    const [state] = jsonLines(await folder.call((app) => status(app, 'latest', {}), { json: true }));
    expect(state).toMatchObject({ status: 'waiting', isUndoing: false, temporary: [] });
    const again = await takeBack([], {});
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('no changes in effect') });
  });

  it('takes back a step alone, by its id', async () => {
    await start();
    expect((await takeBack(['notice'])).exitCode).toBe(0);
    expect([has('bypass'), has('notice')]).toEqual([true, false]);
    expect(await takeBack(['notcie'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('`notice`') });
  });

  it('waits where nobody knows whether an inverse happened, and goes on once that is settled', async () => {
    await start();
    // rm does not remove a folder.
    rmSync(join(folder.path, 'bypass'));
    folder.write('bypass/in-the-way', '');
    const waits = await takeBack(['bypass']);
    expect(waits.exitCode).toBe(3);
    expect(waits.stdout).toContain('Not finished: 1 are still to be taken back. Go on with: runbook undo');
    expect(waits.stdout).toMatch(/runbook settle \w+ undo1\/1 repeat --reason WHY/);
    const other = await takeBack(['notice']);
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Another undo is under way, of bypass'),
    });
    rmSync(join(folder.path, 'bypass'), { recursive: true });
    writeFileSync(join(folder.path, 'bypass'), '');
    const settled = await folder.call((app) =>
      settle(app, 'latest', 'repeat', undefined, { reason: 'it is still there' }),
    );
    expect(settled).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('to be sent again, by ana') });
    expect(await takeBack()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Goes on with the undo that ana began.'),
    });
    expect(has('bypass')).toBe(false);
    expect(has('notice')).toBe(true);
  });

  it('is offered by an abort, and works on the run that has ended', async () => {
    await start();
    const aborted = await folder.call((app) => abort(app, 'latest', { reason: 'enough' }));
    // What was temporary was taken back by the end itself.
    expect(aborted).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/1 change is in effect\. .*runbook undo \w+/),
    });
    expect([has('bypass'), has('notice')]).toEqual([false, true]);
    expect((await takeBack()).exitCode).toBe(0);
    expect(has('notice')).toBe(false);
    const [state] = jsonLines(await folder.call((app) => status(app, 'latest', {}), { json: true }));
    expect(state).toMatchObject({ status: 'aborted' });
    expect((await (await folder.journal()).runs())[0]?.status).toBe('aborted');
  });

  it('lets a step that is done and taken back be done again by retry, and no other', async () => {
    await start();
    expect(await folder.call((app) => retry(app, 'latest', 'notice', {}))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Cannot retry notice: it is done'),
    });
    await takeBack(['notice']);
    expect((await folder.call((app) => retry(app, 'latest', 'notice', {}))).exitCode).toBe(3);
    expect(has('notice')).toBe(true);
  });

  it('leaves what another open run changed too, and restores it with --overwrite', async () => {
    await start();
    await start();
    const [second, first] = await (await folder.journal()).runs();
    const takeBackFirst = (overwrite: boolean) =>
      folder.call((app) => undo(app, first?.id ?? '', ['notice'], { yes: true, overwrite, unchecked: !overwrite }));
    const left = await takeBackFirst(false);
    expect(left.exitCode).toBe(0);
    expect(left.stdout).toContain(`run file notice (notice): the open run ${second?.id} changed it too`);
    expect(has('notice')).toBe(true);
    await takeBackFirst(true);
    expect(has('notice')).toBe(false);
  });

  it('says of what nobody knows whether it happened that it is not taken back', async () => {
    const doubt = flags(folder.path).replace(`[touch, ${folder.path}/mail]`, '[sh, -c, exit 9]');
    folder.write('playbooks/flags.yaml', doubt);
    expect((await start()).exitCode).toBe(3);
    const { stdout } = await takeBack([], {});
    expect(stdout).toMatch(
      /Not taken back, for nobody knows whether they happened:\n {2}run 1 mail +mail, Send the mail\n/,
    );
  });

  it('gives its plan and its end as JSON', async () => {
    await start();
    const lines = jsonLines(
      await folder.call((app) => undo(app, 'latest', [], { yes: true, unchecked: true }), { json: true }),
    );
    expect(lines[0]).toMatchObject({
      plan: {
        reversible: [],
        uncheckable: [{ step: 'bypass' }, { step: 'notice' }],
        irreversible: [{ step: 'mail', count: 1 }],
      },
    });
    expect(lines.at(-1)).toMatchObject({
      undo: {
        isFinished: true,
        open: 0,
        restored: [{ step: 'bypass' }, { step: 'notice' }],
        irreversible: [{ step: 'mail' }],
      },
    });
  });
});

describe('what is still in effect', () => {
  it('is shown across runs, temporary changes first, with how long they are over due', async () => {
    await start();
    const later = { ...systemClock, now: () => Date.now() + 2 * 3_600_000 };
    const { stdout, exitCode } = await folder.call((app) => status(app, undefined, {}), { clock: later });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^Temporary changes still in effect\n.*Open the bypass \(1 change\): over due by (1 h 00 min|59 min)/,
    );
    expect(stdout).toMatch(/IN EFFECT .*\n\w+ +flags +waiting +run 2 files, run 1 mail/);
    expect(stdout).toMatch(/UNFINISHED .*\n\w+ +flags +waiting/);
    const now = await folder.call((app) => status(app, 'latest', {}));
    expect(now.stdout).toMatch(
      /Temporary, still in effect: Open the bypass \(1 change\): (59 min \d\d s|1 h 00 min) left/,
    );
    expect((await folder.call((app) => overview(app, {}))).stdout).toContain('Temporary, still in effect');
  });

  it('names what nobody knows the outcome of, also once the run has ended', async () => {
    const doubt = flags(folder.path).replace(`[touch, ${folder.path}/mail]`, '[sh, -c, exit 9]');
    folder.write('playbooks/flags.yaml', doubt);
    await start();
    await folder.call((app) => abort(app, 'latest', { reason: 'enough' }));
    const one = await folder.call((app) => status(app, 'latest', {}));
    expect(one.stdout).toContain('1 change has no known outcome: run mail all (mail)');
    const all = await folder.call((app) => status(app, undefined, {}));
    expect(all.stdout).toMatch(/\n\w+ +flags +aborted +run 1 file; perhaps run 1 mail/);
    const [json] = jsonLines(await folder.call((app) => status(app, 'latest', {}), { json: true }));
    expect(json).toMatchObject({ uncertain: [{ step: 'mail', id: 'all', outcome: 'unknown' }] });
  });

  it('is empty once all of it is taken back', async () => {
    await start();
    await takeBack();
    const { stdout } = await folder.call((app) => status(app, undefined, {}));
    expect(stdout).not.toContain('Temporary');
    expect(stdout).toContain('No run has changes in effect.');
  });
});

describe('changes', () => {
  it('lists the ledger with what was taken back, as a table, as CSV and as JSON', async () => {
    await start();
    await takeBack(['notice']);
    const table = await folder.call((app) => changes(app, 'latest', {}));
    expect(table.stdout).toMatch(/^STEP +KIND +ID +OWNER +VERB +OUTCOME/);
    expect(table.stdout).toMatch(/\nnotice +file +notice +run +done .*by undo 1/);
    const csv = await folder.call((app) => changes(app, 'latest', { csv: true }));
    expect(csv.stdout).toMatch(/\nmail,mail,all,,run,done,\d+,/);
    const lines = jsonLines(await folder.call((app) => changes(app, 'latest', {}), { json: true }));
    expect(lines.map(({ step, undone }) => [step, undone])).toEqual([
      ['bypass', undefined],
      ['notice', 1],
      ['mail', undefined],
      ['undo1/1', undefined],
    ]);
  });

  it('says that there are none', async () => {
    folder.write(
      'playbooks/still.yaml',
      flags('')
        .replace(/name: flags/, 'name: still')
        .replace(/steps:[\s\S]*(?= {2}- \{ id: look)/, 'steps:\n'),
    );
    await folder.call((app) => run(app, 'still', {}));
    expect((await folder.call((app) => changes(app, 'latest', {}))).stdout).toBe('The run has changed nothing.');
  });
});

describe('a run that ends', () => {
  it('takes back what was temporary first', async () => {
    await start();
    await folder.call((app) => done(app, 'latest', 'look', { yes: true }));
    expect(has('bypass')).toBe(true);
    expect((await folder.call((app) => resume(app, 'latest', {}))).exitCode).toBe(0);
    expect([has('bypass'), has('notice')]).toEqual([false, true]);
  });
});
