import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { drill } from '../../engine/cli/commands/drill.ts';
import { installGate } from '../../engine/run/gate.ts';
import { Folder } from '../cli/in-process.ts';

const page = readFileSync(new URL('../../docs/drills.md', import.meta.url), 'utf8');
const [playbook = '', scenario = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text);

installGate();
let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

it('the playbook and the scenario that docs/drills.md shows make a drill that passes', async () => {
  folder.write('playbooks/lock-out.yaml', playbook);
  folder.write('playbooks/drills/lock-out.yaml', scenario);
  const { exitCode, stdout, stderr } = await folder.call((app) => drill(app, 'lock-out', { yes: true }));
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toMatch(/approval Lock them: given by Robin Sato \(security/);
}, 60_000);
