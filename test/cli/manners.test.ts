// What the command line says beside its results: who works on a run, what is over, what waits, what stays.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../engine/cli/app.ts';
import { abort } from '../../engine/cli/commands/abort.ts';
import { retry, skip } from '../../engine/cli/commands/decide-step.ts';
import { done } from '../../engine/cli/commands/done.ts';
import { init } from '../../engine/cli/commands/init.ts';
import { create } from '../../engine/cli/commands/new.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { runs } from '../../engine/cli/commands/runs.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { beforeRun } from '../../engine/cli/runs/before-run.ts';
import { endLines } from '../../engine/cli/runs/run-end.ts';
import { RunbookError } from '../../engine/errors.ts';
import { createRun } from '../../engine/run/create.ts';
import { initialState } from '../../engine/run/state.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { Folder } from './in-process.ts';

const head = (name: string, more = ''): string =>
  `apiVersion: runbook/v1\nname: ${name}\ntitle: T\ncategory: data\nseverity: P3\n${more}`;
/** Fails; a later step reads its output without a guard. */
const FAILS = `${head('fails')}steps:
  - id: files
    title: List
    uses: shell.run
    effect: read
    with: { command: [ls, /nothing-here] }
  - id: tell
    title: Tell
    manual: "It wrote \${{ steps.files.output.stdout }}"
`;
const ASKS = `${head('asks', 'concurrency: one\n')}steps:
  - id: ask
    title: Ask
    manual: Ask.
    fields:
      count: { type: integer, default: 3 }
      why: { type: string }
`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('playbooks/fails.yaml', FAILS);
  folder.write('playbooks/asks.yaml', ASKS);
});
afterEach(() => folder.remove());

const start = (name: string, options: Parameters<typeof run>[2] = {}) => folder.call((app) => run(app, name, options));

/** As a process of somebody else that is alive. @returns lets it go. */
async function hold(): Promise<() => Promise<void>> {
  const journal = await folder.journal();
  const [row] = await journal.runs({ limit: 1 });
  const runId = row?.id ?? '';
  const fence = await journal.acquire(runId, { id: 'other', host: hostname(), pid: process.pid, operator: 'bea' });
  return () => journal.release(runId, fence);
}

/** A run as one that was killed leaves it: nothing was said of its end. */
async function killed(name: string, more: { readonly confirmEach?: boolean } = {}): Promise<string> {
  const { createCompiler } = await import('../../engine/cli/playbooks/compiler.ts');
  const { findPlaybook, readPlaybook } = await import('../../engine/cli/playbooks/playbook-files.ts');
  let id = '';
  await folder.call(async (app) => {
    const file = findPlaybook(app, name);
    const plan = await createCompiler(app).plan(readPlaybook(file), file.shown);
    const made = {
      journal: await app.journal(),
      plan,
      inputs: {},
      operator: 'ana',
      env: {},
      version: '0.0.0',
      ...more,
    };
    id = (await createRun({ ...made, random: Math.random })).runId;
    return 0;
  });
  return id;
}

describe('a run that somebody works on', () => {
  it.each([
    ['skip', (app: App) => skip(app, 'latest', 'files', { reason: 'known' })],
    ['done', (app: App) => done(app, 'latest', 'files', {})],
    ['retry', (app: App) => retry(app, 'latest', 'files', {})],
  ])('refuses %s before it advises anything', async (_, command) => {
    await start('fails');
    const release = await hold();
    const { exitCode, stdout, stderr } = await folder.call(command);
    await release();
    expect(exitCode).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error Run \w+ is held by bea/);
    expect(stderr).not.toContain('Give it with');
  });

  it('is not offered to be gone on with: it is said who works on it, and what can be done', async () => {
    await start('asks');
    const release = await hold();
    const { exitCode, stderr } = await start('asks');
    await release();
    expect(exitCode).toBe(4);
    expect(stderr).toContain('bea works on it: process');
    expect(stderr).toMatch(/runbook status \w+ shows how it stands, runbook note \w+ TEXT/);
    expect(stderr).not.toContain('runbook resume');
  });
});

describe('a run that nobody works on', () => {
  it('has one word in every listing', async () => {
    const id = await killed('asks');
    expect((await folder.call((app) => runs(app, { limit: 9 }))).stdout).toMatch(new RegExp(`^${id} .*stopped`, 'm'));
    expect((await folder.call((app) => status(app, undefined, {}))).stdout).toMatch(
      new RegExp(`^${id} .*stopped`, 'm'),
    );
    const release = await hold();
    expect((await folder.call((app) => runs(app, { limit: 9 }))).stdout).toMatch(new RegExp(`^${id} .*running`, 'm'));
    await release();
  });
});

describe('a run that has ended', () => {
  it.each([
    ['retry', (app: App) => retry(app, 'latest', 'files', {})],
    ['skip', (app: App) => skip(app, 'latest', 'files', { reason: 'known' })],
  ])('refuses %s, for nothing is left to decide', async (_, command) => {
    await start('fails');
    expect((await folder.call((app) => abort(app, 'latest', { reason: 'enough' }))).exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await folder.call(command);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('aborted. Nothing of it is left to decide [E_STEP_STATE]');
  });
});

describe('abort', () => {
  it('of a run whose outcome is fixed says that there is nothing left to abort', async () => {
    const id = await killed('asks');
    const journal = await folder.journal();
    const fence = await journal.acquire(id, { id: 'x', host: hostname(), pid: process.pid, operator: 'ana' });
    const drafts = [{ type: 'run.ending', actor: 'engine', data: { outcome: 'done' } }] as const;
    await journal.append({ runId: id, since: 1, fence, drafts });
    const { exitCode, stderr } = await folder.call((app) => abort(app, id, { reason: 'stop' }));
    await journal.release(id, fence);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is nothing left to abort');
    expect((await journal.runs({ idPrefix: id }))[0]?.headSeq).toBe(2);
  });
});

describe('a step that failed, without a terminal', () => {
  it('is told with every way to go on', async () => {
    const { stdout } = await start('fails');
    expect(stdout).toMatch(/runbook retry \w+ files\n/);
    expect(stdout).toMatch(/runbook retry \w+ files --input NAME=VALUE\n/);
    expect(stdout).toMatch(/runbook skip \w+ files --reason WHY --output JSON\n/);
    expect(stdout).toMatch(/runbook done \w+ files --output JSON\n/);
    expect(stdout).toMatch(/runbook abort \w+ --reason WHY\n/);
  });

  it('for its time says the limit as it was written, and what can be done about it', async () => {
    folder.write(
      'playbooks/slow.yaml',
      `${head('slow', 'timeout: 1s\n')}steps:\n  - id: wait\n    title: Wait\n    uses: wait\n    with: { for: 1h }\n`,
    );
    const { stdout } = await start('slow');
    expect(stdout).toContain('took longer than 1 s');
    expect(stdout).not.toContain('1000 ms');
    // The run itself ran out of time: it has no path to name it by.
    expect(stdout).toMatch(/paused +the run: a decision/);
  });
});

describe('a run that asks before each step', () => {
  it('asks also when it is gone on with: without a terminal it waits, and says for what', async () => {
    const id = await killed('asks', { confirmEach: true });
    const { exitCode, stdout } = await folder.call((app) => resume(app, id, { yes: true }));
    expect(exitCode).toBe(3);
    expect(stdout).toContain('Ask: waits for your go-ahead');
    expect(stdout.match(/waits for your go-ahead/g)).toHaveLength(1);
    expect(stdout).toMatch(/paused +ask: your go-ahead: this run asks before each step/);
    const shown = await folder.call((app) => status(app, id, {}));
    expect(shown.stdout).toContain('Ask: waits for your go-ahead');
    const aborted = await folder.call((app) => abort(app, id, { reason: 'enough' }));
    expect(aborted.exitCode).toBe(0);
  });
});

it('--confirm-each is kept with the run', async () => {
  folder.write(
    'playbooks/says.yaml',
    `${head('says')}steps:\n  - { id: say, title: Say, uses: wait, with: { for: 1ms } }\n`,
  );
  const options = { confirmEach: true, yes: true, plain: true };
  const atTerminal = (app: App): App => ({ ...app, terminal: { ...app.terminal, isInteractive: true } });
  expect((await folder.call((app) => run(atTerminal(app), 'says', options))).exitCode).toBe(0);
  const journal = await folder.journal();
  const [row] = await journal.runs({ limit: 1 });
  for await (const event of journal.read(row?.id ?? '', { after: 0 }))
    if (event.type === 'run.created') expect(event.data.confirmEach).toBe(true);
});

describe('answers from a file', () => {
  it('take no default in silence: it is said which, unless --yes takes them', async () => {
    folder.write('answers.yaml', 'ask: { fields: { why: known } }\n');
    const silent = await start('asks', { answers: 'answers.yaml' });
    expect(silent).toMatchObject({ exitCode: 2, stdout: '' });
    expect(silent.stderr).toContain('ask: does not say `count`, and its default would stand for it');
    expect(await (await folder.journal()).runs()).toEqual([]);
    expect((await start('asks', { answers: 'answers.yaml', yes: true })).exitCode).toBe(0);
    folder.write('answers.yaml', 'ask: { fields: { why: known, count: 3 } }\n');
    expect((await start('asks', { answers: 'answers.yaml' })).exitCode).toBe(0);
  });
});

describe('the end of a run', () => {
  const palette = createPalette(false);
  const facts = { runId: 'k3j', waiting: [], isInterrupted: false, reversible: 0, palette };

  it('names what was to be for a time only and stays on purpose', () => {
    const state = initialState();
    state.outcome = 'done';
    state.endedAt = '2026-05-12T03:00:00.000Z';
    state.kept.set('bypass', { by: 'ana', reason: 'until Monday' });
    const change = { key: 'k', step: 'bypass', kind: 'rule', id: 'r', verb: 'open', round: 0, seq: 3 };
    state.changes.set('bypass', new Map([['k', { ...change, outcome: 'done' }]]));
    const lines = endLines({ ...facts, state });
    expect(lines).toContain('Temporary, and stays on purpose: bypass (1 change), by ana: until Monday. Take it back:');
    expect(lines).toContain('  runbook undo k3j bypass');
  });

  it('that was interrupted says what it waits for', () => {
    const item = {
      path: 'ask',
      title: 'Ask',
      kind: 'answer',
      text: 'waits for a person to do it',
      commands: ['x'],
    } as const;
    const lines = endLines({ ...facts, state: initialState(), isInterrupted: true, waiting: [item] });
    expect(lines.slice(1)).toEqual([
      'Paused. Nothing is lost. It waits for:',
      '  Ask: waits for a person to do it',
      '    x',
      'then',
      '  runbook resume k3j',
      'Journal of k3j: 0 events, head',
      `  ${'0'.repeat(64)}`,
    ]);
  });
});

describe('a disk that is full', () => {
  it('before there is a run says to start again, not to resume', async () => {
    const full = new RunbookError({
      code: 'E_STORE_FULL',
      message: 'full',
      hint: 'Free some space, then runbook resume',
    });
    const error = await beforeRun(() => Promise.reject(full)).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'E_STORE_FULL',
      message: 'full',
      hint: 'Free some space, then start it again: no run was made',
    });
  });
});

describe('files for a person to go on from', () => {
  it('name schemas that lie beside them, and no package that is not there', async () => {
    const { stdout } = await folder.call((app) => init(app, {}));
    expect(stdout).not.toContain('--save-dev runbook');
    expect(stdout).toMatch(/npm install --save-dev PATH\/runbook-[\d.]+\.tgz/);
    await folder.call((app) => create(app, 'playbook', 'mine', {}));
    for (const file of ['contacts.yaml', 'playbooks/example.yaml', 'playbooks/mine.yaml']) {
      const [, named = ''] = /\$schema=(\S+)/.exec(readFileSync(join(folder.path, file), 'utf8')) ?? [];
      expect(named, file).toMatch(/^\.\.?\//);
      expect(existsSync(join(folder.path, file, '..', named)), `${file}: ${named}`).toBe(true);
    }
  });

  it('name none outside a project', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'runbook-no-project-'));
    try {
      const project = { root: null, playbookFolders: [join(cwd, 'playbooks')] };
      await folder.call((app) =>
        create({ ...app, cwd, project: { ...app.project, ...project } }, 'playbook', 'mine', {}),
      );
      expect(readFileSync(join(cwd, 'playbooks/mine.yaml'), 'utf8')).toMatch(/^apiVersion: runbook\/v1\n/);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
