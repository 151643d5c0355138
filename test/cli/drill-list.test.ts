import { afterEach, beforeEach, expect, it } from 'vitest';
import { listDrills } from '../../engine/cli/drills/list.ts';
import { Folder } from './in-process.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('runbook.config.yaml', '{}\n');
});
afterEach(() => folder.remove());

it('the drills are listed by playbook, and one that is broken is named and hides none of the others', async () => {
  folder.write('playbooks/drills/half-written.yaml', 'apiVersion: runbook/v1\nkind: Scenario\nname: half-written\n');
  const { exitCode, stdout, stderr } = await folder.call(async (app) => listDrills(app));
  expect(exitCode).toBe(0);
  for (const name of ['breach-response', 'breach-with-persistence', 'leaked-secret-key', 'slow-api', 'cold-keys'])
    expect(stdout).toContain(`\n${name} `);
  expect(stdout).not.toContain('half-written');
  expect(stderr).toContain('half-written.yaml');
});
