import { afterAll, beforeAll, expect, test } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
afterAll(() => place.remove());

const head = (name: string): string => `apiVersion: runbook/v1\nname: ${name}\ntitle: ${name}\nsteps:\n`;
beforeAll(() => {
  place.write('runbook.config.yaml', '');
  place.write('playbooks/fine.yaml', `${head('fine')}  - { id: look, manual: Look. }\n`);
  place.write(
    'playbooks/wary.yaml',
    `${head('wary')}  - { id: ban, uses: clerk.ban-users, with: { users: [] } }\nrequires: { secrets: [CLERK_SECRET_KEY] }\n`,
  );
  // Both call the one that is broken: what is wrong with it stands there once.
  for (const name of ['first', 'second'])
    place.write(`playbooks/${name}.yaml`, `${head(name)}  - { id: call, playbook: broken-one }\n`);
  place.write('playbooks/broken-one.yaml', `${head('broken-one')}  - { id: look, uses: http.prob }\n`);
  place.write('loose/a b.yaml', `${head('a-b')}  - { id: look, manual: "\${{ 1 + 'x' }}" }\n`);
  place.write('loose/contacts.yaml', 'people: []\n');
});

test('without names it checks the playbooks of the project and the built-in ones, and says nothing twice', async () => {
  const { exitCode, stdout } = await place.runbook('validate', '--json');
  expect(exitCode).toBe(2);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ valid: false, warnings: 1 });
  expect(result.files).toContainEqual({ file: 'playbooks/fine.yaml', valid: true });
  expect(result.files).toContainEqual({ file: 'playbooks/wary.yaml', valid: true });
  expect(result.files).toContainEqual({ file: 'built-in/breach-response.yaml', valid: true });
  expect(result.problems.filter(({ code }: { code: string }) => code === 'E_PLAYBOOK_UNKNOWN_ACTION')).toEqual([
    {
      file: 'playbooks/broken-one.yaml',
      line: 5,
      column: 23,
      endLine: 5,
      endColumn: 32,
      severity: 'error',
      code: 'E_PLAYBOOK_UNKNOWN_ACTION',
      message: expect.stringContaining('http.prob'),
      hint: expect.stringContaining('http.probe'),
    },
  ]);
  for (const file of ['playbooks/first.yaml', 'playbooks/second.yaml'])
    expect(result.problems).toContainEqual(expect.objectContaining({ file, line: 5, severity: 'error' }));
});

test('a warning is no failure, unless it is asked to be one', async () => {
  expect((await place.runbook('validate', 'wary')).exitCode).toBe(0);
  const strict = await place.runbook('validate', 'wary', '--strict');
  expect(strict.exitCode).toBe(2);
  expect(strict.stdout).toContain('warning W_PLAYBOOK_NO_APPROVAL');
  expect(strict.stdout).toContain('0 errors, 1 warning');
});

test('takes a folder, and gives code review SARIF with places relative to where it stands', async () => {
  const { exitCode, stdout } = await place.runbook('validate', 'loose', 'breach-response', '--format', 'sarif');
  expect(exitCode).toBe(2);
  const log = JSON.parse(stdout);
  expect(log).toMatchObject({ version: '2.1.0', runs: [{ tool: { driver: { name: 'runbook' } } }] });
  const [run] = log.runs;
  expect(run.originalUriBaseIds.SRCROOT.uri).toMatch(/^file:\/\/\/.*\/$/);
  const uris = run.artifacts.map(({ location }: { location: object }) => location);
  expect(uris).toEqual([
    { uri: 'breach-response.yaml', uriBaseId: 'RUNBOOK' },
    { uri: 'loose/a%20b.yaml', uriBaseId: 'SRCROOT' },
  ]);
  expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('E_PLAYBOOK_TYPE');
  for (const { id, help, shortDescription } of run.tool.driver.rules) {
    // Described by docs/errors.md.
    expect(shortDescription.text).not.toBe(id);
    expect(help.text).toContain(shortDescription.text);
  }
});

test('what is not there is an error, not a success', async () => {
  place.write('empty/readme.md', '');
  const { exitCode, stderr } = await place.runbook('validate', 'empty');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('There is no playbook in the folder empty [E_PLAYBOOK_NOT_FOUND]');
});

test('graph prints a chart, show an outline', async () => {
  const graph = await place.runbook('graph', 'breach-response');
  expect(graph).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^flowchart TD\n/) });
  const show = await place.runbook('show', 'fine');
  expect(show).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('  look  [a person]') });
});
