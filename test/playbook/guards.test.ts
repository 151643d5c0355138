import { expect, test } from 'vitest';
import { brief, compile, playbook } from './helpers.ts';

const MAYBE = '  - id: find\n    uses: test.find\n    when: run.isDrill\n';
const READ = 'steps.find.output.count > 0';

function codes(steps: string, top = ''): string[] {
  return brief(compile(playbook(steps, top))).map((one) => one.split(' ')[0] ?? '');
}
function when(condition: string): string {
  return `${MAYBE}  - id: act\n    uses: test.noop\n    when: ${JSON.stringify(condition)}\n`;
}

test.each([
  `steps.find.status == 'done' && ${READ}`,
  `'done' == steps.find.status && run.isDrill && ${READ}`,
  `steps.find.status == 'done' ? ${READ} : false`,
  `steps.find.status != 'done' || ${READ}`,
  `steps.find.status != 'done' ? false : ${READ}`,
  `!(steps.find.status == 'done') || ${READ}`,
  `has(steps.find.output) && ${READ}`,
  `has(steps.find.output) && has(steps.find.output.note) && steps.find.output.note != ''`,
  `steps.find.status == 'done' && steps.find.output.sessions.all(s, !has(s.country) || s.country == 'NO')`,
  `steps.find.status == 'skipped'`,
])('guarded: %s', (condition) => {
  expect(codes(when(condition))).toEqual([]);
});

test.each([
  READ,
  `steps.find.status == 'done' || ${READ}`,
  `${READ} && steps.find.status == 'done'`,
  `steps.find.status == 'failed' && ${READ}`,
  `steps.find.status == 'done' ? false : ${READ}`,
  `(steps.find.status == 'done' || run.isDrill) && ${READ}`,
])('not guarded: %s', (condition) => {
  expect(codes(when(condition))).toEqual(['E_PLAYBOOK_UNGUARDED']);
});

test('the `when` of the reader, or of a group around it, guards what is inside', () => {
  const reader =
    '      - id: act\n        uses: test.find\n        with: { users: "${{ steps.find.output.users }}" }\n';
  expect(codes(`${MAYBE}  - id: group\n    when: steps.find.status == 'done'\n    steps:\n${reader}`)).toEqual([]);
  expect(codes(`${MAYBE}  - id: group\n    steps:\n${reader}`)).toEqual(['E_PLAYBOOK_UNGUARDED']);
});

test('a reader in the same group needs no guard for what the group decides', () => {
  const group =
    '  - id: group\n    when: run.isDrill\n    steps:\n      - id: find\n        uses: test.find\n      - id: act\n        uses: test.noop\n        when: steps.find.output.count > 0\n';
  expect(codes(group)).toEqual([]);
  expect(codes(`${group}  - id: later\n    uses: test.noop\n    when: steps.find.output.count > 0\n`)).toEqual([
    'E_PLAYBOOK_UNGUARDED',
  ]);
});

test('a fact about a lambda variable does not leak to another of the same name', () => {
  const both = `steps.find.status == 'done' && steps.find.output.sessions.exists(s, has(s.country)) && steps.find.output.sessions.exists(s, s.country == 'NO')`;
  expect(codes(when(both))).toEqual(['E_PLAYBOOK_OPTIONAL']);
});

test('a parallel group is visible to what comes after it', () => {
  const steps =
    '  - id: both\n    parallel: 2\n    steps:\n      - id: one\n        uses: test.noop\n      - id: two\n        uses: test.noop\n  - id: after\n    uses: test.noop\n    when: steps.one.output.n + steps.two.output.n > 0 && steps.both.status == "done"\n';
  expect(codes(steps)).toEqual([]);
});
