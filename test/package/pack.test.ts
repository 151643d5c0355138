// The packed package in an empty folder of somebody else's: its bin, its playbooks, its types for action authors.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const scenario = new URL('../fixtures/drills/containment.yaml', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'runbook-pack-'));
const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), RUNBOOK_STORE: undefined };
const runbook = (...args: string[]) =>
  run(process.execPath, ['node_modules/runbook/bin/runbook.js', ...args], { cwd: folder, env });

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
  });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run(
    'npm',
    ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', join(folder, stdout.trim())],
    { cwd: folder },
  );
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the installed bin validates the built-in playbook', async () => {
  const { stdout } = await runbook('validate', 'breach-response');
  expect(stdout).toContain('breach-response');
});

test('the installed bin rehearses the breach unattended and keeps its journal', async () => {
  const { stdout } = await runbook('drill', '--scenario', scenario, '--yes');
  expect(stdout).toContain('Score: 100 of 100');
  expect((await runbook('runs', '--json')).stdout).toContain('"done"');
}, 120_000);

test('an action of one’s own imports runbook/action', async () => {
  writeFileSync(
    join(folder, 'own.ts'),
    `import { defineAction } from 'runbook/action';
     const own = defineAction({ name: 'own.act', title: 'Own', effect: 'read', idempotent: true, input: {}, output: {}, async run() { return {}; } });
     console.log(own.name);`,
  );
  expect((await run(process.execPath, ['own.ts'], { cwd: folder })).stdout.trim()).toBe('own.act');
});

test('on a Node that is too old the bin says so in one line and exits 2', async () => {
  // The version is read at run time, so an old one can be played without having one.
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); await import('./node_modules/runbook/bin/runbook.js');`;
  await expect(run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^runbook needs Node 22\.18 or newer; this is Node 20\.1\.0 .*\n$/),
  });
});
