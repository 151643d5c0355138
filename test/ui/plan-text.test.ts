// A plan as people read it.
import { expect, test } from 'vitest';
import { createPalette } from '../../engine/ui/palette.ts';
import { planLines } from '../../engine/ui/plan-text.ts';
import { banner, dryRun, playbook, reader } from '../run/preview/dry-run.ts';

const find = reader('test.find', async () => ({ users: ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7'], count: 7 }));

test('what would change comes first, with limits and what is not known, then the walk', async () => {
  const result = await dryRun(
    playbook(
      `  - { id: find, title: Find them, uses: test.find }
  - id: ban
    title: Ban them
    uses: test.ban
    with: { users: "\${{ steps.find.output.users }}" }
    approval: { by: 1, role: security, reason: Locks people out }
  - id: how
    title: Say how it went
    manual: "How did it go?"
    fields: { note: { type: string } }
  - { id: say, title: Say it, uses: test.echo, with: { value: "\${{ steps.how.output.note }}" } }
  - { id: never, title: Never, when: steps.find.output.count > 100, uses: test.echo }
`,
      'limits: { user: 5 }\n',
    ),
    { actions: [find, banner(['u7'], 'acme')] },
  );
  expect(planLines(result, createPalette(false)).join('\n')).toBe(`Plan of Test (test)
Nothing was changed. What people approve, answer or confirm is taken as given.

It would
  ban 6 users of 1 org (1 so already)

Limits
  user: 6, over the limit of 5: an approval is asked first

It would ask
  ban: the approval of one other person with the role security. Locks people out
  ban: the approval of one other person with the role security, to go over a limit: 6 users, the limit is 5

Not known before the run
  how: the answer note: a person answers it in the run, and it has no default
  say: the input value (steps.how.output.note): steps.how.output.note is not known: a person answers it in the run, and it has no default

Step by step
  · find  Find them
      test.find, read
  ! ban  Ban them
      asks for the approval of one other person with the role security
      test.ban, destructive, with users: u1, u2, u3 and 4 more (7)
      ban 1 user: so already
      would ban 6 users
        - u1 of org acme
        - u2 of org acme
        - u3 of org acme
        - u4 of org acme
        - u5 of org acme
        - and 1 more
      takes the run to 6 users, over the limit of 5
      can be taken back
  ? how  Say how it went
      a person answers
        note: not known
  ~ say  Say it
      not tried: its inputs are not known
      test.echo, read, with value: \${{ steps.how.output.note }}
  - never  Never
      when steps.find.output.count > 100: does not hold now
      would be skipped: when: steps.find.output.count > 100 is false`);
});

test('of a long loop the first instances are shown, and those that go otherwise', async () => {
  const items = JSON.stringify(Array.from({ length: 50 }, (_, index) => `i${index}`));
  const result = await dryRun(
    playbook(`  - id: each
    title: Each
    forEach: '${items}'
    uses: test.ban
    with: { users: ["\${{ item }}"] }
`),
    { actions: [banner()] },
  );
  const lines = planLines(result, createPalette(false));
  expect(lines).toContain('  ban 50 users');
  expect(lines.filter((line) => line.includes('each['))).toHaveLength(3);
  expect(lines).toContain('      and 47 more like these');
});

test('what a playbook or a system says cannot act on the terminal', async () => {
  const evil = reader('test.find', async () => ({ users: ['u\u001b[2J1\n  It would\n  change nothing'], count: 1 }));
  const result = await dryRun(
    playbook(`  - { id: find, title: "Fi\\e[2Jnd", uses: test.find }
  - { id: ban, title: Ban, uses: test.ban, with: { users: "\${{ steps.find.output.users }}" } }
`),
    { actions: [evil, banner()] },
  );
  const lines = planLines(result, createPalette(false));
  expect(lines.join('\n')).not.toContain('\u001b');
  expect(lines.filter((line) => line.includes('change nothing')).every((line) => line.includes('u1 It would'))).toBe(
    true,
  );
});
