// Playbooks that call others, found by name: the project's first, a run's own where it pinned them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../engine/cli/app.ts';
import { type Compiler, createCompiler, PlaybookInvalid } from '../../engine/cli/playbooks/compiler.ts';
import type { Project } from '../../engine/cli/project/project.ts';
import { EMPTY_CONFIG } from '../../engine/project/config.ts';

const root = mkdtempSync(join(tmpdir(), 'runbook-compiler-'));
const folders = ['first', 'second'].map((name) => join(root, name));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
});

function compilerHere(): Compiler {
  const project: Partial<Project> = { root, playbookFolders: folders, actionFolders: [join(root, 'actions')] };
  const app: Partial<App> = { cwd: root, project: project as Project, config: async () => EMPTY_CONFIG };
  return createCompiler(app as App);
}
const head = (name: string, title = name): string =>
  `apiVersion: runbook/v1\nname: ${name}\ntitle: ${title}\ncategory: data\nseverity: P3\nsteps:\n`;
const CALLER = `${head('caller')}  - { id: call, title: Call, playbook: callee }\n`;
const CALLEE = (title: string): string =>
  `${head('callee', title)}  - { id: by_hand, title: ${title}, manual: Do it. }\n`;

describe('a playbook that calls another', () => {
  it('finds it by its name, in the folder that comes first', async () => {
    writeFileSync(join(folders[1] ?? '', 'callee.yaml'), CALLEE('Second'));
    writeFileSync(join(folders[0] ?? '', 'callee.yaml'), CALLEE('First'));
    const plan = await compilerHere().plan(CALLER, 'caller.yaml');
    expect(plan.nodes.get('call/by_hand')?.title).toBe('First');
    expect(plan.units.get('call')).toMatchObject({ name: 'callee', file: 'first/callee.yaml' });
  });

  it('is refused with the lines of the file that is wrong', async () => {
    writeFileSync(
      join(folders[0] ?? '', 'callee.yaml'),
      `${head('callee')}  - { id: by_hand, titel: X, manual: Do it. }\n`,
    );
    const refused = await compilerHere()
      .plan(CALLER, 'caller.yaml')
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PlaybookInvalid);
    expect(refused).toMatchObject({
      code: 'E_PLAYBOOK_INVALID',
      message: expect.stringMatching(
        /first\/callee\.yaml:7:\d+ error E_PLAYBOOK_UNKNOWN_KEY[\s\S]*> 7 \| {3}- \{ id: by_hand, titel/,
      ),
    });
  });

  it('goes on as it was pinned, whatever became of the files', async () => {
    writeFileSync(join(folders[0] ?? '', 'callee.yaml'), 'no playbook any more');
    const file = (name: string, text: string) => ({
      name,
      title: name,
      severity: 'P3',
      category: 'data',
      file: `${name}.yaml`,
      text,
      digest: '',
    });
    const plan = await compilerHere().pinned({
      playbook: file('caller', CALLER),
      calls: { callee: { file: 'callee.yaml', text: CALLEE('Pinned'), digest: '' } },
    });
    expect(plan.nodes.get('call/by_hand')?.title).toBe('Pinned');
    await expect(compilerHere().pinned({ playbook: file('caller', CALLER) })).rejects.toMatchObject({
      message: expect.stringContaining('E_PLAYBOOK_UNKNOWN_PLAYBOOK'),
    });
  });
});

describe('an action', () => {
  it('is known with where it comes from, once it is loaded', async () => {
    const compiler = compilerHere();
    expect(compiler.origin('clerk.status')).toEqual({ file: null, hidesBuiltIn: false });
    expect(compiler.origin('no.such')).toBeUndefined();
    expect(compiler.actionDigest('clerk.status')).toMatch(/^[0-9a-f]{64}$/);
    expect(compiler.actionDigest('no.such')).toBeUndefined();
  });
});
