// Plans: what would change, told without changing anything.
import { expect, test } from 'vitest';
import { nobody } from '../../engine/run/people.ts';
import { banner, byPath, dryRun, playbook, reader, verdicts } from './preview/dry-run.ts';

const find = reader('test.find', async () => ({ users: ['u1', 'u2', 'u3'], count: 3 }));

test('reads are made, changes are planned with their targets and owners, what is so already is told apart', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: ban, title: Ban, uses: test.ban, with: { users: "\${{ steps.find.output.users }}" } }
`),
    { actions: [find, banner(['u2'], 'acme')] },
  );
  expect(verdicts(result)).toEqual({ find: 'runs', ban: 'runs' });
  const ban = byPath(result).get('ban')?.action;
  expect(ban).toMatchObject({
    uses: 'test.ban',
    effect: 'destructive',
    inputs: { users: ['u1', 'u2', 'u3'] },
    undo: 'action',
  });
  expect(ban?.changes).toEqual([
    {
      kind: 'user',
      verb: 'ban',
      outcome: 'already',
      targets: [{ id: 'u2', owner: { kind: 'org', id: 'acme' }, before: { banned: true } }],
    },
    {
      kind: 'user',
      verb: 'ban',
      outcome: 'planned',
      targets: ['u1', 'u3'].map((id) => ({ id, owner: { kind: 'org', id: 'acme' }, before: { banned: false } })),
    },
  ]);
  expect(ban?.output).toBeUndefined();
  expect(result.totals).toEqual([
    { verb: 'ban', kind: 'user', count: 2, possible: 0, owners: [{ kind: 'org', count: 1 }], already: 1, protected: 0 },
  ]);
  expect(result.unknowns).toEqual([]);
});

test('what a change gives is known only in the run: a read that needs it is shown, and was not tried', async () => {
  let reads = 0;
  const after = reader('test.after', async () => {
    reads += 1;
    return { users: [], count: 0 };
  });
  const result = await dryRun(
    playbook(`  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
  - { id: after, title: After, uses: test.after, with: { value: "\${{ steps.ban.output.banned }}" } }
  - { id: told, title: Told, uses: test.echo, with: { value: "banned \${{ string(steps.ban.output.banned) }} of \${{ run.playbook }}" } }
`),
    { actions: [banner(), after] },
  );
  expect(verdicts(result)).toEqual({ ban: 'runs', after: 'open', told: 'open' });
  expect(reads).toBe(0);
  const steps = byPath(result);
  expect(steps.get('after')?.action?.inputs).toEqual({ value: '${{ steps.ban.output.banned }}' });
  expect(steps.get('told')?.action?.inputs).toEqual({ value: 'banned ${{ string(steps.ban.output.banned) }} of test' });
  expect(result.unknowns.map(({ path, what, expression }) => [path, what, expression])).toEqual([
    ['after', 'the input value', 'steps.ban.output.banned'],
    ['told', 'the input value', 'string(steps.ban.output.banned)'],
  ]);
});

test('that a step with planned changes is done is taken as given', async () => {
  const result = await dryRun(
    playbook(`  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] }, onFailure: continue }
  - { id: ok, title: Fine, when: steps.ban.status == 'done', uses: test.echo }
  - { id: bad, title: Not fine, when: steps.ban.status == 'failed', uses: test.echo }
`),
    { actions: [banner()] },
  );
  expect(verdicts(result)).toEqual({ ban: 'runs', ok: 'runs', bad: 'skipped' });
  expect(result.unknowns).toEqual([]);
});

test('until and assert after a planned change are shown and not evaluated', async () => {
  const steps = (before: string): string =>
    playbook(`${before}  - id: watch
    title: Watch
    uses: test.find
    until: output.count == 0
    every: 1s
    timeout: 1m
    assert: [output.count < 100]
`);
  const after = await dryRun(steps('  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }\n'), {
    actions: [find, banner()],
  });
  expect(byPath(after).get('watch')?.action).toMatchObject({
    isBeforeChanges: true,
    until: { source: 'output.count == 0', holds: null },
    assert: [{ source: 'output.count < 100', holds: null }],
  });
  expect(after.unknowns).toEqual([]);
  const alone = await dryRun(steps(''), { actions: [find] });
  expect(byPath(alone).get('watch')?.action).toMatchObject({
    isBeforeChanges: false,
    until: { holds: false },
    assert: [{ holds: true }],
  });
  expect(alone.unknowns.map(({ what }) => what)).toEqual(['how long it waits']);
});

test('where a condition is not known, both branches are shown as possible, and nothing after knows how they ended', async () => {
  const result = await dryRun(
    playbook(`  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
  - id: many
    title: Many
    when: steps.ban.output.banned > 0
    steps:
      - { id: all_users, title: List, uses: test.find }
      - { id: more, title: More, uses: test.ban, with: { users: "\${{ steps.all_users.output.users }}" } }
  - { id: none, title: None, when: steps.ban.output.banned == 0, uses: test.echo, with: { value: none } }
  - { id: reads, title: Reads, when: "steps.all_users.status == 'done'", uses: test.echo }
`),
    { actions: [find, banner()] },
  );
  expect(verdicts(result)).toEqual({
    ban: 'runs',
    many: 'runs?',
    'many/all_users': 'runs?',
    'many/more': 'runs?',
    none: 'runs?',
    reads: 'runs?',
  });
  expect(byPath(result).get('many')?.when).toEqual({ source: 'steps.ban.output.banned > 0', holds: null });
  expect(result.totals).toEqual([
    { verb: 'ban', kind: 'user', count: 1, possible: 2, owners: [], already: 0, protected: 0 },
  ]);
  expect(result.unknowns.map(({ path }) => path)).toEqual(['many', 'none', 'reads']);
});

test('a condition that is known is told: what it skips would not run', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: no, title: No, when: steps.find.output.count > 5, uses: test.echo }
`),
    { actions: [find] },
  );
  expect(byPath(result).get('no')).toMatchObject({
    verdict: 'skipped',
    when: { source: 'steps.find.output.count > 5', holds: false },
  });
});

const ask = `  - id: ask
    title: Ask
    manual: "Ban \${{ string(size(steps.find.output.users)) }}?"
    fields:
      users: { type: array, items: { type: string }, default: "\${{ steps.find.output.users }}" }
      why: { type: string }
  - { id: ban, title: Ban, uses: test.ban, with: { users: "\${{ steps.ask.output.users }}" } }
  - { id: note, title: Note, uses: test.echo, with: { value: "\${{ steps.ask.output.why }}" } }
`;

test('a manual step takes its defaults, marked as assumed; one without makes unknown what reads it, and nothing else', async () => {
  const result = await dryRun(playbook(`  - { id: find, title: Find, uses: test.find }\n${ask}`), {
    actions: [find, banner()],
  });
  expect(verdicts(result)).toEqual({ find: 'runs', ask: 'asks', ban: 'runs', note: 'open' });
  expect(byPath(result).get('ask')?.manual).toEqual({
    text: 'Ban 3?',
    fields: [
      { name: 'users', from: 'default', value: ['u1', 'u2', 'u3'] },
      { name: 'why', from: 'unknown' },
    ],
    needsEvidence: false,
  });
  expect(result.assumed).toEqual([{ path: 'ask', field: 'users', value: ['u1', 'u2', 'u3'] }]);
  expect(result.unknowns.map(({ path, what }) => `${path} ${what}`)).toEqual([
    'ask the answer why',
    'note the input value',
  ]);
});

test('answers that were written down stand in the place of defaults; a skip with a reason is one', async () => {
  const people = {
    ...nobody,
    manual: async () => ({ kind: 'answered', actor: 'person:ana', fields: { users: ['u1'], why: 'sure' } }) as const,
  };
  const yaml = playbook(`  - { id: find, title: Find, uses: test.find }\n${ask}`);
  const result = await dryRun(yaml, { actions: [find, banner()], people });
  expect(result.unknowns).toEqual([]);
  expect(result.assumed).toEqual([]);
  expect(result.totals[0]?.count).toBe(1);
  const skipping = {
    ...nobody,
    manual: async () => ({ kind: 'skip', actor: 'person:ana', reason: 'no time' }) as const,
  };
  const skipped = await dryRun(yaml, { actions: [find, banner()], people: skipping });
  expect(verdicts(skipped)).toEqual({ find: 'runs', ask: 'skipped', ban: 'open', note: 'open' });
  expect(skipped.uncounted).toEqual(['ban']);
});

test('a loop shows each instance; one whose list is not known is shown once', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - id: each
    title: Ban one
    forEach: steps.find.output.users
    as: user
    steps:
      - { id: one, title: One, uses: test.ban, with: { users: ["\${{ user }}"] } }
  - id: rows
    title: Rows
    forEach: steps.each.output
    uses: test.echo
    with: { value: "\${{ item.status }}" }
`),
    { actions: [find, banner(['u3'])] },
  );
  expect(verdicts(result)).toEqual({
    find: 'runs',
    each: 'runs',
    'each[0]': 'runs',
    'each[0]/one': 'runs',
    'each[1]': 'runs',
    'each[1]/one': 'runs',
    'each[2]': 'runs',
    'each[2]/one': 'runs',
    rows: 'runs',
    'rows[]': 'open?',
  });
  const steps = byPath(result);
  expect(steps.get('each')?.loop).toEqual({ list: 'steps.find.output.users', count: 3 });
  expect(steps.get('rows')?.loop).toEqual({ list: 'steps.each.output', count: null });
  expect(steps.get('rows[]')?.action?.inputs).toEqual({ value: '${{ item.status }}' });
  expect(result.totals).toEqual([
    { verb: 'ban', kind: 'user', count: 2, possible: 0, owners: [], already: 1, protected: 0 },
  ]);
});

test('what a loop of reads gives is known', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: each, title: Each, forEach: steps.find.output.users, uses: test.echo, with: { value: "\${{ item }}" } }
  - { id: count, title: Count, uses: test.echo, with: { value: "\${{ string(size(steps.each.output)) }}" } }
`),
    { actions: [find] },
  );
  expect(byPath(result).get('count')?.action?.output).toEqual({ value: '3' });
});

test('defaults that do not fit are no failure: a person gives other answers in the run', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - id: ask
    title: Ask
    manual: Which?
    fields: { users: { type: array, items: { type: string }, maxItems: 2, default: "\${{ steps.find.output.users }}" } }
  - { id: ban, title: Ban, uses: test.ban, with: { users: "\${{ steps.ask.output.users }}" } }
`),
    { actions: [find, banner()] },
  );
  expect(verdicts(result)).toEqual({ find: 'runs', ask: 'asks', ban: 'open' });
  expect(result.unknowns[0]).toMatchObject({ path: 'ask', what: 'the answers', why: expect.stringContaining('users') });
});
