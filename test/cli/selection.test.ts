// A run as it is asked for: a part of its playbook, answers written down before, an environment, one at a time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../engine/cli/commands/run.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { Folder, jsonLines } from './in-process.ts';

const STEPS = `apiVersion: runbook/v1
name: parts
title: Parts
category: data
severity: P3
steps:
  - { id: ask, title: Ask, manual: Ask., tags: [quick], fields: { who: { type: string, default: nobody } } }
  - id: more
    title: More
    steps:
      - { id: one, title: One, manual: One. }
      - { id: two, title: Two, manual: Two., tags: [quick] }
finally:
  - { id: tidy, title: Tidy, manual: Tidy. }
`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('playbooks/parts.yaml', STEPS);
});
afterEach(() => folder.remove());

const start = (options: Parameters<typeof run>[2], name = 'parts') => folder.call((app) => run(app, name, options));
async function state(): Promise<{ readonly [name: string]: unknown } | undefined> {
  return jsonLines(await folder.call((app) => status(app, 'latest', {}), { json: true }))[0];
}

describe('run --from and --only', () => {
  it('skips what stands before a step, and says so', async () => {
    expect((await start({ from: 'two' })).exitCode).toBe(3);
    expect(await state()).toMatchObject({
      steps: [
        { path: 'ask', phase: 'skipped', skipped: 'the run starts from two' },
        { path: 'more', phase: 'open' },
        { path: 'more/one', phase: 'skipped', skipped: 'the run starts from two' },
        { path: 'more/two', phase: 'open' },
      ],
    });
  });

  it('runs the steps of a tag alone', async () => {
    folder.write('answers.yaml', 'ask: { fields: { who: bo } }\ntwo: { fields: {} }\n');
    expect((await start({ only: ['quick'], answers: 'answers.yaml' })).exitCode).toBe(3);
    expect(await state()).toMatchObject({
      steps: [
        { path: 'ask', phase: 'done' },
        { path: 'more', phase: 'done' },
        { path: 'more/one', phase: 'skipped', skipped: 'only quick was to run' },
        { path: 'more/two', phase: 'done' },
        { path: 'finally', phase: 'open' },
        { path: 'finally/tidy', phase: 'open' },
      ],
    });
  });

  it('offers the name that was meant, and makes no run', async () => {
    expect(await start({ only: ['quikc'] })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('did you mean `quick`?'),
    });
    expect(await start({ from: 'oen' })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('did you mean `one`?'),
    });
    expect(await (await folder.journal()).runs()).toEqual([]);
  });
});

describe('run --answers', () => {
  it('answers manual steps without asking, with fields and with reasons to skip', async () => {
    folder.write('answers.yaml', 'ask: { fields: { who: bo } }\nmore/one: { skip: not today }\ntwo: { fields: {} }\n');
    const { stdout } = await start({ answers: 'answers.yaml' });
    expect(stdout).toContain('skipped  One: ana: not today');
    expect(stdout).toMatch(/Tidy: waits for a person to do it/);
  });

  it('refuses a file that is not about this playbook, and makes no run', async () => {
    folder.write('answers.yaml', 'aks: { fields: { who: bo } }\n');
    expect(await start({ answers: 'answers.yaml' })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[E_ANSWERS_INVALID]'),
    });
    expect(await (await folder.journal()).runs()).toEqual([]);
  });
});

describe('run --confirm-each', () => {
  it('needs somebody to confirm', async () => {
    expect(await start({ confirmEach: true })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--confirm-each asks before each step'),
    });
  });
});

describe('run --env', () => {
  it('takes variables of the environment, records its name, and names production', async () => {
    folder.write(
      'runbook.config.yaml',
      'environments:\n  live: { production: true, variables: { REGION: eu } }\n  test: { variables: { REGION: us } }\n',
    );
    folder.write(
      'playbooks/where.yaml',
      STEPS.replace('name: parts', 'name: where')
        .replace('steps:', 'requires: { env: [REGION] }\nsteps:')
        .replace('manual: Ask.', 'manual: "In ${{ env.REGION }}, ${{ run.environment }}."'),
    );
    expect((await start({ env: 'live' }, 'where')).stdout).toContain('Environment: live, which is production');
    expect(await state()).toMatchObject({
      environment: 'live',
      waitsFor: [{ path: 'ask', instructions: 'In eu, live.' }],
    });
    expect(await start({ env: 'lvie' }, 'where')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Did you mean live?'),
    });
  });
});

describe('a playbook of which one run is open at a time', () => {
  it('is refused a second run, by name, until the first has ended', async () => {
    folder.write('playbooks/single.yaml', STEPS.replace('name: parts', 'name: single\nconcurrency: one'));
    expect((await start({}, 'single')).exitCode).toBe(3);
    const second = await start({}, 'single');
    expect(second).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('[E_RUN_UNFINISHED]') });
    const [open, ...others] = await (await folder.journal()).runs();
    expect(others).toEqual([]);
    expect(second.stderr).toContain(`runbook resume ${open?.id} goes on with it`);
    const { abort } = await import('../../engine/cli/commands/abort.ts');
    await folder.call((app) => abort(app, 'latest', { reason: 'enough' }));
    await folder.call((app) => abort(app, 'latest', { reason: 'the rest too' }));
    expect((await start({}, 'single')).exitCode).toBe(3);
  });
});
