// `resume --adopt`: the same run with the playbook as its file is now.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { approve } from '../../engine/cli/commands/approve.ts';
import { done } from '../../engine/cli/commands/done.ts';
import { resume } from '../../engine/cli/commands/resume.ts';
import { run } from '../../engine/cli/commands/run.ts';
import { status } from '../../engine/cli/commands/status.ts';
import { Folder } from './in-process.ts';

const BEFORE = `apiVersion: runbook/v1
name: grows
title: Grows
category: data
severity: P3
steps:
  - { id: first, title: First, manual: First. }
  - { id: second, title: Second, manual: Second. }
`;
const AFTER = `${BEFORE.replace('  - { id: second', '  - { id: between, title: Between, manual: Between. }\n  - { id: second')}  - { id: third, title: Third, manual: Third. }
`;

let folder: Folder;
beforeEach(async () => {
  folder = new Folder();
  folder.write('playbooks/grows.yaml', BEFORE);
  await folder.call((app) => run(app, 'grows', {}));
  await folder.call((app) => done(app, 'latest', 'first', {}));
  await folder.call((app) => resume(app, 'latest', {}));
});
afterEach(() => folder.remove());

const adopt = (options: Parameters<typeof resume>[2] = { reason: 'we learnt more', yes: true }) =>
  folder.call((app) => resume(app, 'latest', { adopt: true, ...options }));
const phases = async () => {
  const { stdout } = await folder.call((app) => status(app, 'latest', {}), { json: true });
  const { steps }: { steps: readonly { path: string; phase: string }[] } = JSON.parse(stdout);
  return steps.map(({ path, phase }) => `${path} ${phase}`);
};

it('shows the difference, and goes on with the new steps in their turn', async () => {
  folder.write('playbooks/grows.yaml', AFTER);
  const { exitCode, stdout } = await adopt();
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(
    /playbooks\/grows.yaml, against what the run \w+ of grows has:\n {2}added between\n {2}added third\n/,
  );
  expect(await phases()).toEqual(['first done', 'second open']);
  // It has had no turn yet: it comes once the step under way has ended, though it stands before it.
  for (const step of ['second', 'between', 'third']) {
    expect((await folder.call((app) => done(app, 'latest', step, {}))).exitCode).toBe(0);
    await folder.call((app) => resume(app, 'latest', {}));
  }
  expect(await phases()).toEqual(['first done', 'second done', 'between done', 'third done']);
  expect((await (await folder.journal()).runs())[0]?.status).toBe('done');
});

it('pins the new text: a resume needs no file, and tells of no change any more', async () => {
  folder.write('playbooks/grows.yaml', AFTER);
  await adopt();
  const resumed = await folder.call((app) => resume(app, 'latest', {}));
  expect(resumed.stderr).toBe('');
  folder.write('playbooks/grows.yaml', BEFORE);
  expect((await folder.call((app) => resume(app, 'latest', {}))).stderr).toContain('has changed since');
});

it('needs a reason, and somebody who says yes', async () => {
  folder.write('playbooks/grows.yaml', AFTER);
  expect(await adopt({ yes: true })).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--reason WHY') });
  const unsaid = await adopt({ reason: 'we learnt more' });
  expect(unsaid).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('[E_NOT_CONFIRMED]') });
  expect(unsaid.stdout).toContain('added between');
});

it('is refused where a step that had its turn is another, with every reason', async () => {
  folder.write(
    'playbooks/grows.yaml',
    BEFORE.replace('id: first', 'id: first_of_all').replace(
      'manual: Second.',
      'steps: [{ id: inner, title: In, manual: In. }]',
    ),
  );
  const { exitCode, stderr } = await adopt();
  expect(exitCode).toBe(2);
  expect(stderr).toContain('first has had its turn, and is not there any more');
  expect(stderr).toContain('second has had its turn as a manual step, and is a group now');
  expect(await phases()).toEqual(['first done', 'second open']);
});

it('is refused where vars or inputs are new, for those were fixed at the start', async () => {
  folder.write(
    'playbooks/grows.yaml',
    AFTER.replace(
      'steps:',
      'inputs: { region: { type: string, default: eu } }\nvars: { where: "${{ inputs.region }}" }\nsteps:',
    ),
  );
  const { exitCode, stderr } = await adopt();
  expect(exitCode).toBe(2);
  expect(stderr).toContain('has a new input `region`');
  expect(stderr).toContain('has a new var `where`');
});

it('is refused where the file is what the run has, and where it is not valid', async () => {
  expect(await adopt()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[E_ADOPT_SAME]') });
  folder.write('playbooks/grows.yaml', AFTER.replace('manual: Third.', 'manual: "${{ steps.nope.status }}"'));
  expect(await adopt()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[E_PLAYBOOK_INVALID]') });
});

it('asks anew where a step is to be approved by others now: a vote on the weaker request is refused', async () => {
  const approved = (approval: string) =>
    BEFORE.replace('name: grows', 'name: guarded').replace('manual: First.', `manual: First., approval: ${approval}`);
  folder.write('playbooks/guarded.yaml', approved('{ by: 1 }'));
  await folder.call((app) => run(app, 'guarded', {}));
  folder.write('playbooks/guarded.yaml', approved('{ by: 2, role: security }'));
  const { stdout } = await adopt();
  expect(stdout).toContain('another approval for first: what was asked for or given there no longer holds');
  expect(stdout).toContain('the approval of 2 other people with the role security');
  const weak = await folder.call((app) => approve(app, 'latest', 'first', {}), { as: 'bo' });
  expect(weak).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('needs the role security') });
});
