// A project's settings as a command gets them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { App } from '../../engine/cli/app.ts';
import { loadConfig } from '../../engine/cli/project/load-config.ts';
import { findProject } from '../../engine/cli/project/project.ts';
import { EMPTY_CONFIG } from '../../engine/project/config.ts';
import { configOf } from '../config/schemas.ts';

const root = mkdtempSync(join(tmpdir(), 'runbook-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'deep/er'), { recursive: true });

/** What is asked of an app here, and no more. */
async function appIn(folder: string, env: App['env'] = {}): Promise<App> {
  const parse = async ({ text }: { text: string }) => configOf(text);
  const project = await findProject(folder, env, parse);
  const config = async () => (project.config === null ? EMPTY_CONFIG : configOf(project.config.text));
  return { cwd: folder, env, operator: 'Ana@Shop.example', project, config } as Partial<App> as App;
}
const write = (name: string, text: string): void => writeFileSync(join(root, name), text);

describe('the settings of a project', () => {
  it('hold from any folder below its root, the environment’s variables over the shell’s', async () => {
    write(
      'runbook.config.yaml',
      'environments: { staging: { variables: { URL: s } } }\nprotect: { operator: {} }\nsecrets: { KEY: env:K }\n',
    );
    const config = await loadConfig(await appIn(join(root, 'deep/er'), { URL: 'shell', OTHER: 'o' }), 'staging');
    expect(config).toMatchObject({ root, environment: 'staging', env: { URL: 's', OTHER: 'o' }, strictActions: false });
    expect(config.secrets.get('KEY')).toEqual({ kind: 'env', name: 'K' });
    expect(config.rules.protect.operator?.emails).toEqual(['ana@shop.example']);
  });

  it('are empty outside any project', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'runbook-outside-'));
    const app = await appIn(outside, { A: 'b' });
    expect(await loadConfig(app)).toMatchObject({ root: null, environment: '', env: { A: 'b' } });
    expect(await (await loadConfig(app)).contacts()).toBeNull();
    expect(app.project.actionFolders).toEqual([]);
    await expect(loadConfig(app, 'staging')).rejects.toMatchObject({ code: 'E_ENVIRONMENT_UNKNOWN' });
    rmSync(outside, { recursive: true });
  });
});

describe('the contacts of a project', () => {
  it('are read from the file that the config names, when they are asked for', async () => {
    write('runbook.config.yaml', 'contacts: who.yaml');
    write('who.yaml', 'people: { on_call: { name: On call, slack: "@oncall" } }');
    const config = await loadConfig(await appIn(root));
    expect(await config.contacts()).toEqual({ people: { on_call: { name: 'On call', slack: '@oncall' } } });
  });

  it('are refused with their file and place', async () => {
    write('runbook.config.yaml', 'contacts: who.yaml');
    write('who.yaml', 'people: { on_call: { name: On call } }');
    const config = await loadConfig(await appIn(root));
    await expect(config.contacts()).rejects.toMatchObject({
      code: 'E_CONTACTS_INVALID',
      message: expect.stringContaining('who.yaml:1:11 error E_CONFIG_MISSING'),
    });
  });

  it('are missed where there is no such file', async () => {
    write('runbook.config.yaml', 'contacts: gone.yaml');
    const config = await loadConfig(await appIn(root));
    await expect(config.contacts()).rejects.toMatchObject({
      code: 'E_CONTACTS_NOT_READABLE',
      message: expect.stringContaining('gone.yaml'),
      hint: '`contacts` in runbook.config.yaml names this file',
    });
  });
});

describe('where things are', () => {
  it('is asked of the config only where it says so', async () => {
    let parsed = 0;
    const places = async (text: string) => {
      write('runbook.config.yaml', text);
      parsed = 0;
      const project = await findProject(root, {}, async (config) => {
        parsed += 1;
        return configOf(config.text);
      });
      return { parsed, project };
    };
    const plain = await places('# playbooks: [elsewhere]\nlimits: { user: 5 }\n');
    expect(plain.parsed).toBe(0);
    expect(plain.project).toMatchObject({
      playbookFolders: [join(root, 'playbooks')],
      actionFolders: [join(root, 'actions')],
      storeFile: join(root, '.runbook/runs.db'),
    });
    const told = await places('playbooks: [a, ../b]\nactions: [c]\nstore: d/runs.db\n');
    expect(told.parsed).toBe(1);
    expect(told.project).toMatchObject({
      playbookFolders: [join(root, 'a'), join(root, '../b')],
      actionFolders: [join(root, 'c')],
      storeFile: join(root, 'd/runs.db'),
      stateFolder: join(root, 'd'),
    });
  });

  it('is overruled by RUNBOOK_STORE', async () => {
    write('runbook.config.yaml', 'store: postgres://db.example/runs');
    const app = await appIn(root, { RUNBOOK_STORE: 'other.db' });
    expect(app.project.storeFile).toBe(join(root, 'other.db'));
  });
});
