import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { contactsOf, refusalOf } from './schemas.ts';

const root = new URL('../..', import.meta.url).pathname;

describe('a contacts file', () => {
  test.each(['playbooks/contacts.example.yaml', 'templates/init/contacts.yaml'])('%s is valid', (file) => {
    const contacts = contactsOf(readFileSync(`${root}${file}`, 'utf8'));
    expect(contacts.people.on_call).toMatchObject({ phone: '+1-xxx-xxx-xxxx', slack: '@oncall' });
    expect(contacts.escalation?.[1]).toEqual({ level: 2, contacts: ['engineering_lead'], afterMinutes: 15 });
  });

  it('holds everybody that the source document names, in its order of escalation', () => {
    const contacts = contactsOf(readFileSync(`${root}playbooks/contacts.example.yaml`, 'utf8'));
    expect(contacts.vendors?.clerk).toMatchObject({
      url: 'https://clerk.com/support',
      email: 'support@clerk.com',
      priority: 'For enterprise: contact account manager',
    });
    expect(contacts.escalation?.map((level) => [level.level, level.afterMinutes, ...level.contacts])).toEqual([
      [1, 0, 'on_call'],
      [2, 15, 'engineering_lead'],
      [3, 30, 'cto'],
    ]);
  });

  test.each([
    ['nobody', '# nobody yet\n', '1:1 error E_CONFIG_MISSING', 'names nobody'],
    ['no people', 'vendors: {}', '1:1 error E_CONFIG_MISSING', '`people` is missing'],
    ['somebody nobody can reach', 'people: { a: { name: A } }', '1:11 error E_CONFIG_MISSING', 'no way to reach `a`'],
    [
      'an id expressions cannot name',
      'people: { on-call: { name: A, slack: "@a" } }',
      '1:11 error E_CONFIG_VALUE',
      'an id',
    ],
    [
      'a misspelt key',
      'people: { a: { name: A, slack: "@a", phon: "1" } }',
      '1:38 error E_CONFIG_KEY',
      'did you mean `phone`?',
    ],
    [
      'a phone that is a number',
      'people: { a: { name: A, phone: 15550100 } }',
      '1:32 error E_CONFIG_VALUE',
      'must be text',
    ],
    [
      'an escalation to nobody',
      'people: { ana: { name: A, slack: "@a" } }\nescalation: [{ level: 1, contacts: [anna], afterMinutes: 0 }]',
      '2:37 error E_CONFIG_VALUE',
      'did you mean `ana`?',
    ],
    [
      'levels out of order',
      'people: { a: { name: A, slack: "@a" } }\nescalation:\n  - { level: 2, contacts: [a], afterMinutes: 0 }\n  - { level: 1, contacts: [a], afterMinutes: 5 }',
      '4:14 error E_CONFIG_VALUE',
      'Level 1 stands after level 2',
    ],
    [
      'a level that comes no later',
      'people: { a: { name: A, slack: "@a" } }\nescalation:\n  - { level: 1, contacts: [a], afterMinutes: 5 }\n  - { level: 2, contacts: [a], afterMinutes: 5 }',
      '4:46 error E_CONFIG_VALUE',
      'after 5 minutes',
    ],
    [
      'one id for two',
      'people: { a: { name: A, slack: "@a" } }\nvendors: { a: { name: B, email: b@b.example } }',
      '2:12 error E_CONFIG_VALUE',
      'under `people` too',
    ],
  ])('is refused for %s, with its place', (_what, text, place, words) => {
    const { code, message } = refusalOf(() => contactsOf(text));
    expect(code).toBe('E_CONTACTS_INVALID');
    expect(message).toContain(`contacts.yaml:${place}`);
    expect(message).toContain(words);
  });
});
