// Contacts that the file is known not to hold are warned of; without the file nothing is said.
import { expect, it } from 'vitest';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { compilePlaybook, playbook } from './helpers.ts';

const contacts = { people: { ana: { name: 'Ana', phone: '+1' }, bo: { name: 'Bo', email: 'bo@example.org' } } };

function said(expression: string): readonly string[] {
  const text = playbook(`  - id: act\n    manual: ${JSON.stringify(`Call \${{ ${expression} }}`)}\n`);
  const { plan, diagnostics } = compilePlaybook({ text, file: 'test.yaml', actions: fixtureActions, contacts });
  expect(plan).toBeDefined();
  return diagnostics.map(({ code, message, hint }) => `${code} ${message}: ${hint ?? ''}`);
}

it.each([
  ['contacts.people.nobody.phone', '`contacts.people` has no `nobody`: it has: `ana`, `bo`'],
  ['contacts.people.anna.phone', '`contacts.people` has no `anna`: did you mean `ana`?'],
  ['contacts.people["bo"].phone', '`contacts.people.bo` has no `phone`: it has: `name`, `email`'],
  ['contacts.vendors.clerk.url', 'The contacts file has no `vendors`: it has: `people`'],
])('%s', (expression, message) => {
  expect(said(expression)).toEqual([`W_PLAYBOOK_UNKNOWN_CONTACT ${message}`]);
});

it.each([
  'contacts.people.ana.phone',
  "has(contacts.people.nobody) ? contacts.people.nobody.phone : ''",
  "contacts.people.?nobody.phone.orValue('')",
  'contacts.people[run.operator].phone',
])('%s says nothing', (expression) => expect(said(expression)).toEqual([]));

it('without the file nothing is known', () => {
  const text = playbook('  - id: act\n    manual: Call ${{ contacts.people.nobody.phone }}\n');
  expect(compilePlaybook({ text, file: 'test.yaml', actions: fixtureActions }).diagnostics).toEqual([]);
});
