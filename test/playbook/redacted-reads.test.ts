import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../engine/json.ts';
import { planOf, playbook, scope } from './helpers.ts';

const MARKER = '[redacted:jwt]';
const USERS = { users: ['ana'], count: 1, ratio: 1, status: 'clean', owner: null, sessions: [], extra: null };

/** What `when` says of a step that reads what `find` gave. */
function holds(when: string, output: JsonObject): unknown {
  const steps = `  - id: find\n    uses: test.find\n  - id: act\n    uses: test.noop\n    when: ${JSON.stringify(when)}\n`;
  const node = planOf(playbook(steps)).nodes.get('act');
  return node?.when?.evaluate(scope({ steps: { find: { status: 'done', output: { ...USERS, ...output } } } }));
}

describe('an expression that reads a value which was redacted', () => {
  test.each([
    ['text', "steps.find.output.?note.orValue('') == 'x'", { note: MARKER }, '`note`'],
    ['an entry of a list', "'ana' in steps.find.output.users", { users: ['ana', `key ${MARKER}`] }, '`users`'],
    ['text where it may be empty', "steps.find.output.owner == 'x'", { owner: MARKER }, '`owner`'],
    [
      'a field of an entry',
      "steps.find.output.sessions.exists(s, s.id == 'x')",
      { sessions: [{ id: MARKER, age: 1 }] },
      '`id`',
    ],
    [
      'a field of anything',
      "steps.find.output.extra.body.token == 'x'",
      { extra: { body: { token: MARKER } } },
      '`token`',
    ],
    ['an entry of anything', "steps.find.output.extra.all(one, one == 'x')", { extra: [MARKER] }, '`extra`'],
    ['a whole that holds it', "steps.find.output.extra == {'a': 'x'}", { extra: { a: MARKER } }, '`a`'],
  ])('fails and says which field: %s', (_what, when, output, field) => {
    expect(() => holds(when, output)).toThrow(
      expect.objectContaining({
        code: 'E_INPUT_REDACTED',
        message: expect.stringContaining(`${field} holds a redacted value`),
        hint: expect.stringContaining(`mark ${field} as \`secret: true\``),
      }),
    );
  });

  test.each([
    ['another field', "steps.find.output.status == 'clean'", { note: MARKER, extra: { token: MARKER } }],
    ['another field of anything', "steps.find.output.extra.id == 'x'", { extra: { id: 'x', token: MARKER } }],
    ['how many there are', 'size(steps.find.output.sessions) == 1', { sessions: [{ id: MARKER, age: 1 }] }],
    [
      'another field of an entry',
      'steps.find.output.sessions.exists(s, s.age == 1)',
      { sessions: [{ id: MARKER, age: 1 }] },
    ],
  ])('is no hindrance to one that reads %s', (_what, when, output) => {
    expect(holds(when, output)).toBe(true);
  });
});
