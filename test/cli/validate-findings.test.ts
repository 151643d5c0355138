// What validate says of things outside the playbook: an action's file, the contacts file.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validate } from '../../engine/cli/commands/validate.ts';
import { Folder } from './in-process.ts';

const action = new Folder();
const people = new Folder();
afterAll(async () => {
  await action.remove();
  await people.remove();
});
const playbook = (name: string, step: string): string =>
  `apiVersion: runbook/v1\nname: ${name}\ntitle: ${name}\nsteps:\n  - ${step}\n`;

beforeAll(() => {
  // Its name can be told without running it; what it exports is no action.
  action.write('actions/bad/plain.ts', "export default { name: 'bad.plain', run: 1 };");
  for (const name of ['one', 'two'])
    action.write(`playbooks/${name}.yaml`, playbook(name, '{ id: act, uses: bad.plain }'));
  people.write('runbook.config.yaml', 'contacts: contacts.yaml\n');
  people.write('contacts.yaml', 'people: { ana: { name: Ana, phone: "+4915112345678" } }\n');
  const call = '{ id: call, manual: "Call ${{ contacts.people.anna.phone }}" }';
  people.write('playbooks/calls.yaml', playbook('calls', call));
});

test('an action that is not valid is told once, in its own file; no playbook that needs it counts as checked', async () => {
  const { exitCode, stdout } = await action.call((app) => validate(app, ['one', 'two'], {}), { json: true });
  expect(exitCode).toBe(2);
  const result = JSON.parse(stdout);
  expect(result.problems).toMatchObject([
    { code: 'E_ACTION_INVALID', file: 'actions/bad/plain.ts', line: 1, column: 1 },
  ]);
  expect(result.files).toEqual(['one', 'two'].map((name) => ({ file: `playbooks/${name}.yaml`, valid: false })));

  const text = await action.call((app) => validate(app, ['one', 'two'], {}));
  expect(text.stdout).toContain('playbooks/one.yaml: not checked, because of actions/bad/plain.ts');
  expect(text.stdout).not.toContain('one.yaml: valid');
});

test('a person whom the contacts file does not have is warned of', async () => {
  const { exitCode, stdout } = await people.call((app) => validate(app, ['calls'], {}));
  expect(exitCode).toBe(0);
  expect(stdout).toContain('W_PLAYBOOK_UNKNOWN_CONTACT');
  expect(stdout).toContain('did you mean `ana`?');
});
